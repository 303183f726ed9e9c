// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/types.h>

#include <array>
#include <string>
#include <vector>

#include "base/error.h"
#include "node/exit_status.h"
#include "node/node.h"
#include "user/user.h"

namespace netcut {

// The outer process of netcut-fl-init. Destroying it kills it and waits for its end, so end it first
// (lifeline).
class InitProcess {
  public:
    InitProcess() = default;
    ~InitProcess();
    InitProcess(const InitProcess&) = delete;
    InitProcess& operator=(const InitProcess&) = delete;

    // `stdio`: descriptors for 0, 1, 2. `inherited` keep their numbers in the child. Its environment is
    // empty: what a user sets must not change a process that has rights.
    Result<void> start(const std::vector<std::string>& arguments, const std::array<int, 3>& stdio,
                       const std::vector<int>& inherited);
    pid_t pid() const { return pid_; }
    void signal(int number);
    ExitStatus wait();

  private:
    pid_t pid_ = 0;
};

// Where a program of ours is: beside this one, or in the installed libexec folder.
Result<std::string> find_own_program(const std::string& name);

// The environment of a node: what the user began with, the user's own names, what the scenario adds.
Environment node_environment(const NodeSpec& spec);

}  // namespace netcut
