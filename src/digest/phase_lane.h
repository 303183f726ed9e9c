// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "base/time.h"

namespace netcut {

struct PhaseSpan {
    Nanoseconds from{0}, to{0};
    std::uint8_t phase = 0;  // of the enum Phase
    Nanoseconds length() const { return to - from; }
};

// The phases of one node, of bounded number. When there are too many, neighbours that are shorter than
// resolution() are drawn as one, of the phase that took most of it; longer ones are left as they are.
class PhaseLane {
  public:
    explicit PhaseLane(std::size_t most) : most_(std::max<std::size_t>(most, 16)) {}

    // In the order of time; what overlaps the one before loses that part.
    void add(PhaseSpan span);

    const std::vector<PhaseSpan>& spans() const { return spans_; }
    Nanoseconds resolution() const { return resolution_; }  // 0: every phase is there
    std::uint64_t added() const { return added_; }

  private:
    void merge();
    void merge_short();

    std::size_t most_;
    Nanoseconds resolution_{0};
    std::uint64_t added_ = 0;
    std::vector<PhaseSpan> spans_;
};

}  // namespace netcut
