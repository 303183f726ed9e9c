// SPDX-License-Identifier: Apache-2.0
//
// Sends datagrams to a port of Mahimahi's outer end, each with the time at which it is sent: so many, a millisecond apart; or of
// 1,500 bytes as fast as they go, until it is ended.
//   netcut_flood PORT [PACKETS]
#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <array>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <thread>

namespace {

using std::chrono::system_clock;

void send_one(int socket, const sockaddr_in& target, std::size_t bytes) {
    std::array<char, 1472> data{};
    const std::int64_t now = std::chrono::nanoseconds(system_clock::now().time_since_epoch()).count();
    std::memcpy(data.data(), &now, sizeof(now));
    (void)::sendto(socket, data.data(), bytes, 0, reinterpret_cast<const sockaddr*>(&target), sizeof(target));
}

}  // namespace

int main(int argc, char** argv) {
    const char* const to = std::getenv("MAHIMAHI_BASE");
    sockaddr_in target{};
    target.sin_family = AF_INET;
    if (argc < 2 || argc > 3 || to == nullptr || ::inet_pton(AF_INET, to, &target.sin_addr) != 1) {
        std::fprintf(stderr, "netcut_flood: run it in a shell of Mahimahi, with a port\n");
        return 2;
    }
    target.sin_port = htons(static_cast<std::uint16_t>(std::atoi(argv[1])));
    const int socket = ::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (argc == 2)
        for (;;) send_one(socket, target, 1472);
    auto next = std::chrono::steady_clock::now();
    for (int left = std::atoi(argv[2]); left > 0; --left) {
        send_one(socket, target, sizeof(std::int64_t));
        next += std::chrono::milliseconds(1);
        std::this_thread::sleep_until(next);
    }
}
