// SPDX-License-Identifier: Apache-2.0
//
// The keys of each event's `details`, in their order: the one place where a journal's form is written down.
#pragma once

#include "base/error.h"
#include "fault/losses.h"
#include "kernel/sockdiag.h"
#include "link/counter.h"
#include "node/node.h"
#include "phase/phase.h"
#include "record/event.h"
#include "record/fields.h"

namespace netcut {

#define NETCUT_EVENT(type, name, ...)                \
    constexpr const char* name_of(Of<event::type>) { \
        return name;                                 \
    }                                                \
    NETCUT_FIELDS(event::type __VA_OPT__(, ) __VA_ARGS__)

NETCUT_FIELDS(event::Addresses, kept("addresses", &E::addresses), kept("mac", &E::mac))
NETCUT_FIELDS(event::Trigger, required("node", &E::node), required("line", &E::line))
NETCUT_FIELDS(event::FlapCycle, required("cycle", &E::cycle), required("of", &E::of))
NETCUT_FIELDS(event::PhaseSeen, kept("node", &E::node), kept("phase", &E::phase),
              if_set("since_ns", &E::since_ns), if_set("into_ms", &E::into_ms), if_set("sent", &E::sent),
              if_set("received", &E::received))
NETCUT_FIELDS(TcpSocket, end_point("local", &E::local, &E::local_port),
              end_point("remote", &E::remote, &E::remote_port), kept("state", &E::state),
              kept("unread_bytes", &E::receive_queue), kept("unacknowledged_bytes", &E::send_queue),
              if_set("unsent_bytes", &E::unsent), kept("segments_in_flight", &E::unacked),
              kept("retransmits", &E::retransmits), kept("resent_segments", &E::total_retransmits),
              kept("resent_bytes", &E::bytes_retransmitted), if_set("acked_bytes", &E::bytes_acked),
              if_set("received_bytes", &E::bytes_received), kept("ms_since_sent", &E::ms_since_sent),
              kept("ms_since_received", &E::ms_since_received))
NETCUT_FIELDS(TcpTimers, required("timer", &E::timer), if_set("expires_ms", &E::expires_ms),
              if_set("attempts", &E::attempts), if_set("backoff", &E::backoff), if_set("rto_us", &E::rto_us),
              if_set("rtt_us", &E::rtt_us), if_set("congestion_window", &E::congestion_window),
              kept("peer_window", &E::peer_window))
NETCUT_FIELDS(WaitTarget, required("object", &E::object), kept("descriptor", &E::descriptor),
              if_set("what", &E::what))
NETCUT_FIELDS(ThreadFacts, required("process", &E::process), kept("program", &E::program),
              required("count", &E::count), required("doing", &E::doing), if_set("call", &E::call),
              required("end", &E::end), if_set("ends_in_ns", &E::ends_in), if_set("on", &E::on),
              if_set("on_more", &E::on_more))
NETCUT_FIELDS(SocketOptions, required("keepalive", &E::keepalive),
              required("keepalive_idle_s", &E::keepalive_idle_s),
              required("keepalive_interval_s", &E::keepalive_interval_s),
              required("keepalive_count", &E::keepalive_count),
              required("user_timeout_ms", &E::user_timeout_ms),
              if_set("receive_timeout_ms", &E::receive_timeout_ms),
              if_set("send_timeout_ms", &E::send_timeout_ms), kept("receive_buffer", &E::receive_buffer),
              kept("send_buffer", &E::send_buffer), kept("congestion", &E::congestion))
NETCUT_FIELDS(SocketHolder, required("process", &E::process), kept("program", &E::program),
              required("descriptor", &E::descriptor))
NETCUT_FIELDS(ConnectionFacts, flat(&E::socket), flat(&E::timers), required("awaited", &E::awaited),
              if_set("holders", &E::holders), if_set("more_holders", &E::more_holders),
              if_set("options", &E::options))
NETCUT_FIELDS(ListeningFacts, end_point("local", &E::address, &E::port), required("waiting", &E::waiting),
              kept("room", &E::room), required("awaited", &E::awaited))
NETCUT_FIELDS(DatagramFacts, end_point("local", &E::local, &E::local_port),
              end_point("remote", &E::remote, &E::remote_port), required("receive_queue", &E::receive_queue),
              required("send_queue", &E::send_queue), required("awaited", &E::awaited))
NETCUT_FIELDS(NeighbourFacts, required("address", &E::address), if_set("mac", &E::mac),
              required("resolved", &E::resolved))
NETCUT_FIELDS(TcpTries, required("retries2", &E::retries), required("syn_retries", &E::syn_retries),
              required("syn_linear_timeouts", &E::syn_linear), required("synack_retries", &E::syn_answers),
              required("orphan_retries", &E::orphan_tries))
NETCUT_FIELDS(NodeWaits, required("processes", &E::processes), required("threads", &E::threads),
              required("waits", &E::waits), required("connections", &E::connections),
              if_set("listening", &E::listening), if_set("datagrams", &E::datagrams),
              if_set("neighbours", &E::neighbours), if_set("own_timers", &E::own_timers),
              if_set("catches_alarm", &E::catches_alarm), if_set("unread", &E::unread),
              if_set("left_out", &E::left_out), if_set("unchanged_since_ns", &E::unchanged_since),
              if_set("tries", &E::tries))
NETCUT_FIELDS(Hindrance, required("kind", &E::kind), if_set("node", &E::node), if_set("what", &E::what),
              if_set("in_ns", &E::in))
NETCUT_FIELDS(event::StackFrame, kept("function", &E::function), kept("file", &E::file),
              if_set("line", &E::line))
NETCUT_FIELDS(event::LossList, required("file", &E::file), kept("lost", &E::lost))
NETCUT_FIELDS(event::LinkSide, required("what", &E::what), if_set("file", &E::file),
              if_set("sha256", &E::sha256), required("mean_bit_per_s", &E::mean_bit_per_s),
              required("queue_bytes", &E::queue_bytes), if_set("losses", &E::losses),
              if_set("loss_seed", &E::loss_seed))
NETCUT_FIELDS(event::LinkFlow, required("capacity", &E::capacity), required("delivered", &E::delivered),
              if_set("lost", &E::lost), if_set("waiting", &E::waiting), if_set("delay_ns", &E::delay_ns),
              if_set("numbered", &E::numbered), if_set("lost_by_trace", &E::lost_by_trace))
NETCUT_FIELDS(event::LinkUse, if_set("up", &E::up), if_set("down", &E::down))
NETCUT_FIELDS(event::LossLists, if_set("up", &E::up), if_set("down", &E::down))
NETCUT_FIELDS(event::HoldListFile, required("file", &E::file), kept("lines", &E::lines))
NETCUT_FIELDS(event::HoldListFiles, if_set("up", &E::up), if_set("down", &E::down))
NETCUT_FIELDS(event::RouterLosses, required("router_up", &E::router_up),
              required("router_down", &E::router_down))
NETCUT_FIELDS(Pause, kept("processes", &E::processes), kept("unstopped", &E::unstopped))
NETCUT_FIELDS(CounterValue, required("packets", &E::packets), required("bytes", &E::bytes))
NETCUT_FIELDS(LineBurst, required("late", &E::late), required("all", &E::all))
NETCUT_FIELDS(Error, required("kind", &E::kind), required("attempt", &E::attempt), required("code", &E::code),
              required("reason", &E::reason), required("hint", &E::hint))
NETCUT_FIELDS(Losses::Offered, required("offered_up", &E::up), required("offered_down", &E::down))
NETCUT_FIELDS(Losses::Rebound, required("rebound_up", &E::up), required("rebound_down", &E::down))
NETCUT_FIELDS(Losses, required("router_up", &E::up), required("router_down", &E::down),
              required("unsendable_at_node", &E::unsendable), flat(&E::offered), flat(&E::rebound))
NETCUT_FIELDS(PhaseInterval, required("phase", &E::phase), required("from_ns", &E::from),
              required("to_ns", &E::to), kept("sent", &E::sent), kept("received", &E::received))

NETCUT_FIELDS(UnresolvedNeighbour, required("node", &E::node), required("address", &E::address),
              required("peer", &E::peer))
NETCUT_FIELDS(Conversation, either("protocol", &E::udp, "udp", "tcp"), required("peer", &E::peer),
              required("local", &E::local), required("remote", &E::remote), required("outcome", &E::outcome),
              in_seconds("after_s", &E::after), required("after_ns", &E::after))
NETCUT_FIELDS(Recovery, in_seconds("sent_again_s", &E::sent), required("sent_again_ns", &E::sent),
              in_seconds("received_again_s", &E::received), required("received_again_ns", &E::received),
              in_seconds("worked_s", &E::worked), kept("worked_ns", &E::worked),
              in_seconds("next_round_s", &E::next_round), kept("next_round_ns", &E::next_round),
              derived("network_back_s", [](const E& e) { return seconds_of(e.network_back()); }),
              derived("time_to_recover_s", [](const E& e) { return seconds_of(e.work_resumed()); }),
              kept("conversations", &E::conversations), kept("other_conversations", &E::others),
              kept("unresolved_neighbours", &E::unresolved), kept("exchanged_since_fired", &E::exchanged),
              kept("largest_gap_ns", &E::largest_gap))

NETCUT_EVENT(RunBegun, "run.begun", required("schema", &E::schema), required("name", &E::run),
             kept("realtime_ns", &E::realtime_ns), kept("netcut_fl", &E::netcut_fl),
             kept("kernel", &E::kernel), kept("scenario_sha256", &E::scenario_sha256),
             required("nodes", &E::nodes), kept("user", &E::user), kept("rights", &E::rights),
             kept("monotonic_ns", &E::monotonic_ns))
NETCUT_EVENT(FabricBuilt, "fabric.built", kept("kind", &E::kind), kept("took_ms", &E::took_ms),
             required("nodes", &E::nodes))
NETCUT_EVENT(UplinkOpened, "uplink.opened", kept("nodes", &E::nodes), kept("link", &E::link),
             kept("addresses", &E::addresses))
NETCUT_EVENT(RunEntered, "run.state", required("state", &E::state))
NETCUT_EVENT(NodeStarted, "node.started")
NETCUT_EVENT(NodeReaddressed, "node.readdressed", flat(&E::now))
NETCUT_EVENT(NodeListening, "node.listening", required("addresses", &E::addresses),
             required("reachable", &E::reachable))
NETCUT_EVENT(Progress, "progress", required("round", &E::round))
NETCUT_EVENT(ProgressFull, "progress.full", kept("rounds", &E::rounds))
NETCUT_EVENT(NodePhase, "node.phase", flat(&E::interval))
NETCUT_EVENT(Traffic, "traffic", required("from_ns", &E::from_ns), required("to_ns", &E::to_ns),
             required("bytes", &E::bytes))
NETCUT_EVENT(TriggerMatched, "trigger.matched", kept("line", &E::line), kept("match", &E::match),
             required("verdict", &E::verdict), if_set("phase", &E::phase))
NETCUT_EVENT(LossListed, "fault.loss_list", kept("model", &E::model), kept("seed", &E::seed),
             required("period", &E::period), required("lists", &E::lists))
NETCUT_EVENT(HoldListed, "fault.hold_list", kept("seed", &E::seed), required("period", &E::period),
             required("lists", &E::lists))
NETCUT_EVENT(HoldMissed, "hold.missed", kept("unread", &E::unread), kept("no_room", &E::no_room),
             kept("unsent", &E::unsent))
NETCUT_EVENT(HoldLapsed, "hold.lapsed", kept("times", &E::times), kept("lasted_s", &E::lasted_s))
NETCUT_EVENT(FaultArmed, "fault.armed", kept("when", &E::when), kept("took_us", &E::took_us))
NETCUT_EVENT(TriggerTripped, "trigger.tripped", kept("when", &E::when), kept("packet", &E::packet),
             kept("bytes", &E::bytes), if_set("counted", &E::counted), if_set("phase", &E::phase))
NETCUT_EVENT(TriggerMissed, "trigger.missed", kept("phase", &E::phase), kept("why", &E::why))
NETCUT_EVENT(PacketsUntold, "packets.untold", kept("lost", &E::lost))
NETCUT_EVENT(PacketsUnanswered, "packets.unanswered", kept("why", &E::why), kept("packets", &E::packets))
NETCUT_EVENT(FaultFired, "fault.fired", required("kind", &E::kind), required("nodes", &E::nodes),
             required("number", &E::number), required("trigger", &E::trigger), kept("took_us", &E::took_us),
             if_set("flap", &E::flap), required("for_s", &E::for_s), kept("read_back", &E::read_back),
             if_set("asked_for", &E::asked_for), kept("phases", &E::phases))
NETCUT_EVENT(FaultHealed, "fault.healed", required("lasted_s", &E::lasted_s), kept("took_us", &E::took_us),
             if_set("packets_lost", &E::packets_lost), if_set("packets_queued", &E::packets_queued),
             required("losses", &E::losses), if_set("asked_for", &E::asked_for))
NETCUT_EVENT(FaultUnhealed, "fault.unhealed", required("losses", &E::losses))
NETCUT_EVENT(NodePaused, "node.paused", required("processes", &E::processes),
             required("unstopped", &E::unstopped), kept("took_us", &E::took_us))
NETCUT_EVENT(NodeResumed, "node.resumed")
NETCUT_EVENT(NodeRecovered, "node.recovered", flat(&E::recovery))
NETCUT_EVENT(NodeUnrecovered, "node.unrecovered", flat(&E::recovery))
NETCUT_EVENT(SocketsSeen, "sockets", required("moment", &E::moment), required("sockets", &E::sockets))
NETCUT_EVENT(ConnectionChanged, "connection", required("change", &E::change), flat(&E::socket),
             flat(&E::timers), if_set("untold", &E::untold))
NETCUT_EVENT(HalfOpenSeen, "socket.half_open", flat(&E::socket), required("peer", &E::peer),
             required("address_gone", &E::address_gone))
NETCUT_EVENT(NodeWaiting, "node.waits", flat(&E::waits))
NETCUT_EVENT(NodeTcp, "node.tcp", required("asked", &E::asked), if_set("sysctls", &E::sysctls),
             if_set("options", &E::options))
NETCUT_EVENT(TcpOptionsSet, "tcp.options", required("socket", &E::socket), required("process", &E::process),
             kept("program", &E::program), if_set("inherited", &E::inherited), if_set("again", &E::again),
             required("within_ns", &E::within_ns))
NETCUT_EVENT(TcpOptionsUnset, "tcp.options_unset", required("socket", &E::socket),
             if_set("process", &E::process), if_set("program", &E::program), required("why", &E::why))
NETCUT_EVENT(TcpOptionsSummed, "tcp.options_summed", required("connections", &E::connections),
             required("inherited", &E::inherited), required("listening", &E::listening),
             required("again", &E::again), required("unset", &E::unset), required("latest_ns", &E::latest_ns))
NETCUT_EVENT(NodeLink, "node.link", if_set("up", &E::up), if_set("down", &E::down))
NETCUT_EVENT(LinksSeen, "links", required("from_ns", &E::from_ns), required("to_ns", &E::to_ns),
             required("nodes", &E::nodes))
NETCUT_EVENT(LinksSummed, "links.summed", required("changes", &E::changes),
             required("latest_ns", &E::latest_ns), required("cpu_ns", &E::cpu_ns))
NETCUT_EVENT(Site, "site", required("site", &E::site), required("nodes", &E::nodes),
             required("addresses", &E::addresses), if_set("public_addresses", &E::public_addresses),
             required("nat", &E::nat), required("firewall", &E::firewall), if_set("vpn", &E::vpn),
             if_set("proxy", &E::proxy), if_set("up_bit_per_s", &E::up_bit_per_s),
             if_set("down_bit_per_s", &E::down_bit_per_s))
NETCUT_FIELDS(event::UplinkUse, required("bytes", &E::bytes), required("lost", &E::lost))
NETCUT_FIELDS(event::TunnelLosses, required("up", &E::up), required("down", &E::down))
NETCUT_FIELDS(event::ProxyUse, required("tunnels", &E::tunnels), required("refused", &E::refused),
              required("unread", &E::unread))
NETCUT_EVENT(SiteSummed, "site.summed", required("site", &E::site), required("unknown_up", &E::unknown_up),
             required("unknown_down", &E::unknown_down), if_set("up", &E::up), if_set("down", &E::down),
             if_set("vpn_lost", &E::vpn_lost), if_set("proxy", &E::proxy))
NETCUT_EVENT(NodeStack, "node.stack", required("process", &E::process), kept("program", &E::program),
             if_set("thread", &E::thread), either("of", &E::python, "python", "machine"),
             required("frames", &E::frames), if_set("more_frames", &E::more_frames))
NETCUT_EVENT(StacksSought, "node.stacks", required("aborted", &E::aborted), required("traced", &E::traced),
             if_set("left_out", &E::left_out), if_set("unread", &E::unread))
NETCUT_EVENT(RunProof, "run.proof", required("proof", &E::proof), if_set("hindrances", &E::hindrances),
             if_set("more_hindrances", &E::more_hindrances), if_set("state", &E::state),
             if_set("in_state_ns", &E::in_state_ns), kept("took_ms", &E::took_ms))
NETCUT_EVENT(ExpectedLine, "expected.line", required("number", &E::number), required("value", &E::value))
NETCUT_EVENT(Counted, "counted", required("kind", &E::kind), if_set("round", &E::round),
             if_set("member", &E::member), if_set("base", &E::base), if_set("samples", &E::samples),
             if_set("results", &E::results), if_set("failures", &E::failures), if_set("wanted", &E::wanted),
             if_set("received", &E::received), if_set("whole", &E::whole), if_set("rounds", &E::rounds))
NETCUT_EVENT(CountedFull, "counted.full")
NETCUT_EVENT(ModelSeen, "model.seen", if_set("digest", &E::digest), if_set("metric", &E::metric),
             if_set("sha256", &E::sha256), if_set("bytes", &E::bytes), if_set("missing", &E::missing),
             if_set("place", &E::place), if_set("tensors", &E::tensors), if_set("no_tensors", &E::no_tensors),
             if_set("tensors_place", &E::tensors_place), if_set("difference", &E::difference),
             if_set("twins_differ", &E::twins_differ), if_set("tensor", &E::tensor))
NETCUT_EVENT(Delivered, "delivered", required("local_port", &E::local_port), required("port", &E::port),
             required("from_ns", &E::from_ns), required("to_ns", &E::to_ns), required("up", &E::up),
             required("down", &E::down), if_set("down_ns", &E::down_ns))
NETCUT_EVENT(DeliveriesMissed, "deliveries.missed", required("packets", &E::packets))
NETCUT_EVENT(NodeExited, "node.exited", flat(&E::exit), required("starts", &E::starts),
             required("stopped_by_us", &E::stopped_by_us), required("killed_by_fault", &E::killed_by_fault),
             if_set("left_behind", &E::left_behind), if_set("late_lines", &E::late_lines))
NETCUT_EVENT(ScenarioChanged, "scenario.changed", required("scenario_sha256", &E::scenario_sha256))
NETCUT_EVENT(NodeSignalled, "node.signalled", kept("signal", &E::signal))
NETCUT_EVENT(NodeCommand, "node.command", kept("command", &E::command), if_set("captures", &E::captures))
NETCUT_EVENT(RunStopping, "run.stopping", in_words("because", [](const E& e) { return end_text(e.end); }),
             required("end", &E::end), if_set("signal", &E::signal))
NETCUT_EVENT(RunError, "run.error", kept("error", &E::text), flat(&E::error))
NETCUT_EVENT(CaptureBegun, "capture.begun", kept("snap_length", &E::snap_length))
NETCUT_EVENT(CaptureMissed, "capture.missed", required("seen", &E::seen), required("lost", &E::lost),
             required("more_lost", &E::more_lost))
NETCUT_EVENT(CaptureWritten, "capture.written", required("file", &E::file), required("packets", &E::packets),
             required("lost", &E::lost), required("bytes", &E::bytes), required("sha256", &E::sha256))
NETCUT_EVENT(CaptureEnded, "capture.ended", required("losses", &E::losses),
             required("clock_shift_ns", &E::clock_shift_ns))
NETCUT_EVENT(RunEnded, "run.ended", required("verdict", &E::verdict), kept("reason", &E::reason))

#undef NETCUT_EVENT

}  // namespace netcut
