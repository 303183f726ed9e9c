// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/error.h"
#include "cli/run_access.h"

namespace netcut::cli {

struct ExecOptions {
    std::string node;
    std::vector<std::string> command;
    bool input = false;     // it has what comes on our standard input
    bool terminal = false;  // it has a terminal, which ours stands for
    bool captures = false;
    bool json = false;
};

// A command beside a node, as docker's: returns its exit status.
Result<int> run_exec_session(RunAccess& run, const ExecOptions& options);

}  // namespace netcut::cli
