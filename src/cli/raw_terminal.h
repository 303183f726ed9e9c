// SPDX-License-Identifier: Apache-2.0
#pragma once

namespace netcut::cli {

// While it lives, a terminal hands over each key as it is. Whatever ends this process but SIGKILL puts it back, and so does
// what stops it, until it goes on. There is one at a time.
class RawTerminal {
  public:
    explicit RawTerminal(int fd);
    ~RawTerminal();
    RawTerminal(const RawTerminal&) = delete;
    RawTerminal& operator=(const RawTerminal&) = delete;
};

// Of the terminal at `fd`; a usual one where there is none.
TerminalSize size_of_terminal(int fd);

}  // namespace netcut::cli
