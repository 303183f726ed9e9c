// SPDX-License-Identifier: Apache-2.0
#include "daemon/server/http.h"

#include <fcntl.h>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>
#include <boost/url/src.hpp>
#include <deque>

namespace netcut {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = beast::http;
using Local = asio::local::stream_protocol;
using ClientConnection = beast::basic_stream<Local, asio::any_io_executor>;
constexpr auto awaiting = asio::as_tuple(asio::use_awaitable);

constexpr auto for_ever = std::chrono::hours(24 * 365);

// What comes once, from a callback, and is awaited by a coroutine.
template <typename T>
class Slot {
  public:
    explicit Slot(const asio::any_io_executor& executor) : timer_(executor, for_ever) {}

    template <typename Value>
    void put(Value&& value) {
        if (closed_ || value_) return;
        value_.emplace(std::forward<Value>(value));
        timer_.cancel();
    }
    void close() {
        closed_ = true;
        timer_.cancel();
    }
    asio::awaitable<std::optional<T>> take() {
        if (!value_ && !closed_) co_await timer_.async_wait(awaiting);
        std::optional<T> taken = std::move(value_);
        value_.reset();
        timer_.expires_after(for_ever);
        co_return taken;
    }

  private:
    asio::steady_timer timer_;
    std::optional<T> value_;
    bool closed_ = false;
};

// False if the target is none.
bool read_target(std::string_view target, HttpRequest& request) {
    const auto url = boost::urls::parse_origin_form(boost::urls::string_view(target.data(), target.size()));
    if (!url) return false;
    for (const auto segment : url->segments())
        if (!std::string(segment).empty()) request.path.emplace_back(segment);
    for (const auto parameter : url->params()) request.query[std::string(parameter.key)] = parameter.value;
    return true;
}

HttpReply refusal(const beast::error_code& error) {
    if (error == http::error::header_limit)
        return reply_of(problem_of(431, "Request Header Fields Too Large", "the limit is 16 KiB"));
    if (error == http::error::body_limit)
        return reply_of(problem_of(413, "Content Too Large", "the limit is 4 MiB"));
    return reply_of(problem_of(400, "Bad Request", "this is no HTTP/1.1: " + error.message()));
}

HttpReply too_many_bytes(std::size_t limit) {
    return reply_of(problem_of(429, "Too many bytes of one user",
                               "requests that are under way have " + std::to_string(limit >> 20) +
                                   " MiB of bodies at most; send them one after another"));
}

}  // namespace

HttpReply reply_of(Problem problem) {
    return {problem.status, "application/problem+json", std::move(problem.body), nullptr};
}

class HttpServer::Impl : public std::enable_shared_from_this<Impl> {
  public:
    Impl(asio::io_context& io, Fd listener, HttpLimits limits, Accounts& accounts, Observer observer)
        : io_(io),
          acceptor_(io, Local(), listener.release()),
          limits_(limits),
          accounts_(accounts),
          observer_(std::move(observer)) {}

    void start() { asio::co_spawn(io_, accept(shared_from_this()), asio::detached); }
    void stop_listening() {
        beast::error_code ignored;
        acceptor_.close(ignored);
    }
    std::size_t connections() const { return connections_; }

  private:
    asio::awaitable<void> accept(std::shared_ptr<Impl> self) {
        while (acceptor_.is_open()) {
            auto [error, socket] = co_await acceptor_.async_accept(awaiting);
            if (error == asio::error::operation_aborted) co_return;
            if (error) {  // too many open files, say: it gets better when somebody goes
                asio::steady_timer pause(io_, std::chrono::milliseconds(100));
                co_await pause.async_wait(awaiting);
                continue;
            }
            ::fcntl(socket.native_handle(), F_SETFD, FD_CLOEXEC);  // Asio leaves it open to workers
            asio::co_spawn(io_, serve(self, std::move(socket)), asio::detached);
        }
    }

    // Whoever may not be served is told so, and no more.
    std::optional<HttpReply> admit(const Peer& peer, Account& account) {
        const auto most = observer_.admit(peer, account);
        if (!most) return reply_of(problem_of(403, most.error()));
        const std::string detail = "close some of your connections, or wait";
        if (!peer.is_root() && account.connections >= *most)
            return reply_of(
                problem_of(429, "Too many connections of one user",
                           "the limit `connections` is " + std::to_string(*most) + "; " + detail));
        if (connections_ >= limits_.connections && account.connections >= limits_.spare_connections)
            return reply_of(problem_of(503, "Too many connections", detail));
        return {};
    }

    asio::awaitable<void> serve(std::shared_ptr<Impl> /* lives as long */, Local::socket socket) {
        const auto peer = peer_of(socket.native_handle());
        if (!peer) co_return;
        const auto account = accounts_.of(peer->uid);
        Bill::to(account);
        if (const auto refused = admit(*peer, *account)) {
            co_await turn_away(std::move(socket), *refused);
            co_return;
        }
        ClientConnection stream(std::move(socket));
        ++connections_;
        const Held held(account, &Account::connections, 1U);
        co_await converse(stream, *peer, account);
        --connections_;
    }

    // However many there are: the newest few are told why, those before them are closed.
    asio::awaitable<void> turn_away(Local::socket socket, HttpReply reply) {
        const auto stream = std::make_shared<ClientConnection>(std::move(socket));
        refused_.push_back(stream);
        if (refused_.size() > limits_.refusals) {
            refused_.front()->close();
            refused_.pop_front();
        }
        stream->expires_after(limits_.request_time);
        co_await refuse(*stream, std::move(reply));
        std::erase(refused_, stream);
    }

    asio::awaitable<void> converse(ClientConnection& stream, const Peer& peer,
                                   const std::shared_ptr<Account>& account) {
        beast::flat_buffer buffer(limits_.header_bytes + limits_.body_bytes);
        for (bool more = true; more;) {
            co_await turn_of(*account);
            http::request_parser<http::string_body> parser;
            parser.header_limit(static_cast<std::uint32_t>(limits_.header_bytes));
            parser.body_limit(limits_.body_bytes);
            stream.expires_after(limits_.request_time);
            auto [error, count] = co_await http::async_read_header(stream, buffer, parser, awaiting);
            Bill::to(account);
            std::shared_ptr<void> room;
            if (!error) {
                // One that comes in chunks does not say how large it will be.
                const std::size_t size =
                    parser.chunked() ? limits_.body_bytes : parser.content_length().value_or(0);
                if (account->body_bytes + size > limits_.user_body_bytes) {
                    co_await refuse(stream, too_many_bytes(limits_.user_body_bytes));
                    co_return;
                }
                room = std::make_shared<Held<std::size_t>>(account, &Account::body_bytes, size);
                std::tie(error, count) = co_await http::async_read(stream, buffer, parser, awaiting);
            }
            if (error == http::error::end_of_stream || error == beast::error::timeout) co_return;
            if (error) {
                if (error.category() == http::make_error_code(http::error::end_of_stream).category())
                    co_await refuse(stream, refusal(error));
                co_return;
            }
            Bill::to(account);
            HttpRequest request{{}, {}, {}, {}, std::move(room), peer, account};
            const int socket = stream.socket().native_handle();
            request.peer.connection = std::make_shared<const Fd>(::fcntl(socket, F_DUPFD_CLOEXEC, 0));
            if (!*request.peer.connection) co_return;  // there are too many already
            more = co_await answer(stream, parser.release(), std::move(request));
        }
    }

    // Who has taken more than a fair share of this thread waits for the others.
    asio::awaitable<void> turn_of(Account& account) {
        for (auto wait = account.cpu.wait(); wait.count() > 0; wait = account.cpu.wait()) {
            asio::steady_timer timer(io_, wait);
            co_await timer.async_wait(awaiting);
        }
    }

    asio::awaitable<void> refuse(ClientConnection& stream, HttpReply reply) {
        co_await send(stream, reply, 11, false);
        co_await linger(stream);
    }

    // What the other end is still writing would reset the connection, and take our answer away with it.
    asio::awaitable<void> linger(ClientConnection& stream) {
        beast::error_code ignored;
        stream.socket().shutdown(Local::socket::shutdown_send, ignored);
        stream.expires_after(std::chrono::seconds(2));
        std::array<char, 4096> rest;
        for (;;) {
            const auto [error, count] = co_await stream.async_read_some(asio::buffer(rest), awaiting);
            if (error) co_return;
        }
    }

    asio::awaitable<bool> answer(ClientConnection& stream, http::request<http::string_body> request,
                                 HttpRequest asked) {
        const std::shared_ptr<Account> account = asked.account;
        asked.method = std::string(request.method_string());
        asked.body = std::move(request.body());
        const bool keep = request.keep_alive();
        const unsigned version = request.version();
        const std::string_view target(request.target().data(), request.target().size());
        if (!read_target(target, asked)) {
            co_await send(stream, reply_of(problem_of(400, "Bad Request", "the target is no path")), version,
                          false);
            co_return false;
        }
        stream.expires_never();
        auto slot = std::make_shared<Slot<HttpReply>>(stream.get_executor());
        observer_.handle(std::move(asked), [slot](HttpReply reply) { slot->put(std::move(reply)); });
        std::optional<HttpReply> reply = co_await slot->take();
        Bill::to(account);
        if (!reply) co_return false;
        if (reply->source) {
            co_await send_stream(stream, *reply, version, account);
            co_return false;
        }
        stream.expires_after(limits_.request_time);
        co_return co_await send(stream, *reply, version, keep);
    }

    template <typename Body>
    static http::response<Body> response_of(const HttpReply& reply, unsigned version, bool keep) {
        http::response<Body> response{static_cast<http::status>(reply.status), version};
        response.set(http::field::server, "netcut-fld/" NETCUT_VERSION);
        response.set(http::field::content_type, reply.type);
        response.keep_alive(keep);
        return response;
    }

    asio::awaitable<bool> send(ClientConnection& stream, const HttpReply& reply, unsigned version,
                               bool keep) {
        auto response = response_of<http::string_body>(reply, version, keep);
        response.body() = reply.body;
        response.prepare_payload();
        const auto [error, count] = co_await http::async_write(stream, response, awaiting);
        co_return keep && !error;
    }

    asio::awaitable<void> send_stream(ClientConnection& stream, HttpReply& reply, unsigned version,
                                      const std::shared_ptr<Account>& account) {
        auto slot = std::make_shared<Slot<std::string>>(stream.get_executor());
        const auto refusal = std::make_shared<std::optional<Error>>();
        watch_for_end(stream, slot);
        reply.source->begin([slot, refusal](const Result<void>& begun) {
            if (!begun) *refusal = begun.error();
            slot->put(std::string());
        });
        const auto begun = co_await slot->take();
        Bill::to(account);
        if (*refusal)
            co_await send(stream, reply_of(problem_of(404, **refusal)), version, false);
        else if (begun)
            co_await send_pieces(stream, reply, version, slot, account);
        slot->close();
        reply.source->abandon();
        beast::error_code ignored;
        stream.socket().shutdown(Local::socket::shutdown_both, ignored);
    }

    asio::awaitable<void> send_pieces(ClientConnection& stream, const HttpReply& reply, unsigned version,
                                      const std::shared_ptr<Slot<std::string>>& slot,
                                      const std::shared_ptr<Account>& account) {
        auto response = response_of<http::empty_body>(reply, version, false);
        response.chunked(true);
        http::response_serializer<http::empty_body> header(response);
        stream.expires_after(limits_.request_time);
        auto [error, count] = co_await http::async_write_header(stream, header, awaiting);
        stream.expires_never();  // who reads slowly keeps nobody else waiting
        while (!error) {
            co_await turn_of(*account);
            reply.source->next([slot](std::string bytes) { slot->put(std::move(bytes)); });
            const auto piece = co_await slot->take();
            Bill::to(account);
            if (!piece) co_return;
            if (piece->empty()) {
                co_await asio::async_write(stream, http::make_chunk_last(), awaiting);
                co_return;
            }
            std::tie(error, count) =
                co_await asio::async_write(stream, http::make_chunk(asio::buffer(*piece)), awaiting);
        }
    }

    // A stream may have nothing to write for hours: that its reader has gone is seen by reading.
    static void watch_for_end(ClientConnection& stream, const std::shared_ptr<Slot<std::string>>& slot) {
        stream.socket().async_wait(Local::socket::wait_read, [slot](beast::error_code) { slot->close(); });
    }

    asio::io_context& io_;
    Local::acceptor acceptor_;
    HttpLimits limits_;
    Accounts& accounts_;
    Observer observer_;
    std::size_t connections_ = 0;
    std::deque<std::shared_ptr<ClientConnection>> refused_;  // that are waited for to read why
};

HttpServer::HttpServer(asio::io_context& io, Fd listener, HttpLimits limits, Accounts& accounts,
                       Observer observer)
    : impl_(std::make_shared<Impl>(io, std::move(listener), limits, accounts, std::move(observer))) {}
HttpServer::~HttpServer() = default;
void HttpServer::start() {
    impl_->start();
}
void HttpServer::stop_listening() {
    impl_->stop_listening();
}
std::size_t HttpServer::connections() const {
    return impl_->connections();
}

}  // namespace netcut
