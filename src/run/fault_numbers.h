// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>

namespace netcut {

// The table of a run has the faults of its scenario, then what links do to packets, then faults that were added. Others count
// faults alone.
struct FaultNumbers {
    std::size_t laid = 0, links = 0;
    std::size_t in_table(std::size_t fault) const { return fault < laid ? fault : fault + links; }
    std::size_t fault(std::size_t in_table) const { return in_table < laid ? in_table : in_table - links; }
};

}  // namespace netcut
