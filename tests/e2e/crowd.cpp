// SPDX-License-Identifier: Apache-2.0
#include "e2e/crowd.h"

#include <fmt/format.h>
#include <sys/resource.h>
#include <unistd.h>

#include <array>
#include <fstream>
#include <numeric>

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

}  // namespace netcut::test
