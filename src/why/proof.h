// SPDX-License-Identifier: Apache-2.0
//
// Whether the federation could ever go on, from what its threads and sockets wait for. Pure.
//
// Nothing goes on for ever if no thread can run, each waits for what only another thread of the federation, or a packet, could bring,
// no packet is on its way, and no timer of the kernel will change anything. All of that at one moment: each node is
// read twice, all for the first time before any for the second, and what no thread and no socket has
// changed in between was so all the while. What is not known counts as if it could go on.
#pragma once

#include "record/run_state.h"
#include "scenario/scenario.h"

namespace netcut {

// What stands in the way: of each kind and node the first, in their order. Empty: it is proved.
// `waits`: of all nodes that run.
using WaitsByNode = std::map<std::string, NodeWaits>;
std::vector<Hindrance> hindrances_of(const RunState& state, const Scenario& scenario,
                                     const WaitsByNode& waits);

// Of one node alone.
std::vector<Hindrance> hindrances_of(const std::string& node, const WaitsByNode& waits);

// "collaborator2: TCP gives 10.99.0.3 40000 - 10.99.0.2 9000 up in 929 s"
std::string text_of(const Hindrance& hindrance);

}  // namespace netcut
