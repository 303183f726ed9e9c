// SPDX-License-Identifier: Apache-2.0
//
// The search for the shortest fatal outage, for many moments and kinds of cut.
#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/json.h"
#include "base/time.h"
#include "explore/bisection.h"
#include "explore/cut_kind.h"
#include "explore/run_pool.h"
#include "scenario/scenario.h"

namespace netcut {

// Where one kind of cut at one moment begins to be fatal.
struct ResilienceCell {
    CutKind cut;
    Bisection bounds{};
    std::size_t runs = 0;
    struct Try {
        Nanoseconds length{0};
        std::string outcome, run;  // its word, and its folder below runs/
    };
    std::vector<Try> tries;
    bool mixed = false;   // at one length some repeats survived and some did not: it counts as fatal
    std::string trouble;  // why it cannot be told: the moment never came, a run went wrong
    int trouble_status = 0;

    std::string text() const;  // "survives 6.8 s, not 7 s"
};
struct ResilienceMap {
    std::string title;
    Nanoseconds limit{0};  // longer ones were not tried
    std::vector<ExperimentSpec> rows;
    std::vector<std::vector<ResilienceCell>> cells;  // by row, by kind

    std::string to_text() const;
    std::string to_csv() const;
    Json to_json() const;     // the form that html_page() takes, kind "map"
    int exit_status() const;  // 0, or that of a run that went wrong, or 4
};
struct SearchOptions {
    Nanoseconds least{0}, most{0}, within{0};
    unsigned at_once = 1;  // lengths that one cell's search tries
    unsigned repeats = 1;  // an outage is survived if none of them is fatal, and one of them was noticed
};
// Submits what the search needs; the map is complete when the pool has run. It must stay where it is until
// then.
Result<void> search(RunPool& pool, ResilienceMap& map, const Scenario& base, const SearchOptions& options,
                    const std::function<void(const std::string&)>& tell);

}  // namespace netcut
