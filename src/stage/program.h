// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/io.h"
#include "base/time.h"
#include "node/exit_status.h"
#include "user/user.h"

namespace netcut {

// One command that is run to its end, as a user, with the machine's own network.
struct Program {
    std::string name;
    std::vector<std::string> argv;
    std::map<std::string, std::string> env;
    std::string cwd;
    User user;
    Nanoseconds timeout{0};
};

struct Ran {
    ExitStatus status;
    bool timed_out = false;
    int signal = 0;      // that was sent to us meanwhile, and ended it
    std::string output;  // the end of what it printed
    std::string out;     // the same, of its standard output alone
};

// Waits for it. `log` is appended to. `waiting` is called every ten seconds. An error means that it could not
// be started. SIGINT, SIGTERM and SIGHUP end it, and so do its timeout and our own death.
Result<Ran> run_program(const Program& program, Fd log,
                        const std::function<void(std::chrono::seconds, const std::string& output)>& waiting);

// The last line that has something in it.
std::string last_line(const std::string& output);

}  // namespace netcut
