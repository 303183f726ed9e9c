// SPDX-License-Identifier: Apache-2.0
#include "proxy/program/tunnel.h"

#include <fmt/format.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>

#include "base/difference.h"
#include "base/io.h"
#include "kernel/diag_messages.h"

namespace netcut::proxy {
namespace {

namespace asio = boost::asio;
using boost::system::error_code;
constexpr auto awaiting = asio::as_tuple(asio::use_awaitable);

constexpr std::size_t buffer_bytes = 64 * 1024;
// As Squid's request_start_timeout and connect_timeout, but shorter: a run has no minutes for either.
constexpr auto head_time = std::chrono::seconds(20), connect_time = std::chrono::seconds(30),
               refusal_time = std::chrono::seconds(5);
constexpr std::uint64_t syn_alone = 1;  // that is acknowledged, too

// Whoever listens has gone if it cannot be told: then SIGPIPE ends us.
void say(const std::string& line) {
    if (!write_all(STDOUT_FILENO, line, "tell of a tunnel")) std::exit(EXIT_FAILURE);
}

RelayEnd end_of(const Tcp::endpoint& endpoint) {
    return {endpoint.address(), endpoint.port()};
}

// Without what is no data.
std::uint64_t acknowledged(Tcp::socket& socket, std::uint64_t syn) {
    TcpInfo info{};
    socklen_t size = sizeof(info);
    if (!socket.is_open() || ::getsockopt(socket.native_handle(), IPPROTO_TCP, TCP_INFO, &info, &size) != 0)
        return 0;
    return difference(info.bytes_acked, syn);
}

bool is_reset(Tcp::socket& socket) {
    int error = 0;
    socklen_t size = sizeof(error);
    return ::getsockopt(socket.native_handle(), SOL_SOCKET, SO_ERROR, &error, &size) != 0 || error != 0;
}

void close_by_reset(Tcp::socket& socket) {
    error_code ignored;
    socket.set_option(asio::socket_base::linger(true, 0), ignored);
    socket.close(ignored);
}

}  // namespace

Tunnel::Tunnel(std::uint64_t id, Tcp::socket inner, std::vector<IpAddress> own)
    : id_(id),
      inner_(std::move(inner)),
      outer_(inner_.get_executor()),
      own_(std::move(own)),
      limit_(inner_.get_executor()) {}

Tunnel::~Tunnel() {
    tell_end();
}

asio::awaitable<void> Tunnel::serve() {
    const auto self = shared_from_this();
    // Each for itself: in one condition GCC 12 goes on after the first that is false.
    if (!co_await read_head()) co_return;
    if (!co_await connect()) co_return;
    if (!co_await begin()) co_return;
    const auto in_background = [&](asio::awaitable<void> work) {
        asio::co_spawn(
            inner_.get_executor(),
            [](std::shared_ptr<Tunnel> /* lives as long */, asio::awaitable<void> work)
                -> asio::awaitable<void> { co_await std::move(work); }(self, std::move(work)),
            asio::detached);
    };
    for (Tcp::socket* socket : {&inner_, &outer_}) in_background(notice_reset(*socket));
    in_background(carry(outer_, inner_, down_));
    co_await carry(inner_, outer_, up_);
}

void Tunnel::end_within(std::chrono::seconds time, Tcp::socket& socket) {
    is_late_ = false;
    limit_.expires_after(time);
    limit_.async_wait([this, &socket, alive = weak_from_this()](error_code error) {
        if (error || alive.expired()) return;
        is_late_ = true;
        error_code ignored;
        socket.cancel(ignored);
    });
}

// False: it was refused, or the node has gone.
asio::awaitable<bool> Tunnel::read_head() {
    std::array<char, 4096> buffer;
    end_within(head_time, inner_);
    while (!head_.is_over()) {
        const auto [error, bytes] = co_await inner_.async_read_some(asio::buffer(buffer), awaiting);
        if (error && is_late_) {
            co_await refuse(ProxyStatus::timeout, "no whole request has come");
            co_return false;
        }
        if (error) co_return false;
        head_.take({buffer.data(), bytes});
    }
    limit_.cancel();
    if (!head_.refusal()) co_return true;
    co_await refuse(*head_.refusal(), head_.why());
    co_return false;
}

asio::awaitable<void> Tunnel::refuse(ProxyStatus status, std::string why) {
    say(refused_line(static_cast<unsigned>(status)));
    const std::string reply = reply_text(status, why);
    end_within(refusal_time, inner_);
    auto [error, bytes] = co_await asio::async_write(inner_, asio::buffer(reply), awaiting);
    if (!error) inner_.shutdown(Tcp::socket::shutdown_send, error);
    // What it still sends would make its kernel throw the answer away.
    std::array<char, 4096> rest;
    while (!error) std::tie(error, bytes) = co_await inner_.async_read_some(asio::buffer(rest), awaiting);
}

asio::awaitable<bool> Tunnel::connect() {
    Tcp::resolver resolver(inner_.get_executor());
    const ConnectTarget& wanted = head_.target();
    const auto [error, found] =
        co_await resolver.async_resolve(wanted.host, std::to_string(wanted.port), awaiting);
    ProxyStatus status = ProxyStatus::bad_gateway;
    std::string why = fmt::format("cannot find {}: {}", wanted.host, error.message());
    if (!error)
        for (const auto& entry : found)
            if (co_await connect_to(entry.endpoint(), status, why)) co_return true;
    co_await refuse(status, why);
    co_return false;
}

asio::awaitable<bool> Tunnel::connect_to(const Tcp::endpoint& target, ProxyStatus& status, std::string& why) {
    const auto own = std::find_if(own_.begin(), own_.end(), [&](const IpAddress& address) {
        return address.is_v6() == target.address().is_v6();
    });
    why = fmt::format("cannot connect to {} port {}: ", target.address().to_string(), target.port());
    if (own == own_.end()) {
        why += "the run has no such addresses";
        co_return false;
    }
    error_code error;
    outer_.close(error);
    outer_.open(target.protocol(), error);
    if (!error) outer_.bind({*own, 0}, error);
    if (!error) {
        end_within(connect_time, outer_);
        std::tie(error) = co_await outer_.async_connect(target, awaiting);
        limit_.cancel();
    }
    if (!error) co_return true;
    const bool is_late = is_late_ || error == asio::error::timed_out;
    status = is_late ? ProxyStatus::gateway_timeout : ProxyStatus::bad_gateway;
    why += is_late ? "nobody answers" : error.message();
    co_return false;
}

// It is told of before anything can come through.
asio::awaitable<bool> Tunnel::begin() {
    const std::string reply = reply_text(ProxyStatus::established);
    reply_ = reply.size();
    error_code error, other;
    for (Tcp::socket* socket : {&inner_, &outer_}) socket->set_option(Tcp::no_delay(true), error);
    Relay relay{.id = id_,
                .node = end_of(inner_.remote_endpoint(error)),
                .inner = end_of(inner_.local_endpoint(other)),
                .head = static_cast<std::uint32_t>(head_.size()),
                .reply = static_cast<std::uint32_t>(reply.size())};
    if (error || other) co_return false;  // the node has gone
    relay.outer = end_of(outer_.local_endpoint(error));
    relay.target = end_of(outer_.remote_endpoint(other));
    if (error || other) {
        close_by_reset(inner_);
        co_return false;
    }
    say(opened_line(relay));
    is_open_ = true;
    std::tie(error, std::ignore) = co_await asio::async_write(inner_, asio::buffer(reply), awaiting);
    if (!error && !head_.rest().empty())
        std::tie(error, up_) = co_await asio::async_write(outer_, asio::buffer(head_.rest()), awaiting);
    if (error) reset();
    co_return !error;
}

asio::awaitable<void> Tunnel::carry(Tcp::socket& from, Tcp::socket& to, std::uint64_t& carried) {
    std::vector<char> buffer(buffer_bytes);
    while (true) {
        const auto [error, bytes] = co_await from.async_read_some(asio::buffer(buffer), awaiting);
        if (error == asio::error::eof) break;
        if (error) co_return reset();
        const auto [stopped, sent] = co_await asio::async_write(to, asio::buffer(buffer, bytes), awaiting);
        carried += sent;
        if (stopped) co_return reset();
    }
    error_code error;
    to.shutdown(Tcp::socket::shutdown_send, error);
    if (error) co_return reset();
    if (--ways_ > 0) co_return;
    tell_end();
    for (Tcp::socket* socket : {&inner_, &outer_}) socket->close(error);
}

// One that is not read, since the other end is slow, can be reset all the same.
asio::awaitable<void> Tunnel::notice_reset(Tcp::socket& socket) {
    const auto [error] = co_await socket.async_wait(Tcp::socket::wait_error, awaiting);
    if (!error && socket.is_open() && is_reset(socket)) reset();
}

// Whatever ended one of them: the other one is told that nothing more follows, and that something may be missing.
void Tunnel::reset() {
    tell_end();
    close_by_reset(inner_);
    close_by_reset(outer_);
}

void Tunnel::tell_end() {
    if (!std::exchange(is_open_, false)) return;
    Relay relay{.id = id_};
    relay.up = {up_, std::min(up_, acknowledged(outer_, syn_alone))};
    relay.down = {down_, std::min(down_, difference(acknowledged(inner_, 0), reply_))};
    say(ended_line(relay));
}

}  // namespace netcut::proxy
