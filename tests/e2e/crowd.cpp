// SPDX-License-Identifier: Apache-2.0
#include "e2e/crowd.h"

#include <fmt/format.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <fstream>
#include <memory>
#include <numeric>
#include <stdexcept>

#include "base/io.h"
#include "base/time.h"

namespace netcut::test {
namespace {

double seconds(const timeval& time) {
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
}

double used_by(int who) {
    rusage usage{};
    ::getrusage(who, &usage);
    return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

}  // namespace

Crowd::Crowd() : before_(used()) {}

Crowd::Used Crowd::used() {
    std::ifstream file("/proc/stat");
    std::string name;
    std::array<double, 8> times{};  // user, nice, system, idle, iowait, irq, softirq, steal
    file >> name;
    for (double& time : times) file >> time;
    const double all = std::accumulate(times.begin(), times.end(), 0.0);
    // Interrupts are those of the test's own packets, mostly.
    const double busy = times[0] + times[1] + times[2] + times[7];
    const auto ticks = static_cast<double>(::sysconf(_SC_CLK_TCK));
    return {all / ticks, busy / ticks, used_by(RUSAGE_SELF) + used_by(RUSAGE_CHILDREN)};
}

double Crowd::share() const {
    const Used now = used();
    const double others = now.busy - before_.busy - (now.ours - before_.ours);
    return others / (now.all - before_.all);
}

std::string Crowd::text() const {
    return fmt::format("others used {:.0f} % of the processors", 100 * share());
}

namespace {

// Ends when the other end is closed.
void answer(const Fd& socket) {
    char question = 0;
    while (::recv(socket.get(), &question, 1, 0) == 1)
        if (::send(socket.get(), &question, 1, MSG_NOSIGNAL) != 1) return;
}

}  // namespace

Lateness::Lateness() {
    std::array<int, 2> ends{};
    if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends.data()) != 0)
        throw std::runtime_error("no pair of sockets");
    answers_ = std::jthread([socket = std::make_shared<Fd>(ends[0])] { answer(*socket); });
    asks_ = std::jthread([this, socket = std::make_shared<Fd>(ends[1])](const std::stop_token& end) {
        ask(end, socket->get());
    });
}

Lateness::~Lateness() = default;

void Lateness::ask(const std::stop_token& end, int socket) {
    constexpr auto apart = std::chrono::milliseconds(10);
    while (!end.stop_requested()) {
        const auto due = Clock::now() + apart;
        std::this_thread::sleep_until(due);
        char question = 0;
        if (::send(socket, &question, 1, MSG_NOSIGNAL) != 1 || ::recv(socket, &question, 1, 0) != 1) return;
        const double took = 1000 * netcut::seconds(Clock::now() - due);
        const std::lock_guard lock(mutex_);
        took_ms_.push_back(took);
    }
}

double Lateness::longest_ms() const {
    const std::lock_guard lock(mutex_);
    return took_ms_.empty() ? 0 : *std::max_element(took_ms_.begin(), took_ms_.end());
}

double Lateness::quantile_ms(double part) const {
    const std::lock_guard lock(mutex_);
    if (took_ms_.empty()) return 0;
    std::vector<double> all = took_ms_;
    const auto at = all.begin() + static_cast<std::ptrdiff_t>(part * static_cast<double>(all.size() - 1));
    std::nth_element(all.begin(), at, all.end());
    return *at;
}

std::string Lateness::text() const {
    return fmt::format("a program answered another one after {:.1f} ms (median)", median_ms());
}

}  // namespace netcut::test
