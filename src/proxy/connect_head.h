// SPDX-License-Identifier: Apache-2.0
//
// The head of a request for a tunnel: RFC 9110, 9.3.6 (CONNECT). It comes from a node, and may be anything. Pure.
#pragma once

#include <boost/beast/http/empty_body.hpp>
#include <boost/beast/http/parser.hpp>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace netcut {

// HTTP's numbers of what a proxy has to say.
enum class ProxyStatus : unsigned {
    established = 200,
    bad_request = 400,
    method_not_allowed = 405,
    timeout = 408,
    head_too_large = 431,
    bad_gateway = 502,
    unavailable = 503,
    gateway_timeout = 504
};

// The whole answer: its head, and for a refusal a line that says why.
std::string reply_text(ProxyStatus status, const std::string& why = {});

struct ConnectTarget {
    std::string host;  // a name or an address
    std::uint16_t port = 0;
};
// "aggregator:50051", "10.99.0.2:50051", "[fd99::2]:50051". None: it is no such thing.
std::optional<ConnectTarget> parse_target(std::string_view text);

class ConnectHead {
  public:
    static constexpr std::uint32_t most_bytes = 8 * 1024;

    ConnectHead() { parser_.header_limit(most_bytes); }
    // More bytes of the connection. Nothing more is to be taken when it is over.
    void take(std::string_view bytes);
    // All of it is there, or it is refused.
    bool is_over() const { return refusal_ || target_; }
    const std::optional<ProxyStatus>& refusal() const { return refusal_; }
    const std::string& why() const { return why_; }
    const ConnectTarget& target() const { return *target_; }
    std::size_t size() const { return size_; }          // in bytes
    const std::string& rest() const { return bytes_; }  // what has come after it

  private:
    void refuse(ProxyStatus status, std::string why);
    void read();

    boost::beast::http::request_parser<boost::beast::http::empty_body> parser_;
    std::string bytes_;  // that are not taken apart yet
    std::size_t size_ = 0;
    std::optional<ProxyStatus> refusal_;
    std::string why_;
    std::optional<ConnectTarget> target_;
};

}  // namespace netcut
