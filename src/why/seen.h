// SPDX-License-Identifier: Apache-2.0
//
// What threads and connections were seen to do, in words.
#pragma once

#include <string>
#include <vector>

#include "kernel/wait_facts.h"

namespace netcut {

// "python3 (17), recvfrom"
std::string name_of(const ThreadFacts& thread);
// "python3 (17): 1 thread in recvfrom, on connection 10.99.0.3 40000 - 10.99.0.2 9000, for ever"
std::string text_of(const ThreadFacts& thread);
// A line on its state, and one on when TCP gives it up, if a timer runs.
std::vector<std::string> lines_of(const std::string& node, const ConnectionFacts& connection,
                                  const TcpTries& tries = {});

}  // namespace netcut
