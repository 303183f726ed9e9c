// SPDX-License-Identifier: Apache-2.0
//
// What the engine does for its faults: it lays them, hears of packets, and has power over processes.
#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <boost/asio/post.hpp>

#include "base/error.h"
#include "base/time.h"
#include "fault/fault.h"
#include "fault/log_prefix.h"
#include "fault/needs.h"
#include "fault/packet.h"
#include "fault/plan.h"
#include "fault/table.h"
#include "node/node.h"
#include "record/event.h"
#include "recovery/recovery_watch.h"
#include "run/engine.h"
#include "run/engine_impl.h"
#include "scenario/fault_kind.h"
#include "scenario/fault_spec.h"
#include "scenario/plan.h"
#include "trigger/line_scanner.h"

namespace netcut {

Result<void> Engine::Impl::prepare_faults() {
    std::vector<FaultPlan> plans;
    for (const FaultSpec& spec : scenario_.faults) {
        NETCUT_ASSIGN(FaultPlan plan, plan_of(scenario_, spec));
        NETCUT_TRY(write_loss_lists(spec, plan));
        plans.push_back(std::move(plan));
    }
    const auto logged_losses =
        scenario_.pcap ? std::optional(Capture::logged_bytes(scenario_.pcap_snap)) : std::nullopt;
    NETCUT_ASSIGN(FaultTable laid, FaultTable::lay(*fabric_, std::move(plans), logged_losses));
    table_.emplace(std::move(laid));
    NETCUT_TRY(start_capture());
    NETCUT_TRY(watch_packets());
    processes_ = process_control();
    for (std::size_t number = 0; number < scenario_.faults.size(); ++number) {
        NETCUT_ASSIGN(Fault fault, Fault::prepare(*fabric_, *table_, number));
        add_runner(std::move(fault));
    }
    make_phase_triggers();
    return {};
}

void Engine::Impl::add_runner(Fault fault) {
    const FaultSpec& spec = scenario_.faults[fault.number()];
    const auto failed = [this](Error error) { fail(std::move(error)); };
    auto watch =
        std::make_unique<RecoveryWatch>(io_, *fabric_, *table_, *sockets_, *tap_, fault.plan(), *spec.kind,
                                        RecoveryWatch::into_journal(*journal_, *fabric_, spec.name, failed));
    faults_.push_back(std::make_unique<FaultRunner>(
        timers_, *journal_, spec, std::make_unique<KernelFault>(*fabric_, *table_, std::move(fault)),
        std::move(watch), processes_,
        FaultRunner::Observer{[this](const FaultRunner& runner) { on_fired(runner); },
                              [this](const FaultRunner& runner) { on_healed(runner); }, failed,
                              [this](const auto& nodes) { return phases_of(nodes); }}));
}

// The lists are the evidence: just these packets are lost.
Result<void> Engine::Impl::write_loss_lists(const FaultSpec& fault, const FaultPlan& plan) {
    const Lose* lose = std::get_if<Lose>(&plan.action);
    if (lose == nullptr) return {};
    event::LossListed listed{
        .model = fault.text("model"), .seed = std::stoull(fault.text("seed")), .period = lose->period};
    for (const auto& [direction, numbers] : {std::pair("up", &lose->up), std::pair("down", &lose->down)}) {
        if (!includes(plan.filter.direction,
                      direction == std::string("up") ? Direction::up : Direction::down))
            continue;
        std::string text;
        for (const std::uint32_t number : *numbers) text += fmt::format("{}\n", number);
        const std::string name = fmt::format("loss-{}-{}.txt", fault.name, direction);
        NETCUT_TRY(folder_.write_file(name, text));
        (numbers == &lose->up ? listed.lists.up : listed.lists.down) = {name, numbers->size()};
    }
    journal_->add(std::move(listed), {.fault = fault.name});
    return {};
}

Result<void> Engine::Impl::watch_packets() {
    bool told = false;  // something is told by packets: moments, and on a bridge what we must answer
    for (const FaultSpec& fault : scenario_.faults)
        told = told || needs_of(scenario_, fault).contains(Need::packet_log);
    if (!told) return {};
    for (const std::uint16_t group : {moment_group, reply_group}) {
        NETCUT_ASSIGN(PacketLog log, PacketLog::open(fabric_->router(), group));
        const int fd = ::fcntl(log.fd(), F_DUPFD_CLOEXEC, 0);
        if (fd < 0) return system_failure("watch the log of packets");
        packet_watches_.push_back(std::make_unique<PacketWatch>(
            PacketWatch{group, std::move(log), boost::asio::posix::stream_descriptor(io_, fd)}));
        await_packets(*packet_watches_.back());
    }
    NETCUT_ASSIGN(ReplySender sender, ReplySender::open(*fabric_));
    replies_.emplace(std::move(sender));
    return {};
}

void Engine::Impl::await_packets(PacketWatch& watch) {
    watch.readable.async_wait(boost::asio::posix::stream_descriptor::wait_read,
                              [this, &watch](boost::system::error_code error) {
                                  if (error) return;
                                  auto logged = watch.log.read();
                                  if (!logged) return fail(std::move(logged).error());
                                  if (logged->overrun || logged->lost > 0)
                                      untold_.add(*journal_, logged->lost);
                                  for (const LoggedPacket& packet : logged->packets)
                                      on_logged_packet(watch.group, packet);
                                  await_packets(watch);
                              });
}

void Engine::Impl::on_logged_packet(std::uint16_t group, const LoggedPacket& packet) {
    if (!course_.is_under_way()) return;
    for (std::size_t number = 0; number < faults_.size(); ++number) {
        if (packet.prefix != fault_prefix(number)) continue;
        if (group == moment_group) {
            const auto header = parse_packet(packet.bytes);
            return on_tripped(*faults_[number], header ? packet_text(*header) : "a packet that is not IP",
                              header ? header->length : 0, time_of(packet));
        }
        // Another fault may have taken the link away that the answer goes out of: then it is lost, too.
        if (auto sent = replies_->answer(packet, table_->plans()[number]); !sent) {
            const std::string& fault = scenario_.faults[number].name;
            unanswered_.try_emplace(number, &event::PacketsUnanswered::packets, fault)
                .first->second.add(*journal_, 1, {.why = sent.error().text()});
        }
        return;
    }
}

// The kernel's own time, unless somebody has set the clock since the run began.
Nanoseconds Engine::Impl::time_of(const LoggedPacket& packet) const {
    const Nanoseconds now = journal_->now();
    if (!packet.time) return now;
    const Nanoseconds then = packet.time->time_since_epoch() - journal_->realtime_begin();
    return then <= now && then > now - std::chrono::seconds(1) ? then : now;
}

void Engine::Impl::on_tripped(FaultRunner& runner, const std::string& packet, unsigned bytes,
                              Nanoseconds when) {
    for (const auto& trigger : phase_triggers_)
        if (&trigger->runner() == &runner)
            return runner.tripped(packet, bytes, when, [&trigger] { return trigger->tripped(); });
    runner.tripped(packet, bytes, when);
}

ProcessControl Engine::Impl::process_control() {
    const auto running = [this](std::size_t node) -> Node* {
        Node& one = *actors_[node]->node;
        return one.running() ? &one : nullptr;
    };
    return {[running](std::size_t node, std::optional<Nanoseconds> lease) -> Result<void> {
                Node* one = running(node);
                return one != nullptr ? one->pause(lease) : Result<void>();
            },
            [running](std::size_t node) -> Result<void> {
                Node* one = running(node);
                return one != nullptr ? one->resume() : Result<void>();
            },
            [this](std::size_t node, int signal, bool will_start_again) {
                return kill_node(*actors_[node], signal, will_start_again);
            },
            [this](std::size_t node) { return start_again(*actors_[node]); },
            [running](std::size_t node) { return running(node) != nullptr; },
            [this](std::size_t node) {
                sockets_->let_go_of(node);
                const auto renew = [this, node] { return fabric_->renew(node); };
                return phases_ ? phases_->change_network(node, renew) : renew();
            }};
}

// It is the doing of the fault that was fired last.
void Engine::Impl::on_paused(const Actor& actor, const Pause& pause) {
    FaultRunner* last = nullptr;
    for (const auto& fault : faults_) {
        const auto& nodes = fault->plan().nodes;
        if (fault->spec().kind->processes != ProcessEffect::pause || !fault->fired() ||
            std::find(nodes.begin(), nodes.end(), actor.index) == nodes.end())
            continue;
        if (last == nullptr || fault->fired_at() > last->fired_at()) last = fault.get();
    }
    if (last != nullptr) last->tell_paused(actor.index, pause);
}

Result<void> Engine::Impl::kill_node(Actor& actor, int signal, bool starts_again) {
    if (!actor.node->running()) return {};
    actor.outcome.killed_by_fault = true;
    actor.starts_again = starts_again;
    return actor.node->signal_tree(signal);
}

// If the signal did not end it, it is made to end, and starts when it is gone.
Result<void> Engine::Impl::start_again(Actor& actor) {
    if (!actor.starts_again && !actor.start_when_gone) return {};
    if (actor.node->running()) {
        actor.start_when_gone = true;
        actor.node->kill();
        return {};
    }
    actor.starts_again = false;
    actor.start_when_gone = false;
    actor.outcome.killed_by_fault = false;
    actor.outcome.exit.reset();
    actor.outcome.left_behind = 0;
    actor.outcome.late_lines.reset();
    actor.out = LineScanner();
    actor.err = LineScanner();
    actor.syslog = LineScanner();
    for (const auto& log : actor.logs) log->scanner = LineScanner();
    watch(actor);
    return start_actor(actor);
}

}  // namespace netcut
