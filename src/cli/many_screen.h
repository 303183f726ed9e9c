// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "explore/run_pool.h"

namespace netcut::cli {

// What is shown while many runs are made: a line for each that has ended, and on a terminal a line below them that
// says how many are done and how long the others will probably take.
class ManyScreen {
  public:
    // `quiet`: nothing is shown. `open_ended`: more runs may follow from those that are known of. The pool must
    // outlive it.
    ManyScreen(RunPool& pool, bool quiet, bool open_ended = false);
    ~ManyScreen();
    ManyScreen(const ManyScreen&) = delete;
    ManyScreen& operator=(const ManyScreen&) = delete;

    void tell(const std::string& line);

  private:
    void tick();
    void clear();

    RunPool& pool_;
    const bool quiet_, open_ended_, terminal_;
    bool status_shown_ = false, told_stopping_ = false;
};

}  // namespace netcut::cli
