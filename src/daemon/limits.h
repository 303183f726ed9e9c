// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <string>

#include "base/error.h"
#include "base/time.h"

namespace netcut {

// What one user may use of a daemon. docs/daemon.md has the words of the configuration file.
struct Limits {
    unsigned runs = 8;                             // at the same time
    unsigned kept = 200;                           // ended ones that are listed; older ones are forgotten
    unsigned nodes = 256;                          // of one run
    Nanoseconds run_time = std::chrono::hours(6);  // of one run
    std::uint64_t log_bytes = 1ULL << 30;          // of one log, and of any one file that a run writes
    unsigned processes = 8192;                     // of the user, as RLIMIT_NPROC counts them
    std::uint64_t memory = 0;                      // of all runs of the user; 0: as much as there is
    unsigned connections = 64;                     // at the same time, to the socket
};

// The limits of all users, and of those with limits of their own (names or numbers).
struct Configuration {
    Limits limits;
    std::map<std::string, Limits> users;

    const Limits& of(const std::string& name, unsigned uid) const;
    // An error names file, line and column.
    static Result<Configuration> read(const std::string& text, const std::string& file);
};

}  // namespace netcut
