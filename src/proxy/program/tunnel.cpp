// SPDX-License-Identifier: Apache-2.0
#include "proxy/program/tunnel.h"

#include <fmt/format.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>

#include "base/difference.h"
#include "base/io.h"
#include "kernel/diag_messages.h"

namespace netcut::proxy {
namespace {

namespace asio = boost::asio;
using namespace asio::experimental::awaitable_operators;
using boost::system::error_code;
constexpr auto awaiting = asio::as_tuple(asio::use_awaitable);

constexpr std::size_t buffer_bytes = 64 * 1024;
// As Squid's request_start_timeout and connect_timeout, but shorter: a run has no minutes for either.
constexpr auto head_time = std::chrono::seconds(20), connect_time = std::chrono::seconds(30),
               refusal_time = std::chrono::seconds(5), settle_time = std::chrono::seconds(30);
constexpr std::chrono::milliseconds first_look{1}, longest_look{128};
constexpr std::uint64_t syn_alone = 1;  // that is acknowledged, too

// Whoever listens has gone if it cannot be told: then SIGPIPE ends us.
void say(const std::string& line) {
    if (!write_all(STDOUT_FILENO, line, "tell of a tunnel")) std::exit(EXIT_FAILURE);
}

RelayEnd end_of(const Tcp::endpoint& endpoint) {
    return {endpoint.address(), endpoint.port()};
}

TcpInfo info_of(Tcp::socket& socket) {
    TcpInfo info{};
    socklen_t size = sizeof(info);
    if (!socket.is_open() || ::getsockopt(socket.native_handle(), IPPROTO_TCP, TCP_INFO, &info, &size) != 0)
        info.known.tcpi_state = TCP_CLOSE;
    return info;
}

// Of what it was given to send, and how much of that is acknowledged: beside other bytes, which are no data of the far end's.
RelayCount count_of(const TcpInfo& info, std::uint64_t carried, std::uint64_t others) {
    return {carried, std::min(carried, difference(info.bytes_acked, others))};
}

bool is_settled(const TcpInfo& info, std::uint64_t carried, std::uint64_t others) {
    return info.known.tcpi_state == TCP_CLOSE || count_of(info, carried, others).arrived == carried;
}

// False: it has taken longer, and was given up.
asio::awaitable<bool> within(Clock::duration time, asio::awaitable<void> work) {
    asio::steady_timer limit(co_await asio::this_coro::executor, time);
    const auto first = co_await (std::move(work) || limit.async_wait(awaiting));
    co_return first.index() == 0;
}

asio::awaitable<void> connect_socket(Tcp::socket& socket, Tcp::endpoint target, error_code& error) {
    std::tie(error) = co_await socket.async_connect(target, awaiting);
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
    : id_(id), inner_(std::move(inner)), outer_(inner_.get_executor()), own_(std::move(own)) {}

Tunnel::~Tunnel() {
    tell_end();
}

asio::awaitable<void> Tunnel::serve() {
    const auto self = shared_from_this();
    error_code error;
    node_ = end_of(inner_.remote_endpoint(error));
    if (error) co_return;  // it has gone
    say(accepted_line(node_));
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

asio::awaitable<void> Tunnel::take_head() {
    std::array<char, 4096> buffer;
    while (!head_.is_over()) {
        const auto [error, bytes] = co_await inner_.async_read_some(asio::buffer(buffer), awaiting);
        if (error) co_return;
        head_.take({buffer.data(), bytes});
    }
}

// False: it was refused, or the node has gone.
asio::awaitable<bool> Tunnel::read_head() {
    const bool is_in_time = co_await within(head_time, take_head());
    if (head_.is_over() && !head_.refusal()) co_return true;
    if (head_.refusal())
        co_await refuse(*head_.refusal(), head_.why());
    else if (!is_in_time)
        co_await refuse(ProxyStatus::timeout, "no whole request has come");
    co_return false;
}

asio::awaitable<void> Tunnel::refuse(ProxyStatus status, std::string why) {
    say(refused_line(static_cast<unsigned>(status)));
    co_await within(refusal_time, answer_last(reply_text(status, why)));
}

asio::awaitable<void> Tunnel::answer_last(std::string reply) {
    auto [error, bytes] = co_await asio::async_write(inner_, asio::buffer(reply), awaiting);
    if (!error) inner_.shutdown(Tcp::socket::shutdown_send, error);
    // What it still sends would make its kernel throw the answer away.
    std::array<char, 4096> rest;
    while (!error) std::tie(error, bytes) = co_await inner_.async_read_some(asio::buffer(rest), awaiting);
}

asio::awaitable<bool> Tunnel::connect() {
    Refusal refusal;
    const auto first = co_await (connect_to_any(refusal) || node_leaves());
    if (first.index() != 0) co_return false;
    const bool is_connected = std::get<0>(first);
    if (!is_connected) co_await refuse(refusal.status, refusal.why);
    co_return is_connected;
}

// By a reset, or by the end of its way before it has said anything to the target: after that it may wait for an answer.
asio::awaitable<void> Tunnel::node_leaves() {
    char byte = 0;
    const auto [error, bytes] =
        co_await inner_.async_receive(asio::buffer(&byte, 1), Tcp::socket::message_peek, awaiting);
    if (!error || !head_.rest().empty()) co_await inner_.async_wait(Tcp::socket::wait_error, awaiting);
}

// All addresses share the time: each but the last has half of what is left.
asio::awaitable<bool> Tunnel::connect_to_any(Refusal& refusal) {
    const auto until = Clock::now() + connect_time;
    Tcp::resolver resolver(inner_.get_executor());
    const ConnectTarget& wanted = head_.target();
    const auto [error, found] =
        co_await resolver.async_resolve(wanted.host, std::to_string(wanted.port), awaiting);
    if (error) refusal.why = fmt::format("cannot find {}: {}", wanted.host, error.message());
    for (auto entry = found.begin(); entry != found.end();) {
        const Tcp::endpoint target = entry->endpoint();
        const auto left = until - Clock::now();
        const bool is_last = ++entry == found.end();
        const bool is_connected = co_await connect_to(target, is_last ? left : left / 2, refusal);
        if (is_connected) co_return true;
    }
    co_return false;
}

asio::awaitable<bool> Tunnel::connect_to(Tcp::endpoint target, Clock::duration time, Refusal& refusal) {
    const auto own = std::find_if(own_.begin(), own_.end(), [&](const IpAddress& address) {
        return address.is_v6() == target.address().is_v6();
    });
    refusal.why = fmt::format("cannot connect to {} port {}: ", target.address().to_string(), target.port());
    if (own == own_.end()) {
        refusal.why += "the run has no such addresses";
        co_return false;
    }
    error_code error;
    outer_.close(error);
    outer_.open(target.protocol(), error);
    if (!error) outer_.bind({*own, 0}, error);
    if (!error) {
        error = asio::error::timed_out;
        co_await within(time, connect_socket(outer_, target, error));
    }
    if (!error) co_return true;
    const bool is_late = error == asio::error::timed_out || error == asio::error::operation_aborted;
    refusal.status = is_late ? ProxyStatus::gateway_timeout : ProxyStatus::bad_gateway;
    refusal.why += is_late ? "nobody answers" : error.message();
    co_return false;
}

// It is told of before anything can come through.
asio::awaitable<bool> Tunnel::begin() {
    const std::string reply = reply_text(ProxyStatus::established);
    reply_ = reply.size();
    error_code error, other;
    for (Tcp::socket* socket : {&inner_, &outer_}) socket->set_option(Tcp::no_delay(true), error);
    Relay relay{.id = id_,
                .node = node_,
                .inner = end_of(inner_.local_endpoint(error)),
                .head = static_cast<std::uint32_t>(head_.size()),
                .reply = static_cast<std::uint32_t>(reply.size())};
    if (error) co_return false;  // the node has gone
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
    co_await within(settle_time, settle());
    tell_end();
    for (Tcp::socket* socket : {&inner_, &outer_}) socket->close(error);
}

// Until both far ends' kernels have all, or never will: what is told at the end is told for good.
asio::awaitable<void> Tunnel::settle() {
    asio::steady_timer pause(inner_.get_executor());
    auto look = first_look;
    while (!is_settled(info_of(outer_), up_, syn_alone) || !is_settled(info_of(inner_), down_, reply_)) {
        pause.expires_after(look);
        co_await pause.async_wait(awaiting);
        look = std::min(2 * look, longest_look);
    }
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
    relay.up = count_of(info_of(outer_), up_, syn_alone);
    relay.down = count_of(info_of(inner_), down_, reply_);
    say(ended_line(relay));
}

}  // namespace netcut::proxy
