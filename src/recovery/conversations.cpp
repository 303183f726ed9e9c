// SPDX-License-Identifier: Apache-2.0
#include "recovery/conversations.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <string_view>
#include <tuple>
#include <utility>

#include "sockets/relayed_ends.h"

namespace netcut {
namespace {

// A FIN takes one number in sequence, as a SYN does, and is no data.
constexpr std::uint32_t fin_alone = 1;
// A node may open connections without end.
constexpr std::size_t most_tracked = 4096;
constexpr std::size_t most_ended = 65'536;
constexpr std::size_t most_listed = 20;  // of each outcome
// TLS and HTTP/2 set up a connection by some kilobytes, certificates included.
constexpr std::uint64_t longest_set_up = 65'536;

// By its program, which had it: one that was not accepted yet has no program either.
bool is_closed(const TcpSocket& socket) {
    constexpr std::string_view states[] = {"FIN_WAIT1", "FIN_WAIT2", "CLOSING", "LAST_ACK", "TIME_WAIT"};
    return !socket.held && std::find(std::begin(states), std::end(states), socket.state) != std::end(states);
}

bool is_closed_in_order(const TcpSocket& socket) {
    return is_closed(socket) && socket.send_queue <= fin_alone;
}

bool is_within_node(const ConversationKey& key) {
    return std::get<2>(key).is_loopback() || std::get<2>(key) == std::get<0>(key);
}

const TcpSocket* socket_of(const std::map<ConversationKey, TcpSocket>& sockets, const ConversationKey& key) {
    const auto found = sockets.find(key);
    return found == sockets.end() ? nullptr : &found->second;
}

// The same connection, as its other end sees it.
TcpSocket mirrored(TcpSocket socket) {
    std::swap(socket.local, socket.remote);
    std::swap(socket.local_port, socket.remote_port);
    return socket;
}

// One that no sample has of a connection, because a reset has ended it.
TcpSocket passed_socket(const ConversationKey& key) {
    TcpSocket socket;
    std::tie(socket.local, socket.local_port, socket.remote, socket.remote_port) = key;
    socket.held = false;
    return socket;
}

// Of a socket of the node. Nobody gives or takes link-local addresses.
bool is_foreign(const IpAddress& local, const std::set<IpAddress>& addresses) {
    return !addresses.contains(local) && !(local.is_v6() && local.to_v6().is_link_local());
}

std::string endpoint_text(const IpAddress& address, std::uint16_t port) {
    return fmt::format("{} port {}", address.to_string(), port);
}

}  // namespace

ConversationKey conversation_key(const TcpSocket& socket) {
    return {socket.local, socket.local_port, socket.remote, socket.remote_port};
}

bool acts_on(const FaultPlan& plan, std::size_t node, std::optional<std::size_t> peer,
             std::uint16_t local_port, std::uint16_t remote_port) {
    const PacketFilter& filter = plan.filter;
    if (filter.port && local_port != *filter.port && remote_port != *filter.port) return false;
    if (!plan.pairs.empty())
        return std::any_of(plan.pairs.begin(), plan.pairs.end(), [&](const auto& pair) {
            return (pair.first == node && pair.second == peer) || (pair.second == node && pair.first == peer);
        });
    return filter.peers.empty() ||
           (peer && std::find(filter.peers.begin(), filter.peers.end(), *peer) != filter.peers.end());
}

// It came and went since the sample before: none saw the program that had it.
void Conversations::note_passed(const ConversationKey& key, const TcpSocket& socket,
                                const SocketSample& sample) {
    if (!fired_ || is_within_node(key) || tracked_.contains(key)) return;
    if (known_.size() >= most_ended || !known_.insert(key).second) return;
    if (healed_) begin(key, socket, sample);
    if (has_worked(sample.work_on(key))) sent_since_fire_ = received_since_fire_ = true;
}

// Both its ends have closed it since the sample before, so that all that was sent had arrived.
void Conversations::note_end(const ConversationKey& key, const SocketSample& sample) {
    if (ended_.size() >= most_ended || !ended_.insert(key).second || !fired_) return;
    const auto tracked = tracked_.find(key);
    const bool was_used = tracked != tracked_.end() && (tracked->second.is_new || tracked->second.held);
    if (was_used && has_worked(sample.work_on(key))) sent_since_fire_ = received_since_fire_ = true;
}

void Conversations::begin(const ConversationKey& key, const TcpSocket& socket, const SocketSample& sample) {
    if (is_within_node(key) || tracked_.contains(key) || tracked_.size() >= most_tracked) return;
    Tracked& one = tracked_[key];
    one.peer = sample.peer_of(key);
    one.could_be_hit = could_hit_(socket, !fired_);
    one.last = socket;
    one.held = true;  // now, or since the sample before
    one.is_new = healed_;
    any_ = true;
}

void Conversations::follow(Tracked& one, const TcpSocket* own, const TcpSocket* other) {
    if (own != nullptr) one.left = one.left || (!own->held && own->send_queue > fin_alone);
    one.was_held = std::exchange(one.held, own != nullptr && own->held && !one.left);
    if (own != nullptr) {
        one.closed = one.closed || is_closed_in_order(*own);
        if (own->state != "TIME_WAIT") one.last = *own;
    }
    one.closed = !one.left && (one.closed || (other != nullptr && other->state == "TIME_WAIT"));
    one.missing = other != nullptr || one.last.state == "SYN_SENT" ? 0 : one.missing + 1;
    if (other != nullptr) one.other = *other;
}

void Conversations::see_own(const ConversationKey& key, const TcpSocket& socket, const SocketSample& sample) {
    // One that was just closed when the fault came may lose a FIN, and nothing more.
    if (socket.held || (!fired_ && is_closed_in_order(socket))) begin(key, socket, sample);
    if (is_closed(socket) && (is_closed_in_order(socket) || sample.work_on(key).state == WorkState::work))
        note_passed(key, socket, sample);
    if (socket.state == "TIME_WAIT") note_end(key, sample);
    // What was closed in the fault, and comes to its end after the heal, is nobody's any more.
    const bool is_known = socket.held || !fired_ || (is_closed(socket) && !healed_);
    if (is_known && known_.size() < most_ended) known_.insert(key);
}

// Of another end alone, which was read a moment later, nothing is to be concluded before it has come to its end.
void Conversations::see_other(const ConversationKey& key, const TcpSocket& socket,
                              const SocketSample& sample) {
    if (sample.new_peers.contains(sample.who(socket.local)) || !fired_) {
        if (known_.size() < most_ended) known_.insert(key);
        if (socket.state == "TIME_WAIT" && ended_.size() < most_ended) ended_.insert(key);
    }
    if (socket.state != "TIME_WAIT") return;
    note_passed(key, mirrored(socket), sample);
    note_end(key, sample);
}

// What is new, what is gone, and the last that was known of each.
void Conversations::see(const SocketSample& sample) {
    std::map<ConversationKey, TcpSocket> own;
    for (const TcpSocket& socket : sample.own) {
        const ConversationKey key = conversation_key(socket);
        own[key] = socket;
        see_own(key, socket, sample);
    }
    for (const auto& [key, other] : sample.other_ends) see_other(key, other, sample);
    for (const ConversationKey& key : sample.worked)
        if (!own.contains(key)) note_passed(key, passed_socket(key), sample);
    for (auto& [key, one] : tracked_) {
        one.address_gone = is_foreign(std::get<0>(key), sample.addresses);
        follow(one, socket_of(own, key), socket_of(sample.other_ends, key));
        one.work = sample.work_on(key);
        if (one.peer.empty()) one.peer = sample.peer_of(key);  // a proxy has told it meanwhile
        const bool was_set_up =
            one.at_fire && std::max(one.acked_at_fire, one.received_at_fire) > longest_set_up;
        if (one.work.state == WorkState::unclear && was_set_up) one.work = {};
        if (fired_) note_exchange(one);
    }
}

bool Conversations::has_worked(const OpenedWork& work) {
    return work.state == WorkState::work || work.state == WorkState::any_data;
}

// What the kernel does for a program that is gone is nobody's data.
void Conversations::note_exchange(const Tracked& one) {
    if (one.left || (!one.held && !one.closed) || !has_worked(one.work)) return;
    sent_since_fire_ = sent_since_fire_ || sent_by(one.last) > one.acked_at_fire;
    received_since_fire_ = received_since_fire_ || received_by(one.last) > one.received_at_fire;
}

// Ends are read one after the other, so that one that closes looks so for a moment.
bool Conversations::is_half_open(const Tracked& one) {
    return one.held && !one.peer.empty() && one.missing > 1;
}

void Conversations::at_fire(const SocketSample& sample) {
    see(sample);
    fired_ = true;
    for (auto& [key, one] : tracked_) {
        one.at_fire = true;
        one.acked_at_fire = sent_by(one.last);
        one.received_at_fire = received_by(one.last);
        one.retransmits_at_fire = one.last.total_retransmits;
        one.other_retransmits_at_fire = one.other.total_retransmits;
    }
}

void Conversations::during(const SocketSample& sample) {
    see(sample);
}

void Conversations::at_heal(const SocketSample& sample) {
    see(sample);
    healed_ = true;
    for (auto& [key, one] : tracked_) judge_at_heal(one);
}

void Conversations::judge_at_heal(Tracked& one) {
    one.acked_at_heal = sent_by(one.last);
    one.received_at_heal = received_by(one.last);
    if (!one.could_be_hit) {  // but it may have taken the place of one that was
        if (one.at_fire || !has_worked(one.work)) return;
        if (one.acked_at_heal > 0) one.sent = Nanoseconds(0);
        if (one.received_at_heal > 0) one.received = Nanoseconds(0);
        return;
    }
    one.touched = one.last.total_retransmits > one.retransmits_at_fire ||
                  one.other.total_retransmits > one.other_retransmits_at_fire;
    one.touched = one.touched || (one.at_fire && !one.held && one.last.send_queue > 0);
    one.settled = one.closed;
    if (one.settled) return;
    one.awaits_sent = one.last.send_queue > fin_alone || one.last.state == "SYN_SENT";
    one.awaits_received = one.other.send_queue > fin_alone || one.last.state == "SYN_SENT";
    one.stopped = one.awaits_sent || one.awaits_received || is_over(one);
    // A request that could not be sent has no answer yet.
    if (one.awaits_sent) one.awaits_received = true;
    one.touched = one.touched || one.stopped;
}

void Conversations::after(const SocketSample& sample, Nanoseconds since_heal) {
    see(sample);
    for (auto& [key, one] : tracked_) {
        // It comes back under another address with the heal.
        if (one.address_gone && one.could_be_hit && !one.is_new && !one.settled)
            one.stopped = one.touched = true;
        note_data(one, since_heal);
    }
    for (auto& [key, one] : tracked_)
        if (one.stopped && !one.went_on && is_over(one)) {
            find_successor(one);
            find_replacement(one);
        }
    std::erase_if(tracked_, [](const auto& entry) { return entry.second.is_new && !entry.second.held; });
}

void Conversations::note_data(Tracked& one, Nanoseconds since_heal) {
    // What was asked and answered while its program had it is work, whatever was in flight when that closed it.
    const bool had_program = one.held || one.was_held || one.closed;
    const bool by_packets = one.work.state == WorkState::work && one.work.ago <= since_heal && had_program;
    if (one.settled || (!by_packets && (one.left || (!one.held && !one.closed)))) return;
    const bool has_sent = sent_by(one.last) > one.acked_at_heal;
    const bool has_received = received_by(one.last) > one.received_at_heal;
    // Between two samples it may have gone on and come to its end, or have come and gone.
    const bool went_on_to_its_end = one.closed && (one.is_new || one.awaits_sent || one.awaits_received);
    const Nanoseconds when = by_packets ? since_heal - one.work.ago : since_heal;
    if (!one.sent && has_worked(one.work) && (has_sent || by_packets || went_on_to_its_end)) one.sent = when;
    if (!one.received && has_worked(one.work) && (has_received || by_packets || went_on_to_its_end))
        one.received = when;
    if (!one.could_be_hit) return;
    // The end of a connection is no data that anybody saw.
    if ((has_sent || by_packets) && !sent_) sent_ = when;
    if ((has_received || by_packets) && !received_) received_ = when;
    if (has_worked(one.work) && (has_sent || by_packets) && !work_sent_) work_sent_ = when;
    if (has_worked(one.work) && (has_received || by_packets) && !work_received_) work_received_ = when;
    if (!one.stopped || one.went_on || !(one.awaits_sent || one.awaits_received)) return;
    const bool got_through = (!one.awaits_sent || one.sent) && (!one.awaits_received || one.received);
    if (got_through) one.went_on = by_packets ? when : since_heal;
}

std::optional<Nanoseconds> Conversations::worked() const {
    if (!work_sent_ || !work_received_) return {};
    return std::max(*work_sent_, *work_received_);
}

bool Conversations::is_successor(const Tracked& other, const Tracked& one) {
    const bool same_service = other.peer == one.peer && (other.last.remote_port == one.last.remote_port ||
                                                         other.last.local_port == one.last.local_port);
    return &other != &one && !other.at_fire && same_service;
}

// Connected, and what it said may be no more than how TLS and HTTP/2 begin.
void Conversations::find_successor(Tracked& one) {
    one.successor.reset();
    for (const auto& [key, other] : tracked_) {
        if (!is_successor(other, one) || has_worked(other.work)) continue;
        if (other.held && received_by(other.last) > 0) one.successor = other.work.state;
        if (other.closed && other.work.state == WorkState::unclear) one.had_unclear_successor = true;
    }
    if (!one.successor && one.had_unclear_successor) one.successor = WorkState::unclear;
}

void Conversations::find_replacement(Tracked& one) {
    if (one.replaced) return;
    for (const auto& [key, other] : tracked_) {
        if (!is_successor(other, one) || !other.sent || !other.received) continue;
        const Nanoseconds when = std::max(*other.sent, *other.received);
        if (!one.replaced || when < *one.replaced) one.replaced = when;
    }
}

bool Conversations::all_went_on() const {
    return std::all_of(tracked_.begin(), tracked_.end(), [](const auto& entry) {
        const Tracked& one = entry.second;
        return !one.stopped || one.went_on || one.replaced;
    });
}

Conversation Conversations::conclude(const Tracked& one) {
    using Outcome = Conversation::Outcome;
    const std::string local = endpoint_text(one.last.local, one.last.local_port);
    const std::string remote = endpoint_text(one.last.remote, one.last.remote_port);
    if (!one.stopped) return {one.peer, local, remote, Outcome::went_on, {}, false};
    // A way that it has never carried data is not waited for.
    const bool one_way = one.sent && received_by(one.last) == 0;
    const auto successor =
        one.went_on || one.replaced || (one.held && !is_over(one) && has_worked(one.work)) ? std::nullopt
        : !has_worked(one.work) && one.held && received_by(one.last) > 0 ? std::optional(one.work.state)
                                                                         : one.successor;
    const auto after = one.went_on    ? one.went_on
                       : one.replaced ? one.replaced
                       : one_way      ? one.sent
                                      : std::nullopt;
    const Outcome outcome = one.went_on || one_way                            ? Outcome::resumed
                            : one.replaced || successor == WorkState::unclear ? Outcome::replaced
                            : successor                                       ? Outcome::connected
                            : !one.held                                       ? Outcome::given_up
                            : one.address_gone                                ? Outcome::address_gone
                            : is_half_open(one)                               ? Outcome::half_open
                                                                              : Outcome::stuck;
    return {one.peer, local, remote, outcome, after, false};
}

std::vector<Conversation> Conversations::list() const {
    std::map<Conversation::Outcome, std::vector<Conversation>> by_outcome;
    for (const auto& [key, one] : tracked_) {
        if (!one.touched) continue;
        Conversation conversation = conclude(one);
        by_outcome[conversation.outcome].push_back(std::move(conversation));
    }
    std::vector<Conversation> all;
    for (auto& [outcome, some] : by_outcome) {
        std::stable_sort(some.begin(), some.end(),
                         [](const auto& a, const auto& b) { return a.after > b.after; });
        some.resize(std::min(some.size(), most_listed));
        all.insert(all.end(), some.begin(), some.end());
    }
    return all;
}

std::size_t Conversations::others() const {
    return static_cast<std::size_t>(std::count_if(tracked_.begin(), tracked_.end(), [](const auto& entry) {
        return !entry.second.touched && !entry.second.is_new;
    }));
}

}  // namespace netcut
