// SPDX-License-Identifier: Apache-2.0
#include "run/fault_network.h"

#include "capture/capture.h"
#include "fault/fault.h"
#include "fault/holder.h"
#include "recovery/recovery_watch.h"
#include "scenario/fault_kind.h"
#include "scenario/fault_spec.h"
#include "scenario/link_hold.h"

namespace netcut {

Result<void> KernelFaultNetwork::lay(std::vector<FaultPlan> plans) {
    const Scenario& scenario = run_.scenario;
    if (!plans.empty()) NETCUT_TRY(tap_.prepare());
    NETCUT_ASSIGN(std::vector<FaultPlan> links, link_holds(scenario));
    numbers_ = {plans.size(), links.size()};
    for (std::size_t i = 0; i < links.size(); ++i)
        (links[i].filter.direction == Direction::up ? link_up_ : link_down_) = plans.size() + i;
    plans.insert(plans.end(), std::make_move_iterator(links.begin()), std::make_move_iterator(links.end()));
    const auto logged_losses =
        scenario.pcap ? std::optional(Capture::logged_bytes(scenario.pcap_snap)) : std::nullopt;
    NETCUT_ASSIGN(FaultTable laid, FaultTable::lay(fabric_, std::move(plans), logged_losses));
    table_.emplace(std::move(laid));
    return {};
}

Result<std::unique_ptr<NetworkFault>> KernelFaultNetwork::prepare(std::size_t fault) {
    NETCUT_ASSIGN(Fault laid, Fault::prepare(fabric_, *table_, numbers_.in_table(fault)));
    return std::make_unique<KernelFault>(fabric_, *table_, std::move(laid));
}

std::unique_ptr<FiringWatch> KernelFaultNetwork::watch(std::size_t fault) {
    const FaultSpec& spec = run_.scenario.faults[fault];
    return std::make_unique<RecoveryWatch>(
        run_.io, fabric_, *table_, sockets_, tap_, table_->plans()[numbers_.in_table(fault)], *spec.kind,
        RecoveryWatch::into_journal(run_.journal, fabric_, spec.name, run_.fail));
}

Result<void> KernelFaultNetwork::watch_packets(FaultPackets::Observer observer) {
    NETCUT_ASSIGN(packets_, FaultPackets::open(run_, fabric_, *table_, numbers_, std::move(observer)));
    return {};
}

Result<std::vector<NodeHits>> KernelFaultNetwork::read_hits() {
    NETCUT_ASSIGN(std::vector<NodeHits> hits, table_->read_hits());
    const auto links = hits.begin() + static_cast<std::ptrdiff_t>(numbers_.laid);
    hits.erase(links, links + static_cast<std::ptrdiff_t>(numbers_.links));
    return hits;
}

Result<void> KernelFaultNetwork::begin_links() {
    for (std::size_t i = 0; i < numbers_.links; ++i) {
        Batch message = table_->on_message(numbers_.laid + i);
        NETCUT_TRY(table_->on(numbers_.laid + i, message));
    }
    return {};
}

HeldCount KernelFaultNetwork::held(std::size_t node, bool up) const {
    const auto& number = up ? link_up_ : link_down_;
    if (!number) return {};
    return table_->holder()->count(*number, up ? Direction::up : Direction::down, node);
}

void KernelFaultNetwork::finish_packets() {
    if (packets_) packets_->finish();
    Holder* holder = table_ ? table_->holder() : nullptr;
    if (holder == nullptr) return;
    run_.must(holder->check());
    const auto missed = holder->missed();
    if (!missed) return run_.fail(missed.error());
    if (missed->any()) run_.journal.add(event::HoldMissed{missed->unread, missed->no_room, missed->unsent});
    if (const Holder::Lapses lapses = holder->lapses(); lapses.times > 0)
        run_.journal.add(event::HoldLapsed{lapses.times, seconds(lapses.lasted)});
}

}  // namespace netcut
