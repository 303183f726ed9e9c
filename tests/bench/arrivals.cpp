// SPDX-License-Identifier: Apache-2.0
#include "bench/arrivals.h"

#include <poll.h>
#include <sys/socket.h>

#include <array>
#include <chrono>
#include <cstring>
#include <thread>

#include "bench/namespaces.h"
#include "bench/passage.h"
#include "bench/require.h"

namespace netcut::bench {
namespace {

using std::chrono::system_clock;

constexpr int room = 64 << 20;              // bytes of a socket's buffer
constexpr std::size_t whole_packet = 1472;  // bytes; with its UDP and IPv4 headers 1,500
using Stamp = system_clock::rep;

Fd open_datagrams(int ns) {
    Fd socket;
    in_namespace(
        ns, [&] { socket = Fd(must(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0), "open a socket")); });
    return socket;
}

void send_one(const Fd& socket, std::size_t bytes) {
    std::array<char, whole_packet> data{};
    const Stamp now = Nanoseconds(system_clock::now().time_since_epoch()).count();
    std::memcpy(data.data(), &now, sizeof(now));
    must(::send(socket.get(), data.data(), bytes, 0), "send a datagram");
}

}  // namespace

Arrivals::Arrivals(int ns) : socket_(open_datagrams(ns)) {
    const int on = 1;
    must(::setsockopt(socket_.get(), SOL_SOCKET, SO_TIMESTAMPNS, &on, sizeof(on)), "have times of arrival");
    must(::setsockopt(socket_.get(), SOL_SOCKET, SO_RCVBUFFORCE, &room, sizeof(room)),
         "have a larger buffer");
    const sockaddr_in any = passage_at(INADDR_ANY, port);
    must(::bind(socket_.get(), reinterpret_cast<const sockaddr*>(&any), sizeof(any)), "bind a socket");
}

std::vector<Arrivals::Arrival> Arrivals::read(Nanoseconds silence) {
    std::vector<Arrival> all;
    pollfd readable{socket_.get(), POLLIN, 0};
    const int wait = static_cast<int>(std::chrono::duration_cast<std::chrono::milliseconds>(silence).count());
    while (::poll(&readable, 1, wait) == 1) {
        Stamp sent = 0;
        alignas(cmsghdr) std::array<char, 128> control;
        iovec part{&sent, sizeof(sent)};
        msghdr message{};
        message.msg_iov = &part;
        message.msg_iovlen = 1;
        message.msg_control = control.data();
        message.msg_controllen = control.size();
        must(::recvmsg(socket_.get(), &message, 0), "receive a datagram");
        timespec time{};
        std::memcpy(&time, CMSG_DATA(CMSG_FIRSTHDR(&message)), sizeof(time));
        all.push_back({Nanoseconds(sent), std::chrono::seconds(time.tv_sec) + Nanoseconds(time.tv_nsec)});
    }
    return all;
}

Sender::Sender(int ns) : socket_(open_datagrams(ns)) {
    const sockaddr_in target = passage_at(aggregator_address, Arrivals::port);
    must(::connect(socket_.get(), reinterpret_cast<const sockaddr*>(&target), sizeof(target)), "connect");
}

void Sender::send_paced(std::size_t count, Nanoseconds apart) {
    const auto begin = Clock::now();
    for (std::size_t i = 0; i < count; ++i) {
        std::this_thread::sleep_until(begin + i * apart);
        send_one(socket_, sizeof(Stamp));
    }
}

void Sender::flood(Nanoseconds length) {
    for (const auto end = Clock::now() + length; Clock::now() < end;) send_one(socket_, whole_packet);
}

}  // namespace netcut::bench
