// SPDX-License-Identifier: Apache-2.0
//
// Reports on the status descriptor, a line each:
//   failed <errno> <attempt>   and nothing else: the node never ran
//   ready                      names and files of the node are in place
//   started                    the command was executed
//   paused <signalled> <stopped> <processes> <unstopped>   see Pause in node/node.h
//   resumed <when>
//   exit <code> | signal <n>   how the command ended
// Times are nanoseconds of CLOCK_MONOTONIC.
#pragma once

#include <string>

#include "options.h"

namespace netcut::init {

constexpr int failure_status = 125;  // as docker, env and timeout have it

void report(const Options& options, const std::string& line);
// Reports `attempt` with errno, and ends this process.
[[noreturn]] void fail(const Options& options, const std::string& attempt);
void must(const Options& options, const char* failed_attempt);

}  // namespace netcut::init
