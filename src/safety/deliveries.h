// SPDX-License-Identifier: Apache-2.0
//
// How much new data each connection has carried, told from its packets as they passed the router: sequence numbers alone,
// so that it is the same under TLS, and what is sent again does not count twice.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <tuple>

#include "base/time.h"
#include "fault/packet.h"
#include "record/event.h"

namespace netcut {

// What is smaller is a poll or a greeting, and is not told.
inline constexpr std::uint64_t least_delivery = 16 * 1024;  // bytes

// One way of a connection: what has come without a gap.
class InSequence {
  public:
    void begin(std::uint32_t first) {
        *this = {};
        next_ = first;
        known_ = true;
    }
    bool is_known() const { return known_; }
    // How many bytes more have come without a gap.
    std::uint64_t take(std::uint32_t seq, std::uint32_t length);
    bool has_all_before(std::uint32_t seq) const { return seq == next_; }
    bool is_exact() const { return exact_; }

  private:
    std::uint32_t next_ = 0;
    bool known_ = false, exact_ = true;
    std::map<std::uint32_t, std::uint32_t> later_;  // behind a gap: how far from next_ it begins, and ends
};

// Follows all connections between collaborators and the aggregator. Pure; one thread at a time.
class DeliveryFollower {
  public:
    // An exchange is over, or what there is of it at the end. One of no bytes follows the last if the collaborator has closed
    // its way of the connection, and all that it had sent was delivered.
    using Tell = std::function<void(const std::string& node, const event::Delivered&)>;
    explicit DeliveryFollower(Tell tell) : tell_(std::move(tell)) {}

    // `name` has this address, from now on.
    void own(const std::string& address, const std::string& name) { owners_[address] = name; }
    // A TCP packet that passed, in the order of their times.
    void take(const PacketHeader& header, Nanoseconds t);
    void finish();
    // Something of it could not be followed.
    bool is_exact() const { return exact_; }

  private:
    using Key = std::tuple<IpAddress, std::uint16_t, IpAddress, std::uint16_t>;  // who opened it first
    struct Run {
        Nanoseconds from{0}, to{0}, last_down{0}, down_from{0};
        std::uint64_t up = 0, down = 0;
    };
    struct Connection {
        std::string node;
        std::uint16_t local_port = 0, port = 0;
        bool is_down_first = false;  // the aggregator has opened it
        InSequence up, down;
        std::optional<std::uint32_t> up_ends, down_ends;
        bool is_told = false;  // the last exchange was
        Run run;
    };
    const std::string* owner_of(const IpAddress& address) const;
    void open(const Key& key, const PacketHeader& header, Nanoseconds t);
    static void take_up(Connection& connection, std::uint64_t bytes, Nanoseconds t);
    static void take_down(Connection& connection, std::uint64_t bytes, Nanoseconds t);
    bool begins_next(const Run& run, std::uint64_t bytes, Nanoseconds t) const;
    void end(Connection& connection);
    void close(Connection& connection);

    Tell tell_;
    std::map<std::string, std::string> owners_;
    std::map<Key, Connection> connections_;
    bool exact_ = true;
};

}  // namespace netcut
