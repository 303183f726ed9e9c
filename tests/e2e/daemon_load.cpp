// SPDX-License-Identifier: Apache-2.0
#include "e2e/daemon_load.h"

#include <sstream>

namespace netcut::test {

long memory_kib(pid_t pid, const std::string& name) {
    std::istringstream lines(slurp("/proc/" + std::to_string(pid) + "/status"));
    for (std::string line; std::getline(lines, line);)
        if (line.starts_with(name + ":")) return std::stol(line.substr(name.size() + 1));
    return 0;
}

std::size_t open_files_of(pid_t pid) {
    const std::filesystem::directory_iterator files("/proc/" + std::to_string(pid) + "/fd");
    return static_cast<std::size_t>(std::distance(begin(files), end(files)));
}

// Of the thread that serves.
std::chrono::nanoseconds cpu_time_of(pid_t pid) {
    std::istringstream stat(slurp("/proc/" + std::to_string(pid) + "/schedstat"));
    std::int64_t ns = 0;
    stat >> ns;
    return std::chrono::nanoseconds(ns);
}

std::chrono::milliseconds longest_wait(const Daemon& daemon, int requests) {
    std::chrono::nanoseconds longest{0};
    for (int i = 0; i < requests; ++i) {
        const auto begin = std::chrono::steady_clock::now();
        EXPECT_TRUE(daemon.serves(bob));
        longest = std::max<std::chrono::nanoseconds>(longest, std::chrono::steady_clock::now() - begin);
    }
    return std::chrono::duration_cast<std::chrono::milliseconds>(longest);
}

std::unique_ptr<Tool> begin_attack(const Daemon& daemon, const std::string& program,
                                   const std::string& ready) {
    auto attack = daemon.begin_program(alice, "/usr/bin/python3", {"-c", program, daemon.socket()});
    EXPECT_TRUE(attack->wait_for_output(ready));
    return attack;
}

}  // namespace netcut::test
