// SPDX-License-Identifier: Apache-2.0
#include "study/plan.h"

#include <fmt/format.h>

#include <algorithm>

namespace netcut {
namespace {

// A guess, where nothing was measured: what it takes to start, work and end, and the records of a node.
constexpr double guessed_work_s = 30, guessed_bytes_of_a_node = 200e3;
constexpr double bytes_of_a_row = 3000;  // row, claim and its part of the results

double guessed_time(const Scenario& scenario) {
    double longest = 0;
    for (const FaultSpec& fault : scenario.faults)
        if (fault.duration) longest = std::max(longest, seconds(*fault.duration));
    return guessed_work_s + longest;
}

// The mean size of the folder of a run, and the share of runs whose folders are kept.
struct Disk {
    double bytes = 0, kept = 1;
    bool guessed = true;
};

Disk disk_of(const StudyDesign& design, const StudyRows& rows) {
    Disk disk;
    double failed = 0, sized = 0;
    for (const auto& [key, row] : rows) {
        if (row.exit_status != 0 || !row.good()) ++failed;
        if (!row.disk_bytes) continue;
        disk.bytes += *row.disk_bytes;
        ++sized;
    }
    if (sized > 0) disk = {disk.bytes / sized, 1, false};
    for (const StudyCell& cell : design.cells)
        if (sized == 0)
            disk.bytes = std::max(disk.bytes, (cell.scenario.collaborators + 1) * guessed_bytes_of_a_node);
    if (design.keep == KeepRuns::none) disk.kept = 0;
    if (design.keep == KeepRuns::failed && !rows.empty())
        disk.kept = failed / static_cast<double>(rows.size());
    return disk;
}

std::string size_text(double bytes) {
    if (bytes < 1e6) return fmt::format("{:.0f} kB", std::max(1.0, bytes / 1e3));
    if (bytes < 1e9) return fmt::format("{:.0f} MB", bytes / 1e6);
    return fmt::format("{:.1f} GB", bytes / 1e9);
}

}  // namespace

std::string long_time_text(double time) {
    if (time < 90) return fmt::format("{:.0f} s", std::max(1.0, time));
    if (time < 90 * 60) return fmt::format("{:.0f} min", time / 60);
    if (time < 48 * 3600) return fmt::format("{:.1f} h", time / 3600);
    return fmt::format("{:.1f} days", time / 86400);
}

StudyPlan plan_of(const StudyDesign& design, const StudyRows& rows, unsigned at_once) {
    StudyPlan plan{.cells = design.cells.size(),
                   .least_runs = design.cells.size() * design.least_repeats,
                   .most_runs = design.cells.size() * design.most_repeats,
                   .made = rows.size(),
                   .at_once = std::max(1U, at_once)};
    CellProgress progress(design);
    progress.update(rows);
    const RunTimes times(rows);
    double sum = 0;
    for (const StudyRunKey& run : order_of(design)) {
        if (run.repeat > progress.expected_repeats(run.cell) || rows.contains(key_text(design, run)))
            continue;
        const StudyCell& cell = design.cells[run.cell];
        const auto known = times.of(cell.id);
        plan.time_is_guessed = plan.time_is_guessed || !known;
        sum += known ? netcut::seconds(*known) : guessed_time(cell.scenario);
        ++plan.missing;
    }
    if (plan.missing > 0) plan.run_s = sum / static_cast<double>(plan.missing);
    const Disk disk = disk_of(design, rows);
    plan.disk_bytes = static_cast<double>(plan.missing) * (disk.bytes * disk.kept + bytes_of_a_row);
    plan.disk_is_guessed = disk.guessed;
    return plan;
}

std::string StudyPlan::to_text() const {
    const std::string all = least_runs == most_runs ? fmt::format("{}", least_runs)
                                                    : fmt::format("{} to {}", least_runs, most_runs);
    std::string text = fmt::format("cells   {}\nruns    {} of the whole study; {} are made, {} are missing\n",
                                   cells, all, made, missing);
    if (missing == 0) return text;
    text += fmt::format("time    about {} with {} at once; {} {} a run\n", long_time_text(seconds()), at_once,
                        time_is_guessed ? "a guess, for nothing was measured yet:" : "by earlier runs:",
                        long_time_text(run_s));
    return text +
           fmt::format("disk    about {}{}\n", size_text(disk_bytes), disk_is_guessed ? ", a guess" : "");
}

Json StudyPlan::to_json() const {
    return {{"cells", cells},
            {"least_runs", least_runs},
            {"most_runs", most_runs},
            {"made", made},
            {"missing", missing},
            {"run_s", run_s},
            {"time_is_guessed", time_is_guessed},
            {"at_once", at_once},
            {"time_s", seconds()},
            {"disk_bytes", disk_bytes},
            {"disk_is_guessed", disk_is_guessed}};
}

}  // namespace netcut
