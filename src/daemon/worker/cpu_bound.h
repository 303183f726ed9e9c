// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

namespace netcut {

// While it lives, this process may use so much CPU time. Past it, `last_words` are written to `fd` and the
// process ends, whatever it is busy with. There is one at a time; children are not bound by it.
class CpuBound {
  public:
    CpuBound(int seconds, int fd, std::string last_words);
    ~CpuBound();
    CpuBound(const CpuBound&) = delete;
    CpuBound& operator=(const CpuBound&) = delete;
};

}  // namespace netcut
