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
// What it waits on that is not just another thread's business; null: nothing.
const WaitTarget* target_of(const ThreadFacts& thread);
// "python3 (17): 1 thread in recvfrom, on its connection to aggregator (10.99.0.3 40000 - 10.99.0.2 9000), for ever".
// `peer`: the node at the other end; empty: no node, or not known.
std::string text_of(const ThreadFacts& thread, const std::string& peer);
// "its connection to aggregator (10.99.0.3 40000 - 10.99.0.2 9000)"
std::string name_of(const TcpSocket& socket, const std::string& peer);
// A line on its state, and one on when TCP gives it up, if a timer runs.
std::vector<std::string> lines_of(const std::string& node, const std::string& peer,
                                  const ConnectionFacts& connection, const TcpTries& tries = {});

}  // namespace netcut
