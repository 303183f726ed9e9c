// SPDX-License-Identifier: Apache-2.0
//
// The TCP connections of one node that one firing of a fault could hit, from samples of sockets: which of
// them it stopped, and what became of these after the heal. Pure.
#pragma once

#include <functional>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "base/time.h"
#include "fault/plan.h"
#include "kernel/address.h"
#include "kernel/sockdiag.h"
#include "record/recovery.h"
#include "recovery/first_work.h"

namespace netcut {

ConversationKey conversation_key(const TcpSocket& socket);

// Whether the fault acts on packets between these ports of the node and of that one; none: it is not of the run.
bool acts_on(const FaultPlan& plan, std::size_t node, std::optional<std::size_t> peer,
             std::uint16_t local_port, std::uint16_t remote_port);

// Of a connection whose beginning was seen: whether it has carried more than its set-up, and how long ago it first had.
struct OpenedWork {
    WorkState state = WorkState::any_data;
    Nanoseconds ago{0};
};

// The sockets of the node and those of its peers, read at about the same time.
struct SocketSample {
    std::vector<TcpSocket> own;
    std::map<ConversationKey, TcpSocket>
        other_ends;                   // of nodes that were read, by the key of this node's end
    std::set<IpAddress> addresses;    // that the node has
    std::set<std::string> new_peers;  // that were not read before: what has ended there may have long ago
    // The node that has or had the address; empty: none of the run's.
    std::function<std::string(const IpAddress&)> who;
    // The same by the key of this node's end, of connections that a proxy relays; unset: there is none.
    std::function<std::string(const ConversationKey&)> who_beyond;
    std::string peer_of(const ConversationKey& key) const {
        return who_beyond ? who_beyond(key) : who(std::get<2>(key));
    }
    std::function<OpenedWork(const ConversationKey&)> work;  // unset: of all of them any data is work
    // By the key of this node's end: those that were seen to carry work since the sample before, by their packets.
    std::vector<ConversationKey> worked;
    OpenedWork work_on(const ConversationKey& key) const { return work ? work(key) : OpenedWork{}; }
};

class Conversations {
  public:
    // Whether the fault acts on packets of this connection, which was there before it or not.
    using Filter = std::function<bool(const TcpSocket& socket, bool was_there)>;
    explicit Conversations(Filter could_hit) : could_hit_(std::move(could_hit)) {}

    void at_fire(const SocketSample& sample);
    void during(const SocketSample& sample);
    void at_heal(
        const SocketSample& sample);  // or right before it: then `after` sees all that it makes possible
    void after(const SocketSample& sample, Nanoseconds since_heal);

    // Each that was stopped has gone on, or was replaced.
    bool all_went_on() const;
    // When the first new data went each way on any of them, since the heal.
    std::optional<Nanoseconds> sent() const { return sent_; }
    std::optional<Nanoseconds> received() const { return received_; }
    // When data had gone both ways: of connections that were opened since the firing, more than their set-up.
    std::optional<Nanoseconds> worked() const;
    // Whether new data went both ways since the firing, on any connection of the node.
    bool exchanged() const { return sent_since_fire_ && received_since_fire_; }
    bool any() const { return any_; }
    // Those that lost packets, as they are now.
    std::vector<Conversation> list() const;
    // How many were there that did not.
    std::size_t others() const;

  private:
    struct Tracked {
        std::string peer;
        bool could_be_hit = true;
        TcpSocket last, other;  // its two ends, as they were seen last
        bool at_fire = false;   // it was there then
        bool is_new = false;    // it began after the heal
        bool held = false;      // a living program has it
        bool was_held = false;  // a look ago
        bool left = false;      // its program has closed it, and not all had arrived
        bool closed = false;    // in order: all had arrived
        bool address_gone = false;
        unsigned missing = 0;  // so many samples ago the other end was seen last
        bool touched = false;  // it lost packets
        bool settled = false;  // closed before the heal
        bool stopped = false;  // by the heal, something was left to be sent, or an end was gone
        bool awaits_sent = false, awaits_received = false;  // new data, before it has gone on
        OpenedWork work;                                    // of one that began after the firing
        std::uint64_t acked_at_fire = 0, received_at_fire = 0, acked_at_heal = 0, received_at_heal = 0;
        std::uint32_t retransmits_at_fire = 0, other_retransmits_at_fire = 0;
        std::optional<Nanoseconds> sent, received;  // the first new data
        std::optional<Nanoseconds> went_on, replaced;
        std::optional<WorkState> successor;  // of a new connection that has not replaced it yet
        bool had_unclear_successor = false;  // one that has ended in order
    };

    void see(const SocketSample& sample);
    void see_own(const ConversationKey& key, const TcpSocket& socket, const SocketSample& sample);
    void see_other(const ConversationKey& key, const TcpSocket& socket, const SocketSample& sample);
    void note_passed(const ConversationKey& key, const TcpSocket& socket, const SocketSample& sample);
    void note_end(const ConversationKey& key, const SocketSample& sample);
    void begin(const ConversationKey& key, const TcpSocket& socket, const SocketSample& sample);
    static void follow(Tracked& one, const TcpSocket* own, const TcpSocket* other);
    static void judge_at_heal(Tracked& one);
    void note_exchange(const Tracked& one);
    void note_data(Tracked& one, Nanoseconds since_heal);
    void find_replacement(Tracked& one);
    static bool is_half_open(const Tracked& one);
    static bool is_over(const Tracked& one) { return !one.held || one.address_gone || is_half_open(one); }
    static bool has_worked(const OpenedWork& work);
    static bool is_successor(const Tracked& other, const Tracked& one);
    void find_successor(Tracked& one);
    static Conversation conclude(const Tracked& one);

    Filter could_hit_;
    bool any_ = false;  // there was one, though it may be gone
    bool fired_ = false, healed_ = false;
    bool sent_since_fire_ = false, received_since_fire_ = false;
    std::map<ConversationKey, Tracked> tracked_;
    // There at the firing, or seen with a program that had it, or noted as passed. What is not among them and has an end
    // came and went between two samples.
    std::set<ConversationKey> known_;
    std::set<ConversationKey> ended_;  // those of them that were seen to be over
    std::optional<Nanoseconds> sent_, received_, work_sent_, work_received_;
};

}  // namespace netcut
