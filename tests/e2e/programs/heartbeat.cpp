// SPDX-License-Identifier: Apache-2.0
//
// A node with a known deadline, over UDP, so that no retransmission timer of TCP blurs it:
//
//   heartbeat HOST PORT BEATS DEADLINE_MS
//     sends a datagram every 20 ms and counts the answers, "beat N" each; exits 1 when none came for
//     DEADLINE_MS, and 0 after so many, having sent "end".
#include <netdb.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <cstdio>
#include <cstdlib>

namespace {

using Clock = std::chrono::steady_clock;

int connect_to(const char* host, const char* port) {
    addrinfo hints{};
    hints.ai_socktype = SOCK_DGRAM;
    addrinfo* found = nullptr;
    if (::getaddrinfo(host, port, &hints, &found) != 0) return -1;
    const int fd = ::socket(found->ai_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    const int connected = ::connect(fd, found->ai_addr, found->ai_addrlen);
    ::freeaddrinfo(found);
    return connected == 0 ? fd : -1;
}

bool answered(int fd) {
    pollfd watched{fd, POLLIN, 0};
    std::array<char, 16> answer{};
    return ::poll(&watched, 1, 20) > 0 && ::recv(fd, answer.data(), answer.size(), MSG_DONTWAIT) > 0;
}

}  // namespace

int main(int argc, char** argv) {
    if (argc != 5) return 2;
    const int fd = connect_to(argv[1], argv[2]);
    if (fd < 0) return 2;
    const int beats = std::atoi(argv[3]);
    const auto deadline = std::chrono::milliseconds(std::atoi(argv[4]));
    ::setvbuf(stdout, nullptr, _IOLBF, 0);
    auto last = Clock::now();
    for (int beat = 1; beat <= beats;) {
        (void)!::send(fd, "beat", 4, 0);
        if (answered(fd)) {
            last = Clock::now();
            std::printf("beat %d\n", beat++);
            ::usleep(20000);
        } else if (Clock::now() - last > deadline) {
            std::printf("no answer for too long\n");
            return 1;
        }
    }
    for (int i = 0; i < 3; ++i) (void)!::send(fd, "end", 3, 0);
    return 0;
}
