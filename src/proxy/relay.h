// SPDX-License-Identifier: Apache-2.0
//
// What a site's proxy says of the connections that it relays, and what is known by that. It is a process without rights that
// talks to nodes: what it says is read as text that anybody may have written.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

#include "kernel/address.h"

namespace netcut {

inline constexpr std::uint16_t proxy_port = 3128;  // Squid's

struct RelayEnd {
    IpAddress address;
    std::uint16_t port = 0;
    bool operator==(const RelayEnd&) const = default;
    bool operator<(const RelayEnd& end) const {
        return std::tie(address, port) < std::tie(end.address, end.port);
    }
};

// Bytes that one far end has sent: those that the proxy's kernel has had, and those that the other far end's has.
struct RelayCount {
    std::uint64_t carried = 0, arrived = 0;
};

// Two connections of TCP: node - inner, and outer - target.
struct Relay {
    std::uint64_t id = 0;
    RelayEnd node{}, inner{}, outer{}, target{};
    // How long what proxy and node said to each other is; what is beyond goes from end to end.
    std::uint32_t head = 0, reply = 0;
    bool has_ended = false;
    RelayCount up{}, down{};  // as far as it is known; when it has ended, for good
};

// Lines that the proxy says.
inline constexpr std::string_view proxy_listens = "listening";
std::string accepted_line(const RelayEnd& node);
std::string opened_line(const Relay& relay);
std::string ended_line(const Relay& relay);
std::string refused_line(unsigned status);

// Remembers each relay until another connection has the same node's end. One thread at a time.
class RelayBook {
  public:
    // `own`: the addresses at which the proxy listens, and from which it connects.
    explicit RelayBook(std::vector<IpAddress> own) : own_(std::move(own)) {}

    // What the proxy has said, in pieces as they come.
    void take(std::string_view bytes);
    bool listens() const { return listens_; }
    // Null: it has said nothing of such a one.
    const Relay* of_node(const RelayEnd& node) const;
    const Relay* of_outer(const RelayEnd& outer) const;
    // So many bytes were seen, each way.
    void note(const RelayEnd& node, const RelayCount& up, const RelayCount& down);
    std::uint64_t opened() const { return opened_; }
    std::uint64_t refused() const { return refused_; }
    // Lines that are none of a proxy, or of more connections than are remembered. Then something may not be known.
    std::uint64_t unread() const { return unread_; }

  private:
    bool take_line(std::string_view line);
    bool take_accepted(std::string_view words);
    bool take_opened(std::string_view words);
    bool take_ended(std::string_view words);
    bool is_own(const IpAddress& address) const;
    void add(const Relay& relay);
    void forget(const RelayEnd& node);
    void sweep();

    std::vector<IpAddress> own_;
    std::string line_;
    bool is_too_long_ = false;
    bool listens_ = false;
    std::map<RelayEnd, Relay> by_node_;
    std::map<RelayEnd, RelayEnd> by_outer_;        // the node's ends
    std::map<std::uint64_t, RelayEnd> under_way_;  // likewise, by their numbers
    std::size_t ended_ = 0;                        // of those that are remembered
    std::uint64_t opened_ = 0, refused_ = 0, unread_ = 0;
};

}  // namespace netcut
