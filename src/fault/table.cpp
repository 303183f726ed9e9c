// SPDX-License-Identifier: Apache-2.0
#include "fault/table.h"

#include <fmt/format.h>
#include <linux/netlink.h>

#include <algorithm>
#include <cerrno>

#include "fault/action_rules.h"
#include "fault/data_reader.h"
#include "fault/fault_rules.h"
#include "fault/flow_rules.h"
#include "fault/hold_plan.h"
#include "fault/holder.h"
#include "fault/lanes.h"
#include "fault/log_prefix.h"
#include "fault/moment_rules.h"
#include "fault/moments.h"
#include "fault/pair_rules.h"
#include "fault/rebind_rules.h"
#include "fault/table_rules.h"
#include "kernel/nftables.h"
#include "kernel/sockdiag.h"

namespace netcut {
namespace {

bool is_silence(const FaultPlan& plan) {
    return plan.trigger && !definition_of(plan.trigger->moment.kind).is_told_by_packet();
}

bool any_takes_links(const std::vector<FaultPlan>& plans) {
    return std::any_of(plans.begin(), plans.end(),
                       [](const FaultPlan& plan) { return plan.link != LinkChange::none; });
}

bool any_holds(const std::vector<FaultPlan>& plans) {
    return std::any_of(plans.begin(), plans.end(), [](const FaultPlan& plan) { return plan.holds(); });
}

std::vector<std::pair<std::string, Direction>> mark_sets(const FaultContext& fault) {
    if (!fault.plan.holds()) return {{fault.name("mark"), Direction::both}};
    return {{fault.name("mark_up"), Direction::up}, {fault.name("mark_down"), Direction::down}};
}

// As nftables compares them: each field of a key in whole registers.
NftKey owner_key(const NodeLink& node) {
    NftKey key(node.eth0.mac.begin(), node.eth0.mac.end());
    key.resize(8);
    const NftKey port = nft_key(static_cast<std::uint32_t>(node.port.index));
    key.insert(key.end(), port.begin(), port.end());
    return key;
}

void add_holding_sets(NftTransaction& transaction, const Fabric& fabric) {
    transaction.add_set({.name = holder_set, .leases = true, .dynamic = true});
    if (fabric.options().kind != FabricKind::bridge) return;
    transaction.add_set({.name = port_owners, .key_size = 12});
    for (std::size_t node = 0; node < fabric.size(); ++node)
        transaction.add_element(port_owners, owner_key(fabric.node(node)));
    if (fabric.name_server() != nullptr)
        transaction.add_element(port_owners, owner_key(*fabric.name_server()));
}

}  // namespace

FaultTable::FaultTable(const Fabric& fabric, std::uint8_t family, NetlinkSocket socket,
                       std::vector<FaultPlan> plans)
    : fabric_(&fabric),
      family_(family),
      socket_(std::move(socket)),
      plans_(std::move(plans)),
      armed_before_(plans_.size()) {
    for (std::size_t number = 0; number < plans_.size(); ++number) prepare_off(number);
}
FaultTable::FaultTable(FaultTable&&) noexcept = default;
FaultTable& FaultTable::operator=(FaultTable&&) noexcept = default;
FaultTable::~FaultTable() = default;

Result<void> FaultTable::probe(const NetNs& apart) {
    NETCUT_ASSIGN(NetlinkSocket socket, NetlinkSocket::open(NETLINK_NETFILTER, &apart));
    NftTransaction transaction(NFPROTO_INET, table_name);
    transaction.add_table();
    Batch batch = transaction.take();
    return socket.commit(batch);
}

Result<FaultTable> FaultTable::lay(Fabric& fabric, std::vector<FaultPlan> plans,
                                   std::optional<std::uint32_t> logged_losses) {
    NETCUT_ASSIGN(const QueuePlan queues, QueuePlan::make(plans, fabric.size()));
    NETCUT_TRY(lay_queues(fabric, plans, queues));
    NETCUT_ASSIGN(NetlinkSocket socket, NetlinkSocket::open(NETLINK_NETFILTER, &fabric.router()));
    FaultTable table(fabric, table_family(fabric), std::move(socket), std::move(plans));
    table.logged_losses_ = logged_losses;
    NftTransaction transaction(table.family_, table_name);
    transaction.add_table();
    add_table_sets(transaction);
    if (any_holds(table.plans_)) add_holding_sets(transaction, fabric);
    add_base_chains(transaction, fabric);
    if (any_takes_links(table.plans_)) add_gone_chain(transaction);
    for (std::size_t number = 0; number < table.plans_.size(); ++number) {
        const FaultPlan& plan = table.plans_[number];
        const FaultContext fault{transaction, fabric, plan, number, logged_losses};
        add_fault_chain(transaction, number);
        if (plan.queues()) {
            for (const auto& [set, way] : mark_sets(fault)) {
                transaction.add_set({.name = set, .to_values = true});
                for (const auto& [before, after] : queues.marks_of({number, way}))
                    transaction.add_value_element(set, nft_key(before), after);
            }
        }
        add_fault(fault);
    }
    add_rebindings(transaction, fabric, table.plans_, logged_losses);
    add_lane_rules(transaction, fabric, table.plans_, queues);
    add_data_counters(transaction, fabric);
    NETCUT_TRY(table.socket_.commit_in_parts(transaction.take()));
    if (any_holds(table.plans_)) {
        NETCUT_ASSIGN(table.holder_,
                      Holder::start(fabric, table.family_, HoldPlan::make(table.plans_, queues)));
    }
    return table;
}

Result<void> FaultTable::add(Fabric& fabric, FaultPlan plan) {
    if (plan.queues())
        return usage_failure("add a fault to a run", "what makes packets wait must be there from the start",
                             "write it into the scenario");
    if (rebinds(plan))
        return usage_failure("add a fault to a run",
                             "what gives flows another port must know from the start who has opened them",
                             "write it into the scenario");
    NftTransaction transaction(family_, table_name);
    const std::size_t number = plans_.size();
    if (plan.link != LinkChange::none && !any_takes_links(plans_)) add_gone_chain(transaction);
    add_fault_chain(transaction, number);
    add_fault({transaction, fabric, plan, number, logged_losses_});
    NETCUT_TRY(socket_.commit_in_parts(transaction.take()));
    plans_.push_back(std::move(plan));
    armed_before_.push_back(false);
    prepare_off(number);
    return {};
}

Batch FaultTable::on_message(std::size_t number, std::optional<Nanoseconds> lease) const {
    NftTransaction transaction(family_, table_name);
    transaction.add_element(engaged, nft_key(engaged_key));
    transaction.add_element(switches, nft_key(static_cast<std::uint32_t>(number)), lease_of(lease));
    return transaction.take();
}

// The oldest first. Those that are older than the table come before the others, in no order.
Result<std::vector<Connection>> FaultTable::live_connections(std::size_t number, std::size_t node) {
    const PacketFilter& filter = plans_[number].filter;
    NETCUT_ASSIGN(const std::vector<Connection> order, connections(number));
    NETCUT_ASSIGN(NetlinkSocket socket, NetlinkSocket::open(NETLINK_SOCK_DIAG, &fabric_->node(node).ns));
    NETCUT_ASSIGN(const std::vector<TcpSocket> sockets, list_tcp_sockets(socket));
    const auto is_peer = [&](const IpAddress& address) {
        return std::any_of(filter.peers.begin(), filter.peers.end(), [&](std::size_t peer) {
            const auto& addresses = fabric_->node(peer).addresses;
            return std::find(addresses.begin(), addresses.end(), address) != addresses.end();
        });
    };
    std::map<std::ptrdiff_t, std::vector<Connection>> by_age;
    for (const TcpSocket& one : sockets) {
        const Connection connection{one.local, one.remote, one.local_port, one.remote_port};
        const bool meant =
            one.state == "ESTABLISHED" && (filter.peers.empty() || is_peer(one.remote)) &&
            (!filter.port || one.local_port == *filter.port || one.remote_port == *filter.port);
        const auto found = std::find(order.begin(), order.end(), connection);
        if (meant) by_age[found == order.end() ? -1 : found - order.begin()].push_back(connection);
    }
    std::vector<Connection> live;
    for (const auto& [age, same] : by_age) live.insert(live.end(), same.begin(), same.end());
    return live;
}

// What opens a connection while the fault is on adds it to those that pass; so do we, with all but one.
Result<void> FaultTable::spare_others(std::size_t number) {
    const int wanted = plans_[number].filter.one_connection;
    NETCUT_ASSIGN(std::vector<Connection> spared, connections(number));
    for (const std::size_t node : plans_[number].nodes) {
        NETCUT_ASSIGN(std::vector<Connection> live, live_connections(number, node));
        const auto size = static_cast<int>(live.size());
        const int chosen = wanted > 0 ? wanted - 1 : size + wanted;
        const bool is_there = chosen >= 0 && chosen < size;
        const Connection dying = is_there ? live[static_cast<std::size_t>(chosen)] : Connection{};
        spared.insert(spared.end(), live.begin(), live.end());
        if (is_there) std::erase(spared, dying);
    }
    if (spared.empty()) return {};
    NftTransaction transaction(family_, table_name);
    std::map<std::string, std::vector<NftKey>> keys;
    for (const Connection& one : spared)
        keys[fault_prefix(number) + "_known" + (one.own.is_v6() ? "6" : "4")].push_back(flow_key(one));
    for (const auto& [set, of_set] : keys) transaction.add_elements(set, of_set);
    return socket_.commit_in_parts(transaction.take());
}

Result<void> FaultTable::on(std::size_t number, Batch& message) {
    if (plans_[number].filter.one_connection != 0) NETCUT_TRY(spare_others(number));
    auto done = commit(message);
    engaged_.insert(number);  // afterwards, since memory takes its time
    tell_holder(number, true);
    return done;
}

Result<void> FaultTable::disarm(std::size_t number) {
    NETCUT_TRY(remove_if_there(armed_set, static_cast<std::uint32_t>(number)));
    return disengage(number);
}

void FaultTable::prepare_off(std::size_t number) {
    NftTransaction transaction(family_, table_name);
    transaction.delete_element(switches, nft_key(static_cast<std::uint32_t>(number)));
    off_.push_back(transaction.take());
}

Result<void> FaultTable::off(std::size_t number) {
    if (plans_[number].trigger) NETCUT_TRY(remove_if_there(armed_set, static_cast<std::uint32_t>(number)));
    NETCUT_TRY(commit_removal(off_[number]));
    tell_holder(number, false);
    if (holder_) NETCUT_TRY(holder_->check());
    NETCUT_TRY(forget(number));
    return disengage(number);
}

void FaultTable::tell_holder(std::size_t number, bool on) {
    if (!holder_ || !plans_[number].holds()) return;
    on ? holder_->fired(number) : holder_->healed(number);
}

Result<void> FaultTable::readdress(std::size_t node) {
    NftTransaction transaction(family_, table_name);
    for (std::size_t number = 0; number < plans_.size(); ++number)
        add_addresses_of_peer({transaction, *fabric_, plans_[number], number}, node);
    if (holder_) holder_->changed(*fabric_, node);
    if (holder_ && fabric_->options().kind == FabricKind::bridge)
        transaction.add_element(port_owners, owner_key(fabric_->node(node)));
    Batch batch = transaction.take();
    return commit(batch);
}

// After the last of them.
Result<void> FaultTable::disengage(std::size_t number) {
    if (engaged_.erase(number) == 0 || !engaged_.empty()) return {};
    return remove_if_there(engaged, engaged_key);
}

// What it has learned while it was on: the next firing begins anew.
Result<void> FaultTable::forget(std::size_t number) {
    const FaultPlan& plan = plans_[number];
    const bool loses = std::holds_alternative<Lose>(plan.action);
    const bool knows = plan.filter.only == PacketFilter::Connections::established;
    if (!loses && !knows && !plan.filter.beyond) return {};
    NftTransaction transaction(family_, table_name);
    const FaultContext fault{transaction, *fabric_, plan, number};
    if (knows) flush_flow_sets(fault, "known");
    forget_allowances(fault);
    if (loses)
        for (const Direction part : {Direction::up, Direction::down}) {
            if (!includes(plan.filter.direction, part)) continue;
            transaction.flush_chain(fault.name(part == Direction::up ? "up_numbers" : "down_numbers"));
            add_loss_numbers(fault, part);
        }
    Batch batch = transaction.take();
    return commit(batch);
}

Result<void> FaultTable::remove_if_there(const std::string& set, std::uint32_t key) {
    NftTransaction transaction(family_, table_name);
    transaction.delete_element(set, nft_key(key));
    Batch batch = transaction.take();
    return commit_removal(batch);
}

// What the kernel has removed by itself is no error.
Result<void> FaultTable::commit_removal(Batch& batch) {
    if (auto done = commit(batch); !done && done.error().code != ENOENT) return done;
    return {};
}

Result<bool> FaultTable::has(const std::string& set, std::size_t number) {
    NETCUT_ASSIGN(const auto keys, read_set(socket_, family_, table_name, set));
    return std::find(keys.begin(), keys.end(), nft_key(static_cast<std::uint32_t>(number))) != keys.end();
}

Result<bool> FaultTable::is_on(std::size_t number) {
    return has(switches, number);
}

Result<void> FaultTable::arm(std::size_t number) {
    const NftKey key = nft_key(static_cast<std::uint32_t>(number));
    if (armed_before_[number]) NETCUT_TRY(remove_if_there(armed_set, static_cast<std::uint32_t>(number)));
    NftTransaction transaction(family_, table_name);
    if (armed_before_[number]) {  // what it has counted is forgotten with its rules
        transaction.flush_chain(fault_prefix(number) + "_count");
        add_moment_rules({transaction, *fabric_, plans_[number], number});
    }
    armed_before_[number] = true;
    engaged_.insert(number);
    transaction.add_element(engaged, nft_key(engaged_key));
    transaction.add_element(armed_set, key, for_ever);
    if (is_silence(plans_[number]))
        transaction.add_element(not_silent, key, plans_[number].trigger->moment.silence);
    Batch batch = transaction.take();
    return commit(batch);
}

Result<CounterValue> FaultTable::read_counted(std::size_t number) {
    const NftKey key = nft_key(static_cast<std::uint32_t>(number));
    NETCUT_ASSIGN(const auto counters, read_set_counters(socket_, family_, table_name, moment_counts, {key}));
    return counters.empty() ? CounterValue{} : counters.begin()->second;
}

Result<bool> FaultTable::is_silent(std::size_t number) {
    NETCUT_ASSIGN(const bool spoke, has(not_silent, number));
    return !spoke;
}

Result<void> FaultTable::add_addresses(std::size_t node, const std::vector<IpAddress>& addresses) {
    NftTransaction transaction(family_, table_name);
    for (std::size_t number = 0; number < plans_.size(); ++number) {
        const auto& nodes = plans_[number].nodes;
        const bool about_it = std::find(nodes.begin(), nodes.end(), node) != nodes.end();
        if (about_it && plans_[number].link != LinkChange::none)
            add_address_counters(transaction, fault_prefix(number), node, addresses);
    }
    Batch batch = transaction.take();
    return commit(batch);
}

Result<std::vector<NodeHits>> FaultTable::read_hits() {
    NETCUT_ASSIGN(const auto values, read_counters(socket_, family_, table_name));
    const auto packets_of = [&](const std::string& what, std::size_t node) -> std::uint64_t {
        const auto found = values.find(counter_name(what, node));
        return found == values.end() ? 0 : found->second.packets;
    };
    std::vector<NodeHits> all;
    for (std::size_t number = 0; number < plans_.size(); ++number) {
        NodeHits& hits = all.emplace_back();
        for (const std::size_t node : plans_[number].nodes)
            hits[node] = {packets_of(fault_prefix(number) + "_hit_up", node),
                          packets_of(fault_prefix(number) + "_hit_down", node),
                          packets_of(fault_prefix(number) + "_seen_up", node),
                          packets_of(fault_prefix(number) + "_seen_down", node),
                          packets_of(fault_prefix(number) + "_rebound_up", node),
                          packets_of(fault_prefix(number) + "_rebound_down", node)};
    }
    return all;
}

Result<std::vector<Connection>> FaultTable::connections(std::size_t number) {
    std::vector<std::pair<Nanoseconds, Connection>> found;
    for (const char* suffix : {"4", "6"}) {
        NETCUT_ASSIGN(const auto leases, read_set_leases(socket_, family_, table_name,
                                                         fault_prefix(number) + "_" + opened + suffix));
        for (const auto& [key, left] : leases)
            if (const auto connection = connection_of(key)) found.emplace_back(left, *connection);
    }
    std::stable_sort(found.begin(), found.end(),
                     [](const auto& a, const auto& b) { return a.first < b.first; });
    std::vector<Connection> ordered;
    for (auto& [left, connection] : found) ordered.push_back(std::move(connection));
    return ordered;
}

Result<DataCounters> FaultTable::read_data(std::size_t node) {
    return read_data_counters(socket_, *fabric_, node);
}

}  // namespace netcut
