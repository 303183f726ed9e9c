// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>

#include "record/run_state.h"
#include "run/expected_lines.h"
#include "run/run_context.h"
#include "run/run_course.h"
#include "run/run_faults.h"
#include "trigger/line_scanner.h"

namespace netcut {

// What the nodes' lines say of the work: that the aggregator is ready, that a round has begun, that the work is done.
// Without a pattern for progress, whatever a node prints is progress.
class RunProgress {
  public:
    // All that is given by reference must outlive it.
    RunProgress(const RunContext& run, const RunState& record, RunCourse& course, RunFaults& faults)
        : run_(run),
          record_(record),
          course_(course),
          faults_(faults),
          expected_(run.scenario, run.journal) {}

    // A node's output.
    void watch(LineScanner& scanner, std::size_t node);
    void on_output();
    // The journal has what the scenario expects, as it came last.
    void finish() { expected_.finish(); }

  private:
    void on_progress(std::size_t node, const std::optional<std::string>& round);
    void on_round(std::size_t node, const std::string& round);

    const RunContext& run_;
    const RunState& record_;  // as the journal has it
    RunCourse& course_;
    RunFaults& faults_;
    ExpectedLines expected_;
};

}  // namespace netcut
