// SPDX-License-Identifier: Apache-2.0
#include "proxy/connect_head.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/asio/buffer.hpp>
#include <charconv>

namespace netcut {
namespace {

namespace http = boost::beast::http;

constexpr std::size_t longest_host = 255;  // RFC 1035, 2.3.4

const char* reason_of(ProxyStatus status) {
    switch (status) {
        case ProxyStatus::established:
            return "Connection established";
        case ProxyStatus::bad_request:
            return "Bad Request";
        case ProxyStatus::method_not_allowed:
            return "Method Not Allowed";
        case ProxyStatus::timeout:
            return "Request Timeout";
        case ProxyStatus::head_too_large:
            return "Request Header Fields Too Large";
        case ProxyStatus::bad_gateway:
            return "Bad Gateway";
        case ProxyStatus::unavailable:
            return "Service Unavailable";
        case ProxyStatus::gateway_timeout:
            return "Gateway Timeout";
    }
    return "";
}

bool is_of_a_host(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' ||
           c == '-' || c == '_' || c == ':' || c == '%';
}

}  // namespace

std::string reply_text(ProxyStatus status, const std::string& why) {
    const std::string first =
        fmt::format("HTTP/1.1 {} {}\r\n", static_cast<unsigned>(status), reason_of(status));
    if (status == ProxyStatus::established) return first + "\r\n";
    const std::string body = why + "\n";
    return fmt::format("{}{}Connection: close\r\nContent-Type: text/plain\r\nContent-Length: {}\r\n\r\n{}",
                       first, status == ProxyStatus::method_not_allowed ? "Allow: CONNECT\r\n" : "",
                       body.size(), body);
}

std::optional<ConnectTarget> parse_target(std::string_view text) {
    const std::size_t colon = text.rfind(':');
    if (colon == std::string_view::npos) return {};
    std::string_view host = text.substr(0, colon);
    const std::string_view digits = text.substr(colon + 1);
    const bool bracketed = host.size() > 2 && host.front() == '[' && host.back() == ']';
    if (bracketed) host = host.substr(1, host.size() - 2);
    if (!bracketed && host.find(':') != std::string_view::npos) return {};
    if (host.empty() || host.size() > longest_host || !std::all_of(host.begin(), host.end(), is_of_a_host))
        return {};
    std::uint16_t port = 0;
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), port);
    if (error != std::errc() || end != digits.data() + digits.size() || port == 0) return {};
    return ConnectTarget{std::string(host), port};
}

void ConnectHead::refuse(ProxyStatus status, std::string why) {
    refusal_ = status;
    why_ = std::move(why);
}

void ConnectHead::take(std::string_view bytes) {
    if (is_over()) return;
    bytes_ += bytes;
    while (!bytes_.empty() && !parser_.is_header_done()) {
        boost::beast::error_code error;
        const std::size_t taken = parser_.put(boost::asio::buffer(bytes_), error);
        bytes_.erase(0, taken);
        size_ += taken;
        if (error == http::error::need_more) break;
        if (error == http::error::header_limit)
            return refuse(ProxyStatus::head_too_large, fmt::format("the limit is {} bytes", most_bytes));
        if (error) return refuse(ProxyStatus::bad_request, "this is no HTTP/1: " + error.message());
    }
    if (parser_.is_header_done()) return read();
    if (size_ + bytes_.size() > most_bytes)
        refuse(ProxyStatus::head_too_large, fmt::format("the limit is {} bytes", most_bytes));
}

void ConnectHead::read() {
    const auto& request = parser_.get();
    if (request.method() != http::verb::connect)
        return refuse(ProxyStatus::method_not_allowed, "this proxy makes tunnels alone: CONNECT HOST:PORT");
    const auto target = request.target();
    target_ = parse_target({target.data(), target.size()});
    if (!target_) refuse(ProxyStatus::bad_request, "the target is not HOST:PORT");
}

}  // namespace netcut
