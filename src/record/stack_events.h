// SPDX-License-Identifier: Apache-2.0
//
// Events of record/event.h: where the programs of a hung run waited.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace netcut::event {

// Where a thread of a node's program was when the run had hung.
struct StackFrame {
    std::string function{}, file{};  // of a program without symbols they may be empty
    std::uint64_t line = 0;
};
struct NodeStack {
    std::int64_t process = 0;
    std::string program{};
    std::string thread{};              // as its program calls it; may be empty
    bool python = false;               // else of the machine
    std::vector<StackFrame> frames{};  // the innermost first
    std::uint64_t more_frames = 0;
};
// How they were looked for: SIGABRT makes Python print them.
struct StacksSought {
    std::uint64_t aborted = 0, traced = 0;  // processes; traced: by eu-stack
    std::uint64_t left_out = 0;             // stacks
    std::vector<std::string> unread{};      // what could not be read, and why
};

}  // namespace netcut::event
