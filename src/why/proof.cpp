// SPDX-License-Identifier: Apache-2.0
#include "why/proof.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/time.h"
#include "fabric/options.h"
#include "fault/plan.h"
#include "kernel/sockdiag.h"
#include "kernel/zero_window.h"
#include "record/facts.h"
#include "scenario/fault_spec.h"
#include "scenario/triggers.h"
#include "why/giving_up.h"
#include "why/seen.h"

namespace netcut {
namespace {

bool is_other_end(const TcpSocket& one, const TcpSocket& other) {
    return one.local == other.remote && one.remote == other.local && one.local_port == other.remote_port &&
           one.remote_port == other.local_port;
}

class NodeProof {
  public:
    NodeProof(const std::string& node, const WaitsByNode& all)
        : node_(node), facts_(all.at(node)), all_(all) {}

    std::vector<Hindrance> find() {
        for (const ThreadFacts& thread : facts_.waits) take(thread);
        for (const ConnectionFacts& connection : facts_.connections) take(connection);
        for (const ListeningFacts& socket : facts_.listening)
            if (socket.awaited && socket.waiting > 0)
                add(HindranceKind::queued, "a connection to be accepted");
        for (const DatagramFacts& socket : facts_.datagrams)
            if (socket.send_queue > 0 || (socket.awaited && socket.receive_queue > 0))
                add(HindranceKind::queued, "a datagram");
        if (facts_.threads == 0) add(HindranceKind::runs, "it has no thread any more, and is about to end");
        if (facts_.own_timers) add(HindranceKind::own_timer, "a process has timers (timer_create)");
        if (facts_.catches_alarm) add(HindranceKind::alarm, "a process handles SIGALRM");
        if (facts_.left_out > 0) add(HindranceKind::left_out, fmt::format("{} more", facts_.left_out));
        for (const std::string& unread : facts_.unread) add(HindranceKind::unread, unread);
        if (found_.empty() && !facts_.unchanged_since) add(HindranceKind::runs, "it was not seen at rest");
        return std::move(found_);
    }

  private:
    void add(HindranceKind kind, std::string what, std::optional<Nanoseconds> in = {}) {
        const auto same = std::find_if(found_.begin(), found_.end(),
                                       [&](const Hindrance& other) { return other.kind == kind; });
        if (same == found_.end())
            found_.push_back({kind, node_, std::move(what), in});
        else if (in && same->in && *in < *same->in)
            *same = {kind, node_, std::move(what), in};
    }

    void take(const ThreadFacts& thread) {
        const std::string name = name_of(thread);
        switch (thread.doing) {
            case ThreadDoing::runs:
                return add(HindranceKind::runs, name);
            case ThreadDoing::stopped:
                return add(HindranceKind::stopped, name);
            case ThreadDoing::uninterruptible:
                return add(HindranceKind::uninterruptible, name);
            case ThreadDoing::unknown:
                return add(HindranceKind::wait_unknown, name);
            case ThreadDoing::waits:
                break;
        }
        if (thread.end == WaitEnd::in_time) return add(HindranceKind::wait_ends, name, thread.ends_in);
        if (thread.end == WaitEnd::unknown) return add(HindranceKind::wait_unknown, name);
        for (const WaitTarget& target : thread.on)
            if (target.object == WaitObject::outside)
                add(HindranceKind::outside, name + " on " + target.what);
    }

    void take(const ConnectionFacts& connection) {
        const TcpSocket& socket = connection.socket;
        const TcpTimers& timers = connection.timers;
        const bool is_held = !connection.holders.empty();
        // No program hears of these any more, and no packet follows.
        if (socket.state == "TIME_WAIT" || socket.state == "CLOSED") return;
        if (!is_held && socket.state == "FIN_WAIT2" && socket.send_queue == 0) return;
        const auto gives_up = gives_up_in(connection, facts_.tries.value_or(TcpTries{}));
        if (timers.timer == TcpTimer::retransmission || could_not_leave(socket, timers))
            return add(HindranceKind::retransmission, ends_of(socket), gives_up);
        if (timers.timer == TcpTimer::keepalive)
            return add(HindranceKind::keepalive, ends_of(socket), gives_up);
        if (timers.timer == TcpTimer::zero_window) {
            if (!stays_full(connection)) add(HindranceKind::zero_window, ends_of(socket));
            return;
        }
        // One that nobody has is one that waits to be accepted: of those the listening socket tells.
        const bool is_settled =
            socket.state == "ESTABLISHED" || socket.state == "CLOSE_WAIT" || socket.state == "FIN_WAIT2";
        if (!is_settled) return add(HindranceKind::closing, ends_of(socket));
        if (socket.send_queue > 0 || socket.unacked > 0)
            return add(HindranceKind::queued, ends_of(socket) + ", data to send");
        const bool has_come = socket.receive_queue > 0 || socket.state == "CLOSE_WAIT";
        if (connection.awaited && has_come) add(HindranceKind::queued, ends_of(socket) + ", data to read");
    }

    // The other end is there, answers, and nobody there will ever read.
    bool stays_full(const ConnectionFacts& connection) const {
        if (!connection.options || connection.options->user_timeout_ms > 0) return false;
        if (connection.timers.attempts > 1 || connection.socket.state != "ESTABLISHED") return false;
        for (const auto& [name, facts] : all_)
            for (const ConnectionFacts& other : facts.connections)
                if ((name == node_ || !other.socket.local.is_loopback()) &&
                    is_other_end(connection.socket, other.socket))
                    return other.socket.state == "ESTABLISHED" && other.socket.receive_queue > 0 &&
                           !other.awaited && !other.holders.empty();
        return false;
    }

    const std::string& node_;
    const NodeWaits& facts_;
    const WaitsByNode& all_;
    std::vector<Hindrance> found_;
};

// Triggers that time alone may bring about, though nobody does anything.
bool may_come_by_itself(const FaultSpec& fault, const FaultState* state) {
    const bool silence = fault.when && fault.when->moment.kind == WireMoment::Kind::silence;
    return (state == nullptr || state->firings == 0) &&
           (fault.trigger.kind == FaultTrigger::Kind::phase || silence);
}

bool is_between_cycles(const RunState& state, const FaultState& fault) {
    if (!fault.last) return false;
    const auto& flap = state.firings()[*fault.last].flap;
    return flap && flap->cycle < flap->of;
}

void add_faults(const RunState& state, const Scenario& scenario, std::vector<Hindrance>& found) {
    const auto add = [&](const std::string& name, const char* what) {
        found.push_back({HindranceKind::fault, {}, name + what});
    };
    for (const FaultState& fault : state.faults())
        if (const FaultSpec* spec = find_fault(scenario, fault.name); spec != nullptr && !spec->kind->heals())
            continue;  // what it does is done
        else if (fault.on)
            add(fault.name, " is on");
        else if (fault.delayed || fault.armed || is_between_cycles(state, fault))
            add(fault.name, " is to come");
    for (const FaultSpec& fault : scenario.faults)
        if (may_come_by_itself(fault, state.fault(fault.name))) add(fault.name, " may come yet");
}

// They may wait in a queue, or for a link address, longer than we look.
void add_datagrams(const Scenario& scenario, const WaitsByNode& waits, std::vector<Hindrance>& found) {
    const bool waits_in_uplinks =
        std::any_of(scenario.fabric.sites.begin(), scenario.fabric.sites.end(),
                    [](const SiteSpec& site) { return site.up.has_value() || site.vpn != Vpn::none; });
    if (!scenario.fabric.rate && !waits_in_uplinks && scenario.fabric.kind == FabricKind::routed) return;
    for (const auto& [name, facts] : waits)
        if (std::any_of(facts.datagrams.begin(), facts.datagrams.end(),
                        [](const DatagramFacts& socket) { return socket.awaited; }))
            found.push_back({HindranceKind::queued, name, "perhaps a datagram that it waits for"});
}

// What a link delays for longer than it takes to look twice may still come, a reset for one, and nobody sees it.
void add_links(const Scenario& scenario, std::vector<Hindrance>& found) {
    static constexpr Nanoseconds surely_seen = std::chrono::milliseconds(100);  // there and back
    const auto is_late = [](const TraceStep& step) { return step.delay > surely_seen; };
    for (const auto& [path, file] : scenario.traces)
        if (file.trace && std::any_of(file.trace->steps().begin(), file.trace->steps().end(), is_late))
            return found.push_back({HindranceKind::queued, {}, "perhaps a packet that a link delays"});
}

// What it waits for is not looked at.
void add_proxies(const Scenario& scenario, std::vector<Hindrance>& found) {
    for (const SiteSpec& site : scenario.fabric.sites)
        if (site.relays())
            found.push_back({HindranceKind::proxy, {}, fmt::format("the proxy of the site {}", site.name)});
}

void add_unseen(const RunState& state, const WaitsByNode& waits, std::vector<Hindrance>& found) {
    for (const NodeState& node : state.nodes()) {
        const std::string& name = node.outcome.name;
        if (!node.outcome.started)
            found.push_back({HindranceKind::unread, name, "it has not begun"});
        else if (node.runs() && !waits.contains(name))
            found.push_back({HindranceKind::unread, name, "it was not looked at"});
    }
}

}  // namespace

std::vector<Hindrance> hindrances_of(const std::string& node, const WaitsByNode& waits) {
    return NodeProof(node, waits).find();
}

std::vector<Hindrance> hindrances_of(const RunState& state, const Scenario& scenario,
                                     const WaitsByNode& waits) {
    std::vector<Hindrance> found;
    add_faults(state, scenario, found);
    if (!scenario.fabric.uplink.empty())
        found.push_back({HindranceKind::uplink, {}, "somebody outside may send something"});
    add_unseen(state, waits, found);
    add_datagrams(scenario, waits, found);
    add_links(scenario, found);
    add_proxies(scenario, found);
    WaitsByNode running;
    for (const auto& [name, one] : waits)
        if (const NodeState* node = state.node(name); node != nullptr && node->runs()) running[name] = one;
    for (const auto& [name, one] : running) {
        const auto of_node = hindrances_of(name, running);
        found.insert(found.end(), of_node.begin(), of_node.end());
    }
    return found;
}

std::string text_of(const Hindrance& hindrance) {
    using Kind = HindranceKind;
    const std::string node = hindrance.node.empty() ? "" : hindrance.node + ": ";
    const std::string& what = hindrance.what;
    const std::string time = hindrance.in ? fmt::format("{:.1f} s", seconds(*hindrance.in)) : "some time";
    switch (hindrance.kind) {
        case Kind::runs:
            return node + (what.starts_with("it ") ? what : what + " can run");
        case Kind::stopped:
            return node + what + " is stopped by a signal, and may be let go on";
        case Kind::uninterruptible:
            return node + what + " waits for a device or a file system";
        case Kind::wait_ends:
            return fmt::format("{}{} ends within {}", node, what, time);
        case Kind::wait_unknown:
            return node + what + ": until when is not known";
        case Kind::outside:
            return node + what + ": somebody outside may end that";
        case Kind::own_timer:
        case Kind::uplink:
            return node + what;
        case Kind::alarm:
            return node + what + ", and an alarm cannot be seen";
        case Kind::unread:
            return node + "could not be read: " + what;
        case Kind::left_out:
            return node + "too much to look at, " + what;
        case Kind::retransmission:
            return fmt::format("{}TCP sends again on {}, and gives up in {}", node, what, time);
        case Kind::keepalive:
            return fmt::format("{}a keepalive of {} finds out within {}", node, what, time);
        case Kind::zero_window:
            return fmt::format("{}TCP asks on {} whether there is room again", node, what);
        case Kind::closing:
            return fmt::format("{}{} is being opened or closed", node, what);
        case Kind::queued:
            return fmt::format("{}{} is on its way", node, what);
        case Kind::fault:
            return what;
        case Kind::proxy:
            return what + ": what it does is not looked at";
        case Kind::attended:
            return "somebody asks for things while it runs, and may do so again";
    }
    return what;
}

}  // namespace netcut
