// SPDX-License-Identifier: Apache-2.0
#include "recovery/recovery_watch.h"

#include <linux/netlink.h>

#include <algorithm>

#include "fabric/options.h"
#include "kernel/links_read.h"
#include "kernel/netlink.h"
#include "record/event.h"

namespace netcut {
namespace {

// How exactly the time to recover is measured: reading a node's sockets takes some tens of microseconds.
constexpr Nanoseconds look_step = std::chrono::milliseconds(5);
// What is silent for long is looked at less often, and so is what a fault still stops.
constexpr Nanoseconds soon = std::chrono::seconds(30);
constexpr Nanoseconds late_step = 20 * look_step, fault_step = 10 * look_step;
// The thread has other things to do: so many nodes a step, and it rests so many times as long as it looked.
constexpr std::size_t most_at_once = 32;
constexpr int rest_after_look = 4;
constexpr std::size_t most_unresolved = 20;
constexpr std::size_t most_asked = 256;  // nodes, for neighbours that they seek in vain

std::optional<Nanoseconds> later(const std::optional<Nanoseconds>& a, const std::optional<Nanoseconds>& b) {
    return a && b ? std::max(a, b) : std::nullopt;
}

std::optional<Nanoseconds> earlier(const std::optional<Nanoseconds>& a, const std::optional<Nanoseconds>& b) {
    return a && b ? std::min(a, b) : a ? a : b;
}

}  // namespace

RecoveryWatch::Observer RecoveryWatch::into_journal(Journal& journal, const Fabric& fabric, std::string fault,
                                                    std::function<void(Error)> failed) {
    return {[&journal, &fabric, fault](std::size_t node, const Recovery& found) {
                journal.add(event::NodeRecovered{found}, {fabric.node(node).name, fault});
            },
            [&journal, &fabric, fault](std::size_t node, const Recovery& found) {
                journal.add(event::NodeUnrecovered{found}, {fabric.node(node).name, fault});
            },
            std::move(failed)};
}

RecoveryWatch::RecoveryWatch(boost::asio::io_context& io, Fabric& fabric, FaultTable& table,
                             SocketReader& sockets, WorkTap& tap, FaultPlan plan, const FaultKind& kind,
                             Observer observer)
    : fabric_(fabric),
      table_(table),
      sockets_(sockets),
      tap_(tap),
      plan_(std::move(plan)),
      kind_(kind),
      observer_(std::move(observer)),
      timer_(io),
      relayed_(fabric, tap, owners_) {}

bool RecoveryWatch::could_hit(std::size_t node, const ConversationKey& key, bool was_there, bool udp) const {
    const auto peers = relayed_.peers_at(node, key);
    if (kind_.processes == ProcessEffect::names || peers.front() == node) return false;
    if (!plan_.filter.port && is_name_server(std::get<2>(key))) return false;
    const auto only = plan_.filter.only;
    if (only == PacketFilter::Connections::fresh && was_there) return false;
    if (only == PacketFilter::Connections::established && !was_there && !healed_) return false;
    if (const auto* forget = std::get_if<ForgetIdle>(&plan_.action); forget != nullptr && forget->udp != udp)
        return false;
    if (std::holds_alternative<Rebind>(plan_.action) && !udp) return false;
    return std::any_of(peers.begin(), peers.end(), [&](const auto& peer) {
        return acts_on(plan_, node, peer, std::get<1>(key), std::get<3>(key));
    });
}

// Names are asked for anew, or not at all, whatever became of a question.
bool RecoveryWatch::is_name_server(const IpAddress& address) const {
    const NodeLink* server = fabric_.name_server();
    return server != nullptr &&
           std::find(server->addresses.begin(), server->addresses.end(), address) != server->addresses.end();
}

void RecoveryWatch::learn_addresses() {
    for (std::size_t node = 0; node < fabric_.size(); ++node)
        for (const IpAddress& address : fabric_.node(node).addresses) owners_[address] = node;
}

void RecoveryWatch::begin_tap() {
    taps_ = true;
    if (auto begun = tap_.begin(); !begun) observer_.failed(std::move(begun).error());
}

void RecoveryWatch::let_go_of_tap() {
    if (!std::exchange(taps_, false)) return;
    if (auto ended = tap_.end(); !ended) observer_.failed(std::move(ended).error());
}

void RecoveryWatch::fired() {
    finish();
    healed_.reset();
    subjects_.clear();
    next_ = 0;
    learn_addresses();
    begin_tap();
    for (const std::size_t node : plan_.nodes)
        subjects_.emplace(node,
                          Subject{Conversations([this, node](const TcpSocket& socket, bool was_there) {
                                      return could_hit(node, conversation_key(socket), was_there, false);
                                  }),
                                  DatagramFlows([this, node](const ConversationKey& flow, bool was_there) {
                                      return could_hit(node, flow, was_there, true);
                                  })});
    std::vector<TcpSocket> there;
    look_at_all([&](Subject& subject, const Sample& sample) {
        subject.conversations.at_fire(sample.sockets);
        subject.flows.at_fire(sample.flows);
        subject.at_fire = sample.data;
        there.insert(there.end(), sample.sockets.own.begin(), sample.sockets.own.end());
    });
    if (auto left_out = tap_.leave_out(there); !left_out) observer_.failed(std::move(left_out).error());
    look_again();
}

// With many nodes the heal would wait for it.
void RecoveryWatch::heals() {
    looked_before_heal_ = subjects_.size() <= most_at_once;
    if (looked_before_heal_) look_at_heal();
}

void RecoveryWatch::healed(Clock::time_point when) {
    learn_addresses();
    if (!std::exchange(looked_before_heal_, false)) look_at_heal();
    for (auto& [node, subject] : subjects_) subject.looked = when;
    healed_ = when;
    look_again();
}

void RecoveryWatch::look_at_heal() {
    look_at_all([](Subject& subject, const Sample& sample) {
        subject.conversations.at_heal(sample.sockets);
        subject.flows.at_heal(sample.flows);
        subject.at_heal = sample.data;
    });
}

void RecoveryWatch::look_at_all(const std::function<void(Subject&, const Sample&)>& take) {
    Read read;
    for (auto& [node, subject] : subjects_) {
        auto sampled = sample(node, subject, read);
        if (!sampled) return observer_.failed(std::move(sampled).error());
        take(subject, *sampled);
    }
}

// Goes on until all have recovered, or somebody calls it off.
void RecoveryWatch::look_again(Nanoseconds rest) {
    const bool late = healed_ && Clock::now() - *healed_ > soon;
    timer_.expires_after(std::max(rest, !healed_ ? fault_step : late ? late_step : look_step));
    timer_.async_wait([this, mine = ++use_](boost::system::error_code error) {
        if (error || mine != use_) return;
        const auto begin = Clock::now();
        look_at_some();
        const bool all = std::all_of(subjects_.begin(), subjects_.end(),
                                     [](const auto& entry) { return entry.second.recovered; });
        if (all) let_go_of_tap();
        if (mine == use_ && !all) look_again(rest_after_look * (Clock::now() - begin));
    });
}

// The nodes' turn comes one after the other; those that have recovered are not looked at any more.
void RecoveryWatch::look_at_some() {
    Read read;
    for (std::size_t i = 0, looked = 0; i < plan_.nodes.size() && looked < most_at_once; ++i) {
        const std::size_t node = plan_.nodes[next_];
        next_ = (next_ + 1) % plan_.nodes.size();
        if (subjects_.at(node).recovered) continue;
        ++looked;
        if (auto done = look(node, read); !done) return observer_.failed(std::move(done).error());
    }
}

void RecoveryWatch::look_at(std::size_t node) {
    const auto found = subjects_.find(node);
    if (found == subjects_.end() || found->second.recovered) return;
    Read read;
    if (auto done = look(node, read); !done) observer_.failed(std::move(done).error());
}

Result<void> RecoveryWatch::look(std::size_t node, Read& read) {
    Subject& subject = subjects_.at(node);
    NETCUT_ASSIGN(const Sample sampled, sample(node, subject, read));
    const auto went_both_ways = [&](const DataCounters& before) {
        return sampled.data.up.packets > before.up.packets && sampled.data.down.packets > before.down.packets;
    };
    subject.exchanged = subject.exchanged || went_both_ways(subject.at_fire);
    if (!healed_) {
        subject.conversations.during(sampled.sockets);
        subject.flows.during(sampled.flows);
        return {};
    }
    const auto now = Clock::now();
    subject.largest_gap =
        std::max<Nanoseconds>(subject.largest_gap, now - std::exchange(subject.looked, now));
    subject.conversations.after(sampled.sockets, now - *healed_);
    subject.flows.after(sampled.flows, now - *healed_);
    if (!subject.sent && sampled.data.up.packets > subject.at_heal.up.packets) subject.sent = now - *healed_;
    if (!subject.received && sampled.data.down.packets > subject.at_heal.down.packets)
        subject.received = now - *healed_;
    const Recovery recovery = recovery_of(subject);
    const bool all_went_on = subject.conversations.all_went_on() && subject.flows.all_went_on();
    if (!recovery.network_back() || !recovery.worked || !all_went_on) return {};
    subject.recovered = true;
    observer_.recovered(node, recovery);
    return {};
}

Result<RecoveryWatch::Sample> RecoveryWatch::sample(std::size_t node, Subject& subject, Read& read) {
    NETCUT_ASSIGN(const DataCounters data, table_.read_data(node));
    SocketSample sample;
    sample.work = [this](const ConversationKey& key) { return relayed_.seen_on(key); };
    sample.who = [this](const IpAddress& address) { return owner_name(address); };
    if (fabric_.sites() != nullptr)
        sample.who_beyond = [this](const ConversationKey& key) { return relayed_.who(key); };
    NETCUT_ASSIGN(const auto* own, sockets_of(node, read));
    sample.own = *own;
    const auto& addresses = fabric_.node(node).addresses;
    sample.addresses.insert(addresses.begin(), addresses.end());
    for (const TcpSocket& socket : sample.own)
        if (const auto owner = relayed_.owner(socket); owner && *owner != node)
            if (subject.peers.insert(*owner).second) sample.new_peers.insert(fabric_.node(*owner).name);
    for (const std::size_t peer : subject.peers) {
        NETCUT_ASSIGN(const auto* ends, ends_towards(node, peer, read));
        for (const TcpSocket* end : *ends) sample.other_ends[relayed_.key_of_other(*end)] = *end;
    }
    relayed_.join(sample);
    NETCUT_TRY(tap_.read());  // after the sockets: it knows how each of these began
    sample.worked = take_worked(node, subject);
    NETCUT_ASSIGN(FlowSample flows, sample_flows(node, read));
    return Sample{std::move(sample), std::move(flows), data};
}

std::vector<ConversationKey> RecoveryWatch::take_worked(std::size_t node, Subject& subject) const {
    std::vector<ConversationKey> taken;
    const auto is_own = [&](const IpAddress& address) {
        const auto owner = owners_.find(address);
        return owner != owners_.end() && owner->second == node;
    };
    const auto& all = tap_.worked();
    for (; subject.worked < all.size(); ++subject.worked) {
        const ConversationKey& key = all[subject.worked];
        if (is_own(std::get<0>(key))) taken.push_back(key);
        if (is_own(std::get<2>(key))) taken.push_back(turned(key));
    }
    return taken;
}

Result<DatagramCounts> RecoveryWatch::read_datagrams() {
    NETCUT_ASSIGN(auto seen, table_.read_datagrams());
    NETCUT_ASSIGN(auto counts, reveal_ends(fabric_.sites(), datagram_ends_, std::move(seen)));
    if (fabric_.sites() != nullptr) undo_flips(counts, port_flips());
    return counts;
}

PortFlips RecoveryWatch::port_flips() const {
    PortFlips flips;
    for (const FaultPlan& plan : table_.plans())
        if (const auto* rebind = std::get_if<Rebind>(&plan.action))
            for (const auto& [address, owner] : owners_)
                if (std::find(plan.nodes.begin(), plan.nodes.end(), owner) != plan.nodes.end())
                    flips[address].insert(rebind->flip);
    return flips;
}

Result<FlowSample> RecoveryWatch::sample_flows(std::size_t node, Read& read) {
    if (!read.datagrams) {
        NETCUT_ASSIGN(read.datagrams, read_datagrams());
    }
    FlowSample sample;
    if (read.datagrams->empty()) return sample;
    std::set<IpAddress> addresses;  // also those that it had
    for (const auto& [address, owner] : owners_)
        if (owner == node) addresses.insert(address);
    sample.flows = flows_of(addresses, *read.datagrams);
    sample.who = [this](const IpAddress& address) { return owner_name(address); };
    if (sample.flows.empty()) return sample;
    NETCUT_ASSIGN(sample.held, sockets_.read_udp_ports(node));
    return sample;
}

// What the node seeks in vain, and what others seek of it. Routed, all neighbours are permanent.
Result<std::vector<UnresolvedNeighbour>> RecoveryWatch::unresolved_about(std::size_t node) const {
    std::vector<UnresolvedNeighbour> all;
    if (fabric_.options().kind != FabricKind::bridge) return all;
    for (std::size_t one = 0; one < std::min(fabric_.size(), most_asked); ++one) {
        NETCUT_ASSIGN(auto socket, NetlinkSocket::open(NETLINK_ROUTE, &fabric_.node(one).ns));
        NETCUT_ASSIGN(const auto addresses, list_unresolved(socket));
        for (const IpAddress& address : addresses) {
            const auto owner = owners_.find(address);
            const bool about_it = owner != owners_.end() && (one == node || owner->second == node);
            if (about_it && all.size() < most_unresolved)
                all.push_back({fabric_.node(one).name, address.to_string(), owner_name(address)});
        }
    }
    return all;
}

std::string RecoveryWatch::owner_name(const IpAddress& address) const {
    const auto owner = owners_.find(address);
    return owner == owners_.end() ? std::string() : fabric_.node(owner->second).name;
}

Result<const std::vector<TcpSocket>*> RecoveryWatch::sockets_of(std::size_t node, Read& read) {
    if (const auto found = read.sockets.find(node); found != read.sockets.end()) return &found->second;
    NETCUT_ASSIGN(auto sockets, sockets_.read(node));
    return &(read.sockets[node] = std::move(sockets));
}

// The sockets of `peer` whose other end is this node.
Result<const std::vector<const TcpSocket*>*> RecoveryWatch::ends_towards(std::size_t node, std::size_t peer,
                                                                         Read& read) {
    if (!read.sorted.contains(peer)) {
        NETCUT_ASSIGN(const auto* sockets, sockets_of(peer, read));
        auto& sorted = read.sorted[peer];
        for (const TcpSocket& socket : *sockets)
            if (const auto owner = relayed_.owner(socket)) sorted[*owner].push_back(&socket);
    }
    return &read.sorted[peer][node];
}

void RecoveryWatch::progressed(std::size_t node) {
    const auto found = subjects_.find(node);
    if (!healed_ || found == subjects_.end() || found->second.progressed) return;
    found->second.progressed = Clock::now() - *healed_;
}

// What passed at the port tells of nodes that have neither connections nor flows.
Recovery RecoveryWatch::recovery_of(const Subject& subject) {
    const Conversations& conversations = subject.conversations;
    const DatagramFlows& flows = subject.flows;
    Recovery recovery;
    recovery.next_round = subject.progressed;
    recovery.largest_gap = subject.largest_gap;
    if (!conversations.any() && !flows.any()) {
        recovery.sent = subject.sent;
        recovery.received = subject.received;
        recovery.worked = recovery.network_back();
        recovery.exchanged = subject.exchanged;
        return recovery;
    }
    recovery.conversations = conversations.list();
    const std::vector<Conversation> of_udp = flows.list();
    recovery.conversations.insert(recovery.conversations.end(), of_udp.begin(), of_udp.end());
    recovery.sent = earlier(conversations.sent(), flows.sent());
    recovery.received = earlier(conversations.received(), flows.received());
    recovery.worked = earlier(conversations.worked(), later(flows.sent(), flows.received()));
    recovery.others = conversations.others() + flows.others();
    recovery.exchanged = conversations.exchanged() || flows.exchanged();
    return recovery;
}

// In a crowd the last look may be long ago, and what came since would be missing for ever.
void RecoveryWatch::look_a_last_time() {
    Read read;
    for (const auto& [node, subject] : subjects_) {
        if (subject.recovered) continue;
        if (auto done = look(node, read); !done) return observer_.failed(std::move(done).error());
    }
}

void RecoveryWatch::finish() {
    ++use_;
    timer_.cancel();
    if (!healed_) return;
    look_a_last_time();
    for (auto& [node, subject] : subjects_) {
        if (std::exchange(subject.recovered, true)) continue;
        Recovery recovery = recovery_of(subject);
        if (auto unresolved = unresolved_about(node))
            recovery.unresolved = std::move(*unresolved);
        else
            observer_.failed(std::move(unresolved).error());
        observer_.unrecovered(node, recovery);
    }
    let_go_of_tap();
}

void RecoveryWatch::end() {
    if (!healed_ && !subjects_.empty()) healed(Clock::now());
    finish();
}

}  // namespace netcut
