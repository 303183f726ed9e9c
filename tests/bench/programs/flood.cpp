// SPDX-License-Identifier: Apache-2.0
//
// Sends datagrams of 1,500 bytes to a port of Mahimahi's outer end, as fast as they go, until it is ended.
#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <array>
#include <cstdint>
#include <cstdio>
#include <cstdlib>

int main(int argc, char** argv) {
    const char* const to = std::getenv("MAHIMAHI_BASE");
    sockaddr_in target{};
    target.sin_family = AF_INET;
    if (argc != 2 || to == nullptr || ::inet_pton(AF_INET, to, &target.sin_addr) != 1) {
        std::fprintf(stderr, "netcut_flood: run it in mm-link, with a port\n");
        return 2;
    }
    target.sin_port = htons(static_cast<std::uint16_t>(std::atoi(argv[1])));
    const int socket = ::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    const std::array<char, 1472> data{};
    for (;;)
        (void)::sendto(socket, data.data(), data.size(), 0, reinterpret_cast<const sockaddr*>(&target),
                       sizeof(target));
}
