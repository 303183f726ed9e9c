// SPDX-License-Identifier: Apache-2.0
//
// Where threads of nodes wait in their programs, from what Python's faulthandler and eu-stack(1) print. That may be
// anything: a node prints it. Pure.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "record/event.h"

namespace netcut {

// More than these are left out, and frames of Python's own machinery (importlib, threading), if there are others.
inline constexpr std::size_t most_stacks_of_process = 16, most_frames = 12;

// What faulthandler has printed among other things: a list of stacks for each process that was aborted, in the order in
// which they were. Without processes and programs.
std::vector<std::vector<event::NodeStack>> python_stacks(std::string_view printed);
// Of one process.
std::vector<event::NodeStack> machine_stacks(std::string_view printed);

// The innermost frame that is neither the standard library's nor of what only carries messages nor an interceptor, which is
// called by what it calls; else the innermost. Null: it has none.
const event::StackFrame* frame_that_matters(const event::NodeStack& stack);
// Whether it has such a frame: threads of libraries, which wait for work, have none.
bool is_of_program(const event::NodeStack& stack);
// "python3 (17) is in recv_all, client.py:88, called by train, client.py:140"
std::string text_of(const event::NodeStack& stack);

}  // namespace netcut
