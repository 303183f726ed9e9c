// SPDX-License-Identifier: Apache-2.0
//
// Nodes that wait for each other for ever, as a static program:
//
//   waiter serve PORT          accepts all connections, and waits for them in epoll, in two threads and in a child
//                              that has inherited them
//   waiter connect PORT N      opens N connections to who is "aggregator" in /etc/hosts, says "cut me", and waits for
//                              them in poll
#include <arpa/inet.h>
#include <poll.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace {

[[noreturn]] void fail(const char* what) {
    std::perror(what);
    std::exit(1);
}

int serve(std::uint16_t port) {
    const int server = ::socket(AF_INET6, SOCK_STREAM | SOCK_NONBLOCK, 0);
    sockaddr_in6 any{};
    any.sin6_family = AF_INET6;
    any.sin6_port = htons(port);
    if (::bind(server, reinterpret_cast<const sockaddr*>(&any), sizeof(any)) != 0 ||
        ::listen(server, 4096) != 0)
        fail("listen");
    const int watch = ::epoll_create1(0);
    epoll_event event{EPOLLIN, {}};
    event.data.fd = server;
    ::epoll_ctl(watch, EPOLL_CTL_ADD, server, &event);
    std::puts("listening");
    std::fflush(stdout);
    std::thread([watch] {
        epoll_event seen{};
        for (;;) ::epoll_wait(watch, &seen, 1, -1);
    }).detach();
    bool has_child = false;
    for (;;) {
        ::epoll_wait(watch, &event, 1, -1);
        for (int one = -1; (one = ::accept(server, nullptr, nullptr)) >= 0;) {
            epoll_event added{EPOLLIN, {}};
            added.data.fd = one;
            ::epoll_ctl(watch, EPOLL_CTL_ADD, one, &added);
            char byte = 0;
            if (!std::exchange(has_child, true) && ::fork() == 0)
                ::_exit(static_cast<int>(::recv(one, &byte, 1, 0)));
        }
    }
}

// The address, of either family, of the first line that ends with this name.
sockaddr_in6 address_of(const std::string& name, std::uint16_t port) {
    std::ifstream hosts("/etc/hosts");
    for (std::string line; std::getline(hosts, line);) {
        if (line.find(name) == std::string::npos) continue;
        const std::string text = line.substr(0, line.find_first_of(" \t"));
        sockaddr_in6 address{};
        address.sin6_family = AF_INET6;
        address.sin6_port = htons(port);
        if (::inet_pton(AF_INET6, text.c_str(), &address.sin6_addr) == 1 ||
            ::inet_pton(AF_INET6, ("::ffff:" + text).c_str(), &address.sin6_addr) == 1)
            return address;
    }
    fail("find the aggregator");
}

int connect_and_wait(std::uint16_t port, unsigned count) {
    const sockaddr_in6 address = address_of("aggregator", port);
    std::vector<pollfd> all;
    for (unsigned i = 0; i < count; ++i) {
        const int one = ::socket(AF_INET6, SOCK_STREAM, 0);
        if (::connect(one, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) != 0)
            fail("connect");
        all.push_back({one, POLLIN, 0});
    }
    std::puts("cut me");
    std::fflush(stdout);
    ::poll(all.data(), all.size(), -1);
    return 0;
}

}  // namespace

int main(int count, char** words) {
    if (count < 3) return 2;
    const auto port = static_cast<std::uint16_t>(std::atoi(words[2]));
    if (std::strcmp(words[1], "serve") == 0) return serve(port);
    return count == 4 ? connect_and_wait(port, static_cast<unsigned>(std::atoi(words[3]))) : 2;
}
