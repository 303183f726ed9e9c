// SPDX-License-Identifier: Apache-2.0
//
// Runs of each moment, each kind of cut and each length, and what came of them.
#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/json.h"
#include "base/time.h"
#include "explore/cut_kind.h"
#include "explore/outcome.h"
#include "explore/run_pool.h"
#include "scenario/scenario.h"

namespace netcut {

// The name of a run's folder: letters, digits, dots and dashes; other signs become "_".
std::string run_id(const std::string& moment, const std::string& column, unsigned repeat);
std::string csv_field(const std::string& text);  // RFC 4180

struct ExperimentColumn {
    CutKind cut;
    Nanoseconds duration{0};
    std::string text() const;  // "drop 20s"
};
// `base` with the experiment's parameters and its rate, and nothing that it breaks: moments that differ in their cuts alone have
// the same.
Result<Scenario> undisturbed_scenario(const Scenario& base, const ExperimentSpec& experiment);
// The scenario of one cell: `base` with the experiment's parameters and its cut. Checked.
Result<Scenario> experiment_scenario(const Scenario& base, const ExperimentSpec& experiment,
                                     const ExperimentColumn& column);

struct ExperimentCell {
    std::vector<RunOutcome> repeats;

    // The word of all repeats; "mixed" if they differ.
    std::string word() const;
    // One line for people: "recovered +1.7 s", "hung 2 of 3, recovered 1".
    std::string text() const;
};
// As html_page() takes it.
Json cell_json(const ExperimentCell& cell, const std::string& column);

struct ExperimentTable {
    std::string title;
    std::vector<ExperimentSpec> rows;
    std::vector<TwinFacts> twins;  // by row; or nothing is compared with any
    std::vector<ExperimentColumn> columns;
    std::vector<std::vector<ExperimentCell>> cells;  // by row, by column

    std::string to_text() const;
    std::string to_csv() const;
    Json to_json() const;  // the form that html_page() takes, kind "experiments"
    // Adds a row without runs.
    void add_row(ExperimentSpec row);
    // Submits the runs of one row. The table must stay where it is, and get no more rows, until the pool has
    // run.
    Result<void> submit_row(RunPool& pool, std::size_t row, const Scenario& base, unsigned repeats,
                            const std::function<void(const std::string&)>& tell);
    // 0: none was fatal; 1: some were; 4: a moment never came; else the status of a run that went wrong.
    int exit_status() const;
    // Leaves out runs that were submitted and never made, as after a signal.
    void leave_out_unmade();
};

}  // namespace netcut
