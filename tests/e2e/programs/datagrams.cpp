// SPDX-License-Identifier: Apache-2.0
//
// What the nodes of the e2e tests run to see what the network does to their packets.
//
//   datagrams echo ENDS PORT...
//     sends every UDP datagram back, until so many of them were the word "end"
//   datagrams ask HOST ROUNDS ROUND_MS COUNT PORT...
//     in each round sends COUNT numbered datagrams to each port, 10 ms apart, and prints each answer:
//     "round R port P answer N after US us". A round begins with the line "round R" and lasts ROUND_MS.
#include <netdb.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

struct Question {
    int round = 0;
    int number = 0;
    Clock::rep sent = 0;
};

[[noreturn]] void fail(const char* what) {
    std::perror(what);
    std::exit(1);
}

// A socket that is bound to the port, or connected to it where there is a host.
int open_socket(const char* host, const std::string& port) {
    addrinfo hints{};
    hints.ai_socktype = SOCK_DGRAM;
    hints.ai_family = host == nullptr ? AF_INET6 : AF_UNSPEC;  // [::] serves IPv4 too
    hints.ai_flags = host == nullptr ? AI_PASSIVE : 0;
    addrinfo* found = nullptr;
    if (::getaddrinfo(host, port.c_str(), &hints, &found) != 0) fail("getaddrinfo");
    const int fd = ::socket(found->ai_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd < 0) fail("socket");
    const auto attach = host == nullptr ? ::bind : ::connect;
    if (attach(fd, found->ai_addr, found->ai_addrlen) != 0) fail("bind or connect");
    ::freeaddrinfo(found);
    return fd;
}

std::vector<pollfd> open_sockets(const char* host, const std::vector<std::string>& ports) {
    std::vector<pollfd> sockets;
    for (const std::string& port : ports) sockets.push_back({open_socket(host, port), POLLIN, 0});
    return sockets;
}

int echo(int ends, const std::vector<std::string>& ports) {
    std::vector<pollfd> sockets = open_sockets(nullptr, ports);
    std::puts("ready");
    std::fflush(stdout);
    while (ends > 0) {
        if (::poll(sockets.data(), sockets.size(), -1) < 0) fail("poll");
        for (const pollfd& socket : sockets) {
            char bytes[2048];
            sockaddr_storage from{};
            socklen_t size = sizeof(from);
            const ssize_t count = ::recvfrom(socket.fd, bytes, sizeof(bytes), MSG_DONTWAIT,
                                             reinterpret_cast<sockaddr*>(&from), &size);
            if (count < 0) continue;
            if (std::string(bytes, static_cast<std::size_t>(count)) == "end") --ends;
            ::sendto(socket.fd, bytes, static_cast<std::size_t>(count), 0,
                     reinterpret_cast<const sockaddr*>(&from), size);
        }
    }
    return 0;
}

class Asker {
  public:
    Asker(const char* host, std::vector<std::string> ports)
        : ports_(std::move(ports)), sockets_(open_sockets(host, ports_)) {}

    void ask(int round, int count, milliseconds lasts) {
        const auto end = Clock::now() + lasts;
        std::printf("round %d\n", round);
        std::fflush(stdout);
        take_until(Clock::now() + milliseconds(300));  // whoever waits for that line has acted by then
        for (int number = 1; number <= count; ++number) {
            const Question question{round, number, Clock::now().time_since_epoch().count()};
            for (const pollfd& socket : sockets_) ::send(socket.fd, &question, sizeof(question), 0);
            take_until(Clock::now() + milliseconds(10));
        }
        take_until(end);
    }
    void say_end() const { ::send(sockets_[0].fd, "end", 3, 0); }

  private:
    void take_until(Clock::time_point end) {
        for (;;) {
            const auto left = std::chrono::ceil<milliseconds>(end - Clock::now());
            if (left.count() <= 0) return;
            ::poll(sockets_.data(), sockets_.size(), static_cast<int>(left.count()));
            for (std::size_t i = 0; i < sockets_.size(); ++i) take(sockets_[i].fd, ports_[i]);
        }
    }
    static void take(int fd, const std::string& port) {
        Question question;
        while (::recv(fd, &question, sizeof(question), MSG_DONTWAIT) == sizeof(question)) {
            const auto took = Clock::now().time_since_epoch() - Clock::duration(question.sent);
            std::printf(
                "round %d port %s answer %d after %lld us\n", question.round, port.c_str(), question.number,
                static_cast<long long>(std::chrono::duration_cast<std::chrono::microseconds>(took).count()));
        }
    }

    std::vector<std::string> ports_;
    std::vector<pollfd> sockets_;
};

}  // namespace

int main(int argc, char** argv) {
    const std::vector<std::string> words(argv + 1, argv + argc);
    if (words.size() >= 3 && words[0] == "echo")
        return echo(std::stoi(words[1]), {words.begin() + 2, words.end()});
    if (words.size() < 6 || words[0] != "ask") return 2;
    Asker asker(words[1].c_str(), {words.begin() + 5, words.end()});
    const int rounds = std::stoi(words[2]);
    for (int round = 1; round <= rounds; ++round)
        asker.ask(round, std::stoi(words[4]), milliseconds(std::stoi(words[3])));
    asker.say_end();
    return 0;
}
