// SPDX-License-Identifier: Apache-2.0
//
// Real flows between nodes of a fabric, for the kernel tests.
#pragma once

#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <cstring>
#include <string>
#include <thread>
#include <vector>

#include "base/error.h"
#include "base/io.h"
#include "base/time.h"
#include "fabric/fabric.h"
#include "kernel/address.h"
#include "time_scale.h"

namespace netcut::test {

#define NETCUT_NEEDS_ROOT() \
    if (::geteuid() != 0) GTEST_SKIP() << "needs root: it makes network namespaces"

template <typename T>
T must(Result<T> result) {
    if (!result) throw std::runtime_error(result.error().text());
    if constexpr (!std::is_void_v<T>) return std::move(*result);
}

struct Endpoint {
    sockaddr_storage storage{};
    socklen_t size = 0;

    Endpoint(const IpAddress& address, std::uint16_t port) {
        if (address.is_v6()) {
            auto* in6 = reinterpret_cast<sockaddr_in6*>(&storage);
            in6->sin6_family = AF_INET6;
            in6->sin6_port = htons(port);
            std::memcpy(&in6->sin6_addr, address.to_v6().to_bytes().data(), 16);
            size = sizeof(*in6);
        } else {
            auto* in = reinterpret_cast<sockaddr_in*>(&storage);
            in->sin_family = AF_INET;
            in->sin_port = htons(port);
            in->sin_addr.s_addr = htonl(address.to_v4().to_uint());
            size = sizeof(*in);
        }
    }
    const sockaddr* get() const { return reinterpret_cast<const sockaddr*>(&storage); }
};

inline Fd open_socket(NodeLink& node, int type, bool v6, int patience_ms = 300) {
    Fd fd;
    must(node.ns.run([&]() -> Result<void> {
        fd = Fd(::socket(v6 ? AF_INET6 : AF_INET, type | SOCK_CLOEXEC, 0));
        if (!fd) return system_failure("open a socket");
        return {};
    }));
    patience_ms *= time_scale();
    const timeval patience{patience_ms / 1000, patience_ms % 1000 * 1000};
    ::setsockopt(fd.get(), SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
    ::setsockopt(fd.get(), SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience));
    return fd;
}

// UDP datagrams from `from` to `to`. Each probe has a port of its own.
class UdpProbe {
  public:
    UdpProbe(Fabric& fabric, std::size_t from, std::size_t to, bool v6)
        : sender_(open_socket(fabric.node(from), SOCK_DGRAM, v6)),
          reader_(open_socket(fabric.node(to), SOCK_DGRAM, v6)),
          target_(address(fabric, to, v6), next_port()) {
        const Endpoint any(v6 ? IpAddress(boost::asio::ip::address_v6::any())
                              : IpAddress(boost::asio::ip::address_v4::any()),
                           port_);
        if (::bind(reader_.get(), any.get(), any.size) != 0) throw std::runtime_error("bind");
    }
    bool send() { return ::sendto(sender_.get(), "x", 1, 0, target_.get(), target_.size) == 1; }
    bool receive() {
        char byte = 0;
        return ::recv(reader_.get(), &byte, 1, 0) == 1;
    }
    bool passes() {
        while (::recv(reader_.get(), &scratch_, 1, MSG_DONTWAIT) == 1) {
        }
        return send() && receive();
    }

    static IpAddress address(Fabric& fabric, std::size_t node, bool v6) {
        for (const IpAddress& address : fabric.node(node).addresses)
            if (address.is_v6() == v6) return address;
        throw std::runtime_error("no such address");
    }

  private:
    std::uint16_t next_port() {
        static std::uint16_t last = 4000;
        return port_ = ++last;
    }

    std::uint16_t port_ = 0;
    Fd sender_, reader_;
    Endpoint target_;
    char scratch_ = 0;
};

// An established TCP connection from `from` to `to`.
struct TcpPair {
    Fd client, server;

    // `own_port`: the client's; 0: any.
    TcpPair(Fabric& fabric, std::size_t from, std::size_t to, bool v6, std::uint16_t port = 5000,
            std::uint16_t own_port = 0) {
        const Fd listener = open_socket(fabric.node(to), SOCK_STREAM, v6, 3000);
        const Endpoint at(UdpProbe::address(fabric, to, v6), port);
        const int on = 1;
        ::setsockopt(listener.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
        if (::bind(listener.get(), at.get(), at.size) != 0 || ::listen(listener.get(), 4) != 0)
            throw std::runtime_error("listen");
        client = open_socket(fabric.node(from), SOCK_STREAM, v6, 5000);
        const Endpoint own(UdpProbe::address(fabric, from, v6), own_port);
        if (own_port != 0 && ::bind(client.get(), own.get(), own.size) != 0) throw std::runtime_error("bind");
        if (::connect(client.get(), at.get(), at.size) != 0) throw std::runtime_error("connect");
        server = Fd(::accept4(listener.get(), nullptr, nullptr, SOCK_CLOEXEC));
        if (!server) throw std::runtime_error("accept");
        const timeval patience{5, 0};
        ::setsockopt(server.get(), SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
    }
    // Client to server and back again.
    bool speaks() const {
        char byte = 0;
        return ::send(client.get(), "p", 1, MSG_NOSIGNAL) == 1 && ::recv(server.get(), &byte, 1, 0) == 1 &&
               ::send(server.get(), "q", 1, MSG_NOSIGNAL) == 1 && ::recv(client.get(), &byte, 1, 0) == 1;
    }
};

// How long TCP takes to bring so many bytes from client to server.
inline double seconds_on(const TcpPair& connection, std::size_t bytes) {
    const std::string block(bytes, 'x');
    const auto begin = Clock::now();
    std::thread writer([&] { (void)write_all(connection.client.get(), block, "send"); });
    std::size_t received = 0;
    std::array<char, 65536> buffer;
    while (received < block.size()) {
        const ssize_t count = ::recv(connection.server.get(), buffer.data(), buffer.size(), 0);
        if (count <= 0) break;
        received += static_cast<std::size_t>(count);
    }
    writer.join();
    EXPECT_EQ(received, bytes);
    return std::chrono::duration<double>(Clock::now() - begin).count();
}

// From the second node to the first.
inline double seconds_for(Fabric& fabric, bool v6, std::size_t bytes) {
    return seconds_on(TcpPair(fabric, 1, 0, v6), bytes);
}

// Datagrams from one node to another, and how many arrive.
class Datagrams {
  public:
    Datagrams(Fabric& fabric, std::size_t from, std::size_t to, bool v6 = false, std::uint16_t port = 7000)
        : sender_(open_socket(fabric.node(from), SOCK_DGRAM, v6)),
          reader_(open_socket(fabric.node(to), SOCK_DGRAM, v6)),
          target_(UdpProbe::address(fabric, to, v6), port) {
        const Endpoint any(v6 ? IpAddress(boost::asio::ip::address_v6::any())
                              : IpAddress(boost::asio::ip::address_v4::any()),
                           port);
        const int room = 8 * 1024 * 1024;
        ::setsockopt(reader_.get(), SOL_SOCKET, SO_RCVBUFFORCE, &room, sizeof(room));
        if (::bind(reader_.get(), any.get(), any.size) != 0) throw std::runtime_error("bind");
    }
    void send(std::size_t payload = 1) const {
        const std::vector<char> bytes(payload, 'x');
        ::sendto(sender_.get(), bytes.data(), bytes.size(), 0, target_.get(), target_.size);
    }
    // What has arrived; packets pass veth pairs before send() returns, but for those on another CPU's queue.
    std::size_t arrived(std::size_t expected) const {
        std::size_t count = 0;
        char bytes[2048];
        const auto deadline = Clock::now() + std::chrono::seconds(2);
        while (count < expected && Clock::now() < deadline)
            if (::recv(reader_.get(), bytes, sizeof(bytes), MSG_DONTWAIT) >= 0) ++count;
        std::this_thread::sleep_for(std::chrono::milliseconds(expected == 0 ? 5 : 1));
        while (::recv(reader_.get(), bytes, sizeof(bytes), MSG_DONTWAIT) >= 0) ++count;
        return count;
    }

  private:
    Fd sender_, reader_;
    Endpoint target_;
};

inline std::vector<std::string> names(std::size_t collaborators) {
    std::vector<std::string> all{"aggregator"};
    for (std::size_t i = 1; i <= collaborators; ++i) all.push_back("collaborator" + std::to_string(i));
    return all;
}

}  // namespace netcut::test
