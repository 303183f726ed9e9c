// SPDX-License-Identifier: Apache-2.0
//
// What a study will cost before it is begun. Pure.
#pragma once

#include <cstddef>
#include <optional>
#include <string>

#include "base/json.h"
#include "study/design.h"
#include "study/progress.h"

namespace netcut {

struct StudyPlan {
    std::size_t cells = 0, least_runs = 0, most_runs = 0;  // of the whole study
    std::size_t made = 0;                                  // rows that are there
    std::size_t missing = 0;                               // as far as is known now, at most most_runs
    double run_s = 0;              // how long one takes, the mean of those that are missing
    bool time_is_guessed = false;  // there are no earlier runs
    unsigned at_once = 1;
    double disk_bytes = 0;  // of what is kept, of the missing ones
    bool disk_is_guessed = false;

    double seconds() const { return static_cast<double>(missing) * run_s / at_once; }
    std::string to_text() const;
    Json to_json() const;
};
// `at_once`: how many runs are made beside each other.
StudyPlan plan_of(const StudyDesign& design, const StudyRows& rows, unsigned at_once);
// A time for people: "40 s", "12 min", "3.5 h".
std::string long_time_text(double seconds);

}  // namespace netcut
