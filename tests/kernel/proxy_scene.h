// SPDX-License-Identifier: Apache-2.0
//
// A site with its proxy: the program itself, in the site's router.
#pragma once

#include <gmock/gmock.h>
#include <poll.h>
#include <spawn.h>
#include <sys/wait.h>

#include <csignal>
#include <functional>

#include "kernel/site_scene.h"

namespace netcut::test {

inline constexpr std::uint16_t target_port = 5000, refused_port = 5999;

inline SiteSpec proxied(Nat nat = Nat::none) {
    return {.name = {}, .nat = nat, .proxy = Proxy::connect};
}

class ProxyProcess {
  public:
    // `words`: a command that starts what is given it as arguments.
    explicit ProxyProcess(Fabric& all, std::vector<std::string> words = {}) : site_((*all.sites())[0]) {
        Pipe said = must(make_pipe());
        words.emplace_back(NETCUT_BUILD_DIR "/netcut-fl-proxy");
        for (const IpAddress& address : site_.addresses()) words.push_back(address.to_string());
        std::vector<char*> pointers;
        for (std::string& word : words) pointers.push_back(word.data());
        pointers.push_back(nullptr);
        posix_spawn_file_actions_t files;
        ::posix_spawn_file_actions_init(&files);
        ::posix_spawn_file_actions_adddup2(&files, said.write.get(), STDOUT_FILENO);
        must(site_.ns().run([&]() -> Result<void> {
            if (::posix_spawnp(&pid_, pointers[0], &files, nullptr, pointers.data(), environ) != 0)
                return system_failure("start the proxy");
            return {};
        }));
        ::posix_spawn_file_actions_destroy(&files);
        said_ = std::move(said.read);
        while (!site_.relays()->listens()) hear(10'000);
    }
    ~ProxyProcess() {
        ::kill(pid_, SIGKILL);
        ::waitpid(pid_, nullptr, 0);
    }
    // What it has said since.
    void hear(int patience_ms = 0) {
        char buffer[4096];
        pollfd ready{said_.get(), POLLIN, 0};
        while (::poll(&ready, 1, patience_ms) == 1) {
            const ssize_t count = ::read(said_.get(), buffer, sizeof(buffer));
            if (count <= 0) throw std::runtime_error("the proxy has ended");
            site_.relays()->take({buffer, static_cast<std::size_t>(count)});
            patience_ms = 0;
        }
    }
    // Hears what it says until that is so, for some seconds.
    bool hears(const std::function<bool()>& is_so) {
        for (int i = 0; i < 100 && !is_so(); ++i) hear(100);
        return is_so();
    }
    RelayBook& book() { return *site_.relays(); }
    IpAddress address(bool v6) const {
        for (const IpAddress& address : site_.addresses())
            if (address.is_v6() == v6) return address;
        throw std::runtime_error("no such address");
    }

  private:
    SiteRouter& site_;
    pid_t pid_ = 0;
    Fd said_;
};

inline RelayEnd end_of(const Fd& socket, int (*name)(int, sockaddr*, socklen_t*)) {
    sockaddr_storage storage{};
    socklen_t size = sizeof(storage);
    name(socket.get(), reinterpret_cast<sockaddr*>(&storage), &size);
    if (storage.ss_family == AF_INET) {
        const auto& in = reinterpret_cast<const sockaddr_in&>(storage);
        return {boost::asio::ip::address_v4(ntohl(in.sin_addr.s_addr)), ntohs(in.sin_port)};
    }
    const auto& in6 = reinterpret_cast<const sockaddr_in6&>(storage);
    boost::asio::ip::address_v6::bytes_type bytes;
    std::memcpy(bytes.data(), &in6.sin6_addr, bytes.size());
    return {boost::asio::ip::address_v6(bytes), ntohs(in6.sin6_port)};
}

inline std::string reply_on(const Fd& socket) {
    std::string reply;
    char byte = 0;
    while (!reply.ends_with("\r\n\r\n") && ::recv(socket.get(), &byte, 1, 0) == 1) reply += byte;
    return reply;
}

inline Fd listener_at(Fabric& all, bool v6, int buffer = 0) {
    Fd listener = open_socket(all.node(0), SOCK_STREAM, v6, 10'000);
    const Endpoint at(UdpProbe::address(all, 0, v6), target_port);
    const int on = 1;
    ::setsockopt(listener.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
    if (buffer > 0) ::setsockopt(listener.get(), SOL_SOCKET, SO_RCVBUF, &buffer, sizeof(buffer));
    if (::bind(listener.get(), at.get(), at.size) != 0 || ::listen(listener.get(), 4) != 0)
        throw std::runtime_error("listen");
    return listener;
}

inline std::string target_text(const IpAddress& address, std::uint16_t port) {
    const std::string host = address.is_v6() ? "[" + address.to_string() + "]" : address.to_string();
    return host + ":" + std::to_string(port);
}

class SiteProxyTest : public SiteTest {
  protected:
    // A connection of the node to the proxy, on which this has been said.
    Fd asking(Fabric& all, ProxyProcess& proxy, const std::string& words, std::size_t node = 1) {
        Fd client = open_socket(all.node(node), SOCK_STREAM, v6(), 10'000);
        const Endpoint at(proxy.address(v6()), proxy_port);
        if (::connect(client.get(), at.get(), at.size) != 0) throw std::runtime_error("connect to the proxy");
        must(write_all(client.get(), words, "ask the proxy"));
        return client;
    }
    std::string answer_to(Fabric& all, ProxyProcess& proxy, const std::string& words) {
        return reply_on(asking(all, proxy, words));
    }
    std::string head_for(Fabric& all, std::uint16_t port, std::size_t node = 0) {
        return "CONNECT " + target_text(UdpProbe::address(all, node, v6()), port) + " HTTP/1.1\r\n\r\n";
    }

    struct Through {
        Fd client, server;
    };
    Through through(Fabric& all, ProxyProcess& proxy, int buffer = 0) {
        const Fd listener = listener_at(all, v6(), buffer);
        Through made{asking(all, proxy, head_for(all, target_port)), {}};
        EXPECT_THAT(reply_on(made.client), testing::StartsWith("HTTP/1.1 200 "));
        made.server = Fd(::accept4(listener.get(), nullptr, nullptr, SOCK_CLOEXEC));
        if (!made.server) throw std::runtime_error("accept");
        const timeval patience{10, 0};
        ::setsockopt(made.server.get(), SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
        return made;
    }
};
inline bool has_ended(const Relay* relay) {
    return relay != nullptr && relay->has_ended;
}

inline bool tells(const Fd& from, const Fd& to, const char* text) {
    return ::send(from.get(), text, 1, MSG_NOSIGNAL) == 1 && is_told_of(to, text);
}

inline void reset(Fd& socket) {
    const linger now{1, 0};
    ::setsockopt(socket.get(), SOL_SOCKET, SO_LINGER, &now, sizeof(now));
    socket.reset();
}

}  // namespace netcut::test
