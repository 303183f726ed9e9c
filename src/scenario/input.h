// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "base/error.h"
#include "scenario/fault_spec.h"
#include "scenario/scenario.h"

namespace netcut {

enum class Input {
    file,
    file_or_pipe,  // what a shell makes of <(COMMAND)
};
inline constexpr std::size_t most_scenario = std::size_t{4} << 20;  // bytes, with comments

// The contents of a file that a user names, which may be endless, as /dev/zero is. Read with the thread's
// rights (AsUser). Errors are of the kind `usage`.
Result<std::string> read_input(const std::string& path, Input kind, std::size_t most);

// Reads the files that keys of faults name, and the traces of links; likewise.
Result<void> read_named_files(FaultSpec& fault);
Result<void> read_named_files(Scenario& scenario);

}  // namespace netcut
