// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string_view>

#include "base/time.h"

namespace netcut {

// Notices that most of a node's lines came at once when it ended, as those of a program do that keeps its output
// in a buffer: no trigger saw them in time.
class LateLines {
  public:
    void start(Nanoseconds t) { started_ = t; }
    void take(std::string_view bytes, Nanoseconds t);
    // Of a node that ended at `t`; none if its lines came while it worked, or it printed or lived too little to tell.
    std::optional<LineBurst> at_end(Nanoseconds t) const;

  private:
    Nanoseconds started_{0}, last_{0}, burst_began_{0};
    LineBurst lines_;  // of the burst, so far
};

}  // namespace netcut
