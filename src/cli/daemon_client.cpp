// SPDX-License-Identifier: Apache-2.0
#include "cli/daemon_client.h"

#include <fmt/format.h>
#include <unistd.h>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http.hpp>
#include <cctype>
#include <cstdlib>

#include "daemon/json_text.h"
#include "daemon/problem.h"

// GCC 12 takes the allocator of coroutine frames, when it is inlined, for two that do not fit.
#pragma GCC diagnostic ignored "-Wmismatched-new-delete"

namespace netcut::cli {
namespace {

namespace asio = boost::asio;
namespace http = boost::beast::http;
using Local = asio::local::stream_protocol;
constexpr auto awaiting = asio::as_tuple(asio::use_awaitable);

constexpr std::size_t longest_answer = 256 << 20;  // a verdict may have 15 MB

Error unreachable(const std::string& socket, const boost::system::error_code& error) {
    return {Error::Kind::machine, "talk to the daemon at " + socket, error.value(), error.message(),
            error == boost::system::errc::permission_denied
                ? "you are not in its group: sudo adduser YOU netcut, then log in again"
                : "is it running? sudo systemctl start netcut-fl.socket"};
}

// The request of one exchange, and the answer as far as it has come.
struct Exchange {
    std::string socket;
    http::request<http::string_body> request;
    DaemonClient::Reader reader;
};

asio::awaitable<Result<void>> read_pieces(Local::socket& socket, boost::beast::flat_buffer& buffer,
                                          http::response_parser<http::buffer_body>& parser,
                                          const std::function<void(std::string_view)>& bytes) {
    std::array<char, 16384> piece;
    while (!parser.is_done()) {
        parser.get().body().data = piece.data();
        parser.get().body().size = piece.size();
        const auto [error, count] = co_await http::async_read_some(socket, buffer, parser, awaiting);
        if (error && error != http::error::need_buffer)
            co_return Failure(Error{Error::Kind::machine, "listen to the daemon", error.value(),
                                    error.message(), "it has stopped, or was restarted"});
        bytes({piece.data(), piece.size() - parser.get().body().size});
    }
    co_return Result<void>();
}

asio::awaitable<Result<void>> converse(Exchange& exchange) {
    Local::socket socket(co_await asio::this_coro::executor);
    boost::system::error_code refused;
    // Not asynchronously, which fails where this waits: while more want to connect than the daemon has
    // accepted.
    socket.connect(Local::endpoint(exchange.socket), refused);
    if (refused) co_return Failure(unreachable(exchange.socket, refused));
    auto [unsent, sent] = co_await http::async_write(socket, exchange.request, awaiting);
    // A refusal may come before the whole request was taken.
    boost::beast::flat_buffer buffer;
    http::response_parser<http::buffer_body> parser;
    parser.body_limit(boost::none);
    const auto [error, count] = co_await http::async_read_header(socket, buffer, parser, awaiting);
    if (error) co_return Failure(unreachable(exchange.socket, unsent ? unsent : error));
    const unsigned status = parser.get().result_int();
    if (status < 400) co_return co_await read_pieces(socket, buffer, parser, exchange.reader.bytes);
    std::string problem;
    auto read =
        co_await read_pieces(socket, buffer, parser, [&](std::string_view bytes) { problem += bytes; });
    co_return Failure(error_of_problem(status, problem));
}

asio::awaitable<void> carry_out(Exchange exchange) {
    auto result = co_await converse(exchange);
    exchange.reader.ended(std::move(result));
}

http::request<http::string_body> request_for(http::verb method, const std::string& target) {
    http::request<http::string_body> request(method, target, 11);
    request.set(http::field::host, "netcut-fl");
    return request;
}

}  // namespace

std::string DaemonClient::socket_path(const std::optional<std::string>& given) {
    if (given) return *given;
    const char* set = std::getenv("NETCUT_FL_SOCKET");
    return set != nullptr ? set : "/run/netcut-fl.sock";
}

bool DaemonClient::is_there() const {
    asio::io_context io;
    Local::socket socket(io);
    boost::system::error_code error;
    socket.connect(Local::endpoint(socket_), error);
    return !error;
}

void DaemonClient::stream(asio::io_context& io, const std::string& method, const std::string& target,
                          const Json& body, Reader reader) const {
    auto request = request_for(http::string_to_verb(method), target);
    if (!body.is_null()) {
        request.set(http::field::content_type, "application/json");
        request.body() = body.dump(-1, ' ', false, Json::error_handler_t::replace);
    }
    request.keep_alive(false);
    request.prepare_payload();
    asio::co_spawn(io, carry_out({socket_, std::move(request), std::move(reader)}), asio::detached);
}

void DaemonClient::stream_bytes(asio::io_context& io, const std::string& target, std::string bytes,
                                Reader reader) const {
    auto request = request_for(http::verb::post, target);
    request.set(http::field::content_type, "application/octet-stream");
    request.body() = std::move(bytes);
    request.keep_alive(false);
    request.prepare_payload();
    asio::co_spawn(io, carry_out({socket_, std::move(request), std::move(reader)}), asio::detached);
}

Result<void> DaemonClient::stream(const std::string& method, const std::string& target, const Json& body,
                                  const std::function<void(std::string_view)>& bytes) const {
    asio::io_context io;
    Result<void> outcome;
    stream(io, method, target, body, {bytes, [&](Result<void> ended) { outcome = std::move(ended); }});
    io.run();
    return outcome;
}

Result<std::string> DaemonClient::ask_text(const std::string& method, const std::string& target,
                                           const Json& body) const {
    std::string text;
    bool too_long = false;
    NETCUT_TRY(stream(method, target, body, [&](std::string_view bytes) {
        too_long = too_long || text.size() + bytes.size() > longest_answer;
        if (!too_long) text += bytes;
    }));
    if (!too_long) return text;
    return machine_failure("read the daemon's answer", "it is too long");
}

Result<Json> DaemonClient::ask(const std::string& method, const std::string& target, const Json& body) const {
    NETCUT_ASSIGN(const std::string text, ask_text(method, target, body));
    auto json = parse_json(text, "read the daemon's answer");
    if (json) return json;
    json.error().kind = Error::Kind::internal;
    json.error().hint = "is it the daemon of another version?";
    return json;
}

std::optional<Json> DaemonClient::verdict_of(const Json& run) const {
    if (!run.contains("verdict")) return {};
    auto verdict = ask("GET", "/runs/" + encoded(run.value("id", "")) + "/verdict");
    if (!verdict || !verdict->is_object()) return {};
    return std::move(*verdict);
}

void Lines::take(std::string_view bytes) {
    partial_ += bytes;
    std::size_t begin = 0;
    for (std::size_t end = 0; (end = partial_.find('\n', begin)) != std::string::npos; begin = end + 1)
        line_(std::string_view(partial_).substr(begin, end - begin));
    partial_.erase(0, begin);
}

std::string encoded(const std::string& segment) {
    std::string text;
    for (const unsigned char c : segment)
        text += std::isalnum(c) != 0 || c == '-' || c == '_' || c == '.'
                    ? std::string(1, static_cast<char>(c))
                    : fmt::format("%{:02X}", c);
    return text;
}

}  // namespace netcut::cli
