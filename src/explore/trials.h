// SPDX-License-Identifier: Apache-2.0
//
// A run that hung, made again with each remedy that can be tried.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/json.h"
#include "explore/experiments.h"
#include "explore/run_pool.h"
#include "scenario/scenario.h"
#include "why/remedy.h"

namespace netcut {

struct TrialRow {
    Trial trial{};  // without a change: the run as it was, once more
    std::string id{};
    ExperimentCell cell{};
};

// Its first row is the run made again as it was: if that does not hang, the others tell little.
struct TrialTable {
    std::string title;
    Explanation why;
    std::string recorded{};  // how the recorded run ended: "hung (collaborator2)"
    double recorded_s = 0;   // and after how long
    std::vector<TrialRow> rows{};
    std::string untried;  // what helps and cannot be tried

    // Submits all runs. The table must stay where it is until the pool has run.
    Result<void> submit(RunPool& pool, const Scenario& recorded_scenario, unsigned repeats,
                        const std::function<void(const std::string&)>& tell);
    // 0: with some remedy each of its runs recovered; 1: with none; else the status of a run that went wrong.
    int exit_status() const;
    std::string conclusion() const;
    std::string to_text() const;
    std::string to_csv() const;
    Json to_json() const;  // the form that html_page() takes, kind "experiments"
    void leave_out_unmade();
};
TrialTable trials_for(const Scenario& recorded, const Explanation& why);

}  // namespace netcut
