// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <boost/asio/io_context.hpp>
#include <memory>
#include <string>
#include <vector>

#include "netcut/node.h"

namespace netcut {

// The outer process of netcut-fl-init. Destroying it waits for its end, so end it first (lifeline).
class InitProcess {
  public:
    InitProcess();
    ~InitProcess();

    // `stdio`: descriptors for 0, 1, 2. `inherited` keep their numbers in the child.
    Result<void> start(const std::vector<std::string>& arguments, const std::vector<std::string>& environment,
                       const std::array<int, 3>& stdio, const std::vector<int>& inherited);
    int pid() const;
    void signal(int number);
    ExitStatus wait();

  private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

// Where netcut-fl-init is: beside this program, or in the installed libexec folder.
Result<std::string> find_init();

// The environment of a node: this process's, the user's own names, what the scenario adds.
std::vector<std::string> node_environment(const NodeSpec& spec);

}  // namespace netcut
