// SPDX-License-Identifier: Apache-2.0
//
// The flows of UDP of one node that one firing of a fault could hit: which of them lost datagrams, and what became of
// these after the heal. Pure.
#pragma once

#include <functional>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "base/time.h"
#include "fault/datagram_counters.h"
#include "kernel/address.h"
#include "record/recovery.h"
#include "recovery/conversation_key.h"  // a key is a way, too

namespace netcut {

// Packets since the run began, as the node sees them.
struct FlowCounts {
    DatagramCount up, down;
};

struct FlowSample {
    std::map<ConversationKey, FlowCounts> flows;
    std::set<std::uint16_t> held;  // ports of the node that a program has
    std::function<std::string(const IpAddress&)> who;
};

// The flows that begin or end at one of these addresses. What goes to many at once is none.
std::map<ConversationKey, FlowCounts> flows_of(const std::set<IpAddress>& addresses,
                                               const DatagramCounts& counts);

class DatagramFlows {
  public:
    // Whether the fault acts on datagrams of this flow, which was there before it or not.
    using Filter = std::function<bool(const ConversationKey& flow, bool was_there)>;
    explicit DatagramFlows(Filter could_hit) : could_hit_(std::move(could_hit)) {}

    void at_fire(const FlowSample& sample);
    void during(const FlowSample& sample) { see(sample); }
    void at_heal(const FlowSample& sample);
    void after(const FlowSample& sample, Nanoseconds since_heal);

    bool any() const { return !tracked_.empty(); }
    // Each that lost datagrams has gone on both ways, or was replaced.
    bool all_went_on() const;
    // When the first datagram passed each way on any of them, since the heal.
    std::optional<Nanoseconds> sent() const { return sent_; }
    std::optional<Nanoseconds> received() const { return received_; }
    // Whether they passed both ways since the firing.
    bool exchanged() const { return sent_since_fire_ && received_since_fire_; }
    std::vector<Conversation> list() const;
    std::size_t others() const;

  private:
    struct Tracked {
        std::string peer;
        bool could_be_hit = true;
        bool at_fire = false, touched = false;
        bool held = false, was_held = false;  // by a program, now and a look ago
        FlowCounts fire, heal, last;
        std::optional<Nanoseconds> sent, received, replaced;
    };
    void see(const FlowSample& sample);
    static bool has_to_rebind(const Tracked& one);
    static std::optional<Nanoseconds> resumed(const Tracked& one);
    void find_replacement(const ConversationKey& key, Tracked& one);
    static Conversation conclude(const ConversationKey& key, const Tracked& one);

    Filter could_hit_;
    bool fired_ = false, healed_ = false;
    bool sent_since_fire_ = false, received_since_fire_ = false;
    std::optional<Nanoseconds> sent_, received_;
    std::map<ConversationKey, Tracked> tracked_;
};

}  // namespace netcut
