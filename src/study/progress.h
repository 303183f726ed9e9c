// SPDX-License-Identifier: Apache-2.0
//
// How far a study has come: which runs are still wanted, and how long they will take. Pure.
#pragma once

#include <cstddef>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/time.h"
#include "study/design.h"
#include "study/row.h"

namespace netcut {

using StudyRows = std::map<std::string, StudyRow>;  // by key

// Knows of each cell whether its intervals are narrow enough.
class CellProgress {
  public:
    explicit CellProgress(const StudyDesign& design) : design_(design) {}

    // After rows have come.
    void update(const StudyRows& rows);
    // Whether this run is to be made, by the rows that there are.
    bool wants(StudyRunKey run) const;
    // How many repeats the cell will have: those it needs at least, or by how wide its interval is now.
    unsigned expected_repeats(std::size_t cell) const;
    std::size_t expected_runs() const;  // of all cells

  private:
    struct Cell {
        std::size_t made = 0;  // rows, also those that the machine spoiled
        bool narrow = false;
        unsigned expected = 0;
    };
    // `good`: its rows without a fault of the machine, of `made`.
    Cell judge(const std::vector<const StudyRow*>& good, std::size_t made) const;

    const StudyDesign& design_;
    std::vector<Cell> cells_{};
};

// How long runs take: the mean of a cell, else of all; none: there are no runs.
class RunTimes {
  public:
    RunTimes() = default;
    explicit RunTimes(const StudyRows& rows);
    std::optional<Nanoseconds> of(const std::string& cell) const;

  private:
    struct Sum {
        double seconds = 0;
        std::size_t runs = 0;
    };
    std::map<std::string, Sum> cells_{};
    Sum all_{};
};

}  // namespace netcut
