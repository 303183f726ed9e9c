// SPDX-License-Identifier: Apache-2.0
//
// Other programs, beside which the product is measured.
#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

#include "base/time.h"

namespace netcut::bench {

using Words = std::vector<std::string>;

// As exec(3) wants them; they live no longer than the words.
std::vector<char*> pointers_to(const Words& words);
bool is_installed(const std::string& program);
struct Usage {
    Nanoseconds time{0};
    double peak_memory = 0;  // bytes, resident
};
// Ends with an exception unless it ends well. `input`: a file to be its standard input, if not empty.
Usage run_program(const Words& words, const std::string& input = {});
// What it prints, without the last line's end.
std::string output_of(const Words& words);
// Runs on, its output thrown away or sent to a descriptor, until it is ended by the destructor.
class Running {
  public:
    explicit Running(const Words& words, int output = -1);  // a descriptor
    ~Running();
    Running(const Running&) = delete;
    Running& operator=(const Running&) = delete;
    pid_t pid() const { return pid_; }

  private:
    pid_t pid_;
};
// One of those that were built with this one.
std::string built_program(const std::string& name);

}  // namespace netcut::bench
