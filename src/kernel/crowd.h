// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>

#include "base/io.h"

namespace netcut {

// How many threads of the machine can run now, the calling one included, see proc_loadavg(5). None: it cannot be read.
std::optional<int> runnable_threads();

// For who asks often: with the file open.
class Crowd {
  public:
    Crowd();
    std::optional<int> runnable_threads() const;

  private:
    Fd loadavg_;
};

}  // namespace netcut
