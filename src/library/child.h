// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/types.h>

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace netcut::v1 {

// A program that runs. What it prints on standard output is dropped, what it says on standard error is kept.
class Child {
  public:
    // `words`: the program, a path or a name in PATH, and its arguments. `input`: what it reads. Throws Error.
    Child(std::vector<std::string> words, std::string_view input);
    ~Child();  // waits for its end
    Child(const Child&) = delete;
    Child& operator=(const Child&) = delete;

    // Whether it has ended, perhaps within that time.
    bool has_ended(std::chrono::milliseconds patience);
    void signal(int number) const;
    // Waits for the end. Its exit status, or 128 and the number of a signal.
    int await_end();
    // The end of what it has said, at most 64 KiB.
    std::string said() const;

  private:
    pid_t pid_ = 0;
    int process_ = -1;  // pidfd
    int said_ = -1;
    std::optional<int> status_;
};

}  // namespace netcut::v1
