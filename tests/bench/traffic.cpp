// SPDX-License-Identifier: Apache-2.0
#include "bench/traffic.h"

#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <thread>

#include "base/io.h"
#include "base/time.h"
#include "bench/namespaces.h"
#include "bench/require.h"

namespace netcut::bench {
namespace {

constexpr std::uint32_t aggregator_address = 0x0a630002, collaborator_address = 0x0a630003;  // 10.99.0.2, .3
constexpr std::uint16_t port = 4000;
constexpr std::size_t warm_up = 50, after_cut = 20;  // datagrams
constexpr std::size_t most = 2'000'000;              // datagrams
constexpr int attempts = 40, attempt_ms = 50;
constexpr int drain_ms = 3;  // longer than a datagram may wait for its soft interrupt

sockaddr_in endpoint(std::uint32_t address) {
    return {AF_INET, htons(port), {htonl(address)}, {}};
}

Fd open_socket(int ns, std::uint32_t own, std::uint32_t peer) {
    Fd fd;
    in_namespace(
        ns, [&] { fd = Fd(must(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0), "open a UDP socket")); });
    const sockaddr_in here = endpoint(own), there = endpoint(peer);
    must(::bind(fd.get(), reinterpret_cast<const sockaddr*>(&here), sizeof(here)), "bind a UDP socket");
    must(::connect(fd.get(), reinterpret_cast<const sockaddr*>(&there), sizeof(there)),
         "connect a UDP socket");
    const int room = 256 << 20;  // what the receiver has no room for would look lost
    must(::setsockopt(fd.get(), SOL_SOCKET, SO_RCVBUFFORCE, &room, sizeof(room)), "enlarge a receive buffer");
    return fd;
}

bool readable(const Fd& fd, int wait_ms) {
    pollfd wanted{fd.get(), POLLIN, 0};
    return ::poll(&wanted, 1, wait_ms) > 0;
}

// The kernel wakes a new link's queue a little after the link is up (linkwatch), so the first may be lost.
void await_passage(const Fd& from, const Fd& to) {
    char byte = 0;
    for (int attempt = 0; attempt < attempts; ++attempt) {
        must(::send(from.get(), &byte, 1, 0), "send a datagram");
        if (!readable(to, attempt_ms)) continue;
        must(::recv(to.get(), &byte, 1, 0), "receive a datagram");
        return;
    }
    throw std::runtime_error("datagrams are lost although nothing is cut");
}

}  // namespace

Traffic::Traffic(int collaborator_ns, int aggregator_ns)
    : collaborator_(open_socket(collaborator_ns, collaborator_address, aggregator_address)),
      aggregator_(open_socket(aggregator_ns, aggregator_address, collaborator_address)) {
    sent_.reserve(most);
}

void Traffic::send_until(const std::atomic<bool>& cut, const std::function<void()>& begin, const Pace& pace) {
    base_ += static_cast<Number>(sent_.size());
    sent_.clear();
    const auto deadline = Clock::now() + pace.patience;
    for (std::size_t after = 0; after < after_cut; after += cut ? 1 : 0) {
        const auto number = base_ + static_cast<Number>(sent_.size());
        if (sent_.size() == warm_up) begin();
        sent_.push_back(Clock::now());
        // What cannot be sent is lost as well: of a container that is cut off, the interface is gone.
        [[maybe_unused]] const auto sent = ::send(collaborator_.get(), &number, sizeof(number), 0);
        if (sent_.size() == most || sent_.back() > deadline)
            throw std::runtime_error("a cut did not come, or not end");
        if (pace.pause > Nanoseconds(0)) std::this_thread::sleep_for(pace.pause);
    }
}

std::vector<bool> Traffic::read_arrived() {
    std::vector<bool> arrived(sent_.size());
    while (readable(aggregator_, drain_ms)) {
        Number number = 0;
        must(::recv(aggregator_.get(), &number, sizeof(number), 0), "receive a datagram");
        if (number >= base_) arrived.at(number - base_) = true;  // else it comes late, from the time before
    }
    return arrived;
}

std::optional<Clock::time_point> Traffic::first_loss() {
    const std::vector<bool> arrived = read_arrived();
    const auto first = std::find(arrived.begin(), arrived.end(), false);
    if (first == arrived.end()) return {};
    if (std::find(first, arrived.end(), true) != arrived.end())
        throw std::runtime_error("a datagram is lost before the cut");
    return sent_[static_cast<std::size_t>(first - arrived.begin())];
}

Clock::time_point Traffic::first_passage() {
    const std::vector<bool> arrived = read_arrived();
    const auto first = std::find(arrived.begin(), arrived.end(), true);
    if (first == arrived.end()) throw std::runtime_error("nothing passed after a heal");
    if (first - arrived.begin() < static_cast<std::ptrdiff_t>(warm_up))
        throw std::runtime_error("a datagram passed before the heal");
    return sent_[static_cast<std::size_t>(first - arrived.begin())];
}

Nanoseconds Traffic::silence() {
    const std::vector<bool> arrived = read_arrived();
    const auto lost = std::find(arrived.begin(), arrived.end(), false);
    const auto passed = std::find(lost, arrived.end(), true);
    if (passed == arrived.end()) throw std::runtime_error("a cut lost nothing, or did not end");
    return sent_[static_cast<std::size_t>(passed - arrived.begin())] -
           sent_[static_cast<std::size_t>(lost - arrived.begin())];
}

void Traffic::await_both_ways() {
    await_passage(collaborator_, aggregator_);
    await_passage(aggregator_, collaborator_);
}

}  // namespace netcut::bench
