// SPDX-License-Identifier: Apache-2.0
//
// The connections and datagrams of one node in the captures, and when the first new data came after a moment. Pure.
#pragma once

#include <cstddef>
#include <functional>
#include <map>
#include <optional>

#include "base/time.h"
#include "recovery/conversation_key.h"
#include "verify/captured_way.h"
#include "verify/captures.h"

namespace netcut {

// A connection as one node sees it, and what came after a moment.
struct Followed {
    std::size_t node = 0;
    std::optional<std::size_t> peer;
    Nanoseconds begun{0};
    CapturedWay up, down;
    std::optional<Nanoseconds> sent, received;  // the first new data after the moment
    bool awaits_sent = false;                   // at the moment, data of the node was not acknowledged
    bool udp = false;
    // Of datagrams that come out of a NAT: when the first one left its sender, each way. Which of those that arrive it is,
    // no capture tells.
    std::optional<Nanoseconds> hidden_sent, hidden_received;
    bool hidden() const { return hidden_sent || hidden_received; }
};

using Followeds = std::map<ConversationKey, Followed>;

// What the packets say of a firing and one of its nodes.
class Follower {
  public:
    // `hides`: whether a node is behind a NAT.
    Follower(const Captures& captures, std::size_t node, Nanoseconds healed, Nanoseconds end,
             const std::function<bool(std::size_t node)>& hides);
    const Followeds& all() const { return followed_; }

  private:
    void pass_heal();
    void follow_datagram(const SeenPacket& packet, const std::function<bool(std::size_t node)>& hides);
    Followed& entry_of(const SeenPacket& packet, bool up);
    void take(const SeenPacket& packet, bool up);

    std::size_t node_;
    Nanoseconds healed_;
    bool passed_heal_ = false;
    Followeds followed_;
};

}  // namespace netcut
