// SPDX-License-Identifier: Apache-2.0
//
// How evenly bytes pass where only so many may pass in a second: by us, and by a TCP proxy.
#include <poll.h>
#include <sys/socket.h>

#include <atomic>
#include <thread>

#include "bench/figures.h"
#include "bench/floor_network.h"
#include "bench/held.h"
#include "bench/passage.h"
#include "bench/slow_proxy.h"

namespace netcut::bench {
namespace {

constexpr double bits_per_second = 10e6;
// Of packets of 1,500 bytes, which have 52 bytes of headers and time stamps.
constexpr double payload = 1448.0 / 1500;
constexpr auto rate_step = std::chrono::milliseconds(100);
constexpr std::size_t rate_steps = 30, until_steady = 10;

PacketAction dripping() {
    Hold hold;
    hold.up.pace = hold.down.pace = netcut::Pace{bits_per_second, bits_per_second, {}};
    return hold;
}

// Of each tenth of a second, once it flows steadily: how far what was received is from what the rate is.
void measure_on(Connection connection, double bytes_per_second, Samples& errors) {
    std::atomic<bool> enough = false;
    std::thread writer([&] {
        const std::string data(64 * 1024, 'x');
        while (!enough && ::send(connection.collaborator.get(), data.data(), data.size(), MSG_NOSIGNAL) > 0)
            continue;
    });
    std::vector<double> bytes(rate_steps);
    std::vector<char> buffer(1 << 20);
    const auto begin = Clock::now();
    for (;;) {
        const auto size =
            must(::recv(connection.aggregator.get(), buffer.data(), buffer.size(), 0), "receive");
        const auto number = static_cast<std::size_t>((Clock::now() - begin) / rate_step);
        if (number >= rate_steps) break;
        bytes[number] += static_cast<double>(size);
    }
    enough = true;
    ::shutdown(connection.collaborator.get(), SHUT_RDWR);
    writer.join();
    const double right = bytes_per_second * seconds(rate_step);
    for (std::size_t i = until_steady; i < rate_steps; ++i) errors.add(std::abs(bytes[i] - right) / right);
}

}  // namespace

std::vector<Figure> measure_rate() {
    Figure error{"error_of_10mbit", Unit::percent, {}, {}};
    Held product(dripping());
    measure_on({product.fabric.node(victim).ns.fd(), product.fabric.node(0).ns.fd()},
               bits_per_second / 8 * payload, error.product);
    FloorNetwork floor(2);
    const SlowProxy proxy(floor.node(0), {.bytes_per_second = bits_per_second / 8});
    measure_on({floor.node(victim), floor.node(0), SlowProxy::port}, bits_per_second / 8, error.floor);
    return {std::move(error)};
}

}  // namespace netcut::bench
