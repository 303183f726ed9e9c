// SPDX-License-Identifier: Apache-2.0
//
// Samples of the connections of one node, made up.
#pragma once

#include "base/time.h"
#include "kernel/address.h"
#include "kernel/sockdiag.h"
#include "recovery/conversations.h"

namespace netcut::test::conversation {

using Outcome = Conversation::Outcome;

inline const IpAddress here = boost::asio::ip::make_address("10.0.0.2"),
                       there = boost::asio::ip::make_address("10.0.0.1");

// The node's end of a connection to port 9000 of the aggregator.
inline TcpSocket own(std::uint16_t port, std::uint64_t sent, std::uint64_t received,
                     std::uint32_t waiting = 0) {
    TcpSocket socket;
    socket.local = here;
    socket.local_port = port;
    socket.remote = there;
    socket.remote_port = 9000;
    socket.state = "ESTABLISHED";
    socket.bytes_acked = sent + 1;
    socket.bytes_received = received;
    socket.data_segments_sent = 1;
    socket.send_queue = waiting;
    return socket;
}

inline TcpSocket as(TcpSocket socket, const char* state, bool held) {
    socket.state = state;
    socket.held = held;
    return socket;
}

class Story {
  public:
    Story() : conversations_([](const TcpSocket&, bool) { return true; }) {}

    // Other ends exist as long as the node's are said to be whole; `waiting` bytes are on their way to it.
    SocketSample sample(std::vector<TcpSocket> sockets, bool whole = true, std::uint32_t waiting = 0) {
        SocketSample sample;
        sample.own = std::move(sockets);
        sample.addresses = {address};
        sample.who = [](const IpAddress& address) { return address == there ? "aggregator" : ""; };
        for (const TcpSocket& socket : sample.own) {
            TcpSocket other = socket;
            std::swap(other.local, other.remote);
            std::swap(other.local_port, other.remote_port);
            other.send_queue = waiting;
            other.held = true;
            other.state = "ESTABLISHED";
            if (whole) sample.other_ends[conversation_key(socket)] = other;
        }
        return sample;
    }
    IpAddress address = here;
    Conversations& operator*() { return conversations_; }
    Conversations* operator->() { return &conversations_; }
    Outcome outcome() const { return conversations_.list().at(0).outcome; }
    std::optional<Nanoseconds> after() const { return conversations_.list().at(0).after; }

  private:
    Conversations conversations_;
};

}  // namespace netcut::test::conversation
