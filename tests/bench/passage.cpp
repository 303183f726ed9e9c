// SPDX-License-Identifier: Apache-2.0
#include "bench/passage.h"

#include <netinet/tcp.h>
#include <sys/socket.h>

#include <future>
#include <string>
#include <vector>

#include "bench/figure.h"
#include "bench/namespaces.h"
#include "bench/require.h"

namespace netcut::bench {
namespace {

constexpr auto bulk_time = std::chrono::milliseconds(500);

void pass_byte(const Fd& from, const Fd& to) {
    char byte = 'x';
    must(::send(from.get(), &byte, 1, 0), "send a byte");
    must(::recv(to.get(), &byte, 1, 0), "receive a byte");
}

}  // namespace

sockaddr_in passage_at(std::uint32_t address, std::uint16_t port) {
    return {AF_INET, htons(port), {htonl(address)}, {}};
}

Fd open_passage() {
    return Fd(must(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), "open a socket"));
}

Fd listen_at(std::uint16_t port) {
    Fd listener = open_passage();
    const int on = 1;
    ::setsockopt(listener.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
    const sockaddr_in any = passage_at(INADDR_ANY, port);
    must(::bind(listener.get(), reinterpret_cast<const sockaddr*>(&any), sizeof(any)), "bind a socket");
    must(::listen(listener.get(), 1), "listen");
    return listener;
}

Connection::Connection(int collaborator_ns, int aggregator_ns, std::uint16_t target) {
    Fd listener;
    in_namespace(aggregator_ns, [&] { listener = listen_at(passage_port); });
    in_namespace(collaborator_ns, [&] { collaborator = open_passage(); });
    const sockaddr_in to = passage_at(aggregator_address, target);
    must(::connect(collaborator.get(), reinterpret_cast<const sockaddr*>(&to), sizeof(to)), "connect");
    aggregator = Fd(must(::accept4(listener.get(), nullptr, nullptr, SOCK_CLOEXEC), "accept"));
    const int on = 1;
    for (const Fd* end : {&collaborator, &aggregator})
        ::setsockopt(end->get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
}

double bytes_per_second(Connection& connection) {
    auto reader = std::async(std::launch::async, [&] {
        std::vector<char> buffer(1 << 20);
        double bytes = 0;
        for (;;) {
            const auto size =
                must(::recv(connection.aggregator.get(), buffer.data(), buffer.size(), 0), "receive");
            if (size == 0) return bytes;
            bytes += static_cast<double>(size);
        }
    });
    const std::string data(256 * 1024, 'x');
    const auto begin = Clock::now();
    while (Clock::now() - begin < bulk_time) must(write_all(connection.collaborator.get(), data, "send"));
    must(::shutdown(connection.collaborator.get(), SHUT_WR), "end a stream");
    const double bytes = reader.get();
    return bytes / std::chrono::duration<double>(Clock::now() - begin).count();
}

Nanoseconds round_trip(Connection& connection, int trips) {
    Samples all;
    for (int i = 0; i < trips; ++i) {
        const auto begin = Clock::now();
        pass_byte(connection.collaborator, connection.aggregator);
        pass_byte(connection.aggregator, connection.collaborator);
        all.add(Clock::now() - begin);
    }
    return Nanoseconds(static_cast<std::int64_t>(all.quantile(0.5)));
}

}  // namespace netcut::bench
