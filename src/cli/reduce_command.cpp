// SPDX-License-Identifier: Apache-2.0
#include "cli/reduce_command.h"

#include <fmt/format.h>

#include "base/error.h"
#include "base/time.h"
#include "cli/many_screen.h"
#include "cli/option_values.h"
#include "cli/recorded_run.h"
#include "cli/run_command.h"
#include "cli/screen.h"
#include "explore/bisection.h"
#include "explore/experiments.h"
#include "explore/outcome.h"
#include "explore/reduce.h"
#include "explore/run_pool.h"
#include "folder/folder.h"
#include "scenario/check.h"
#include "scenario/fault_spec.h"
#include "scenario/scenario.h"
#include "scenario/yaml.h"

namespace netcut::cli {
namespace {

class Reducer {
  public:
    Reducer(RecordedRun recorded, const RunFolder& folder, RunPool& pool, unsigned repeats,
            Nanoseconds within)
        : recorded_(std::move(recorded)), folder_(folder), pool_(pool), repeats_(repeats), within_(within) {}

    Result<Scenario> reduce() {
        NETCUT_TRY(confirm());
        const std::size_t count = recorded_.scenario.faults.size();
        NETCUT_ASSIGN(
            const ItemSet items,
            reduce_to_smallest(count, [this](const std::vector<ItemSet>& sets) { return try_sets(sets); }));
        Scenario reduced = with_faults(items);
        for (std::size_t i = 0; i < reduced.faults.size(); ++i) NETCUT_TRY(shorten(reduced, i));
        return reduced;
    }

  private:
    Scenario with_faults(const ItemSet& items) const {
        Scenario scenario = recorded_.scenario;
        scenario.faults.clear();
        for (const std::size_t item : items) scenario.faults.push_back(recorded_.scenario.faults[item]);
        return scenario;
    }

    // What does not fail with all its faults cannot be reduced.
    Result<void> confirm() {
        ItemSet all(recorded_.scenario.faults.size());
        for (std::size_t i = 0; i < all.size(); ++i) all[i] = i;
        NETCUT_ASSIGN(const std::vector<bool> failed, try_sets({all}));
        if (failed.front()) return {};
        return usage_failure("reduce the run",
                             fmt::format("a repetition of it is not {} again", recorded_.word()),
                             "give --repeat 5: one of them must fail");
    }

    Result<std::vector<bool>> try_sets(const std::vector<ItemSet>& sets) {
        std::vector<std::pair<std::string, Scenario>> candidates;
        for (const ItemSet& set : sets) {
            std::vector<std::string> numbers;
            for (const std::size_t item : set) numbers.push_back(std::to_string(item + 1));
            candidates.emplace_back(fmt::format("faults {}", fmt::join(numbers, ".")), with_faults(set));
        }
        return try_all(candidates);
    }

    Result<std::vector<bool>> try_all(const std::vector<std::pair<std::string, Scenario>>& candidates) {
        std::vector<bool> failed(candidates.size(), false);
        for (std::size_t i = 0; i < candidates.size(); ++i) {
            Scenario scenario = candidates[i].second;
            if (!check(scenario)) continue;  // a fault that waits for one that was left out
            for (unsigned repeat = 1; repeat <= repeats_; ++repeat)
                pool_.submit({run_id("try", candidates[i].first, repeat), scenario},
                             [this, i, &failed, &candidates](const RunOutcome& outcome) {
                                 failed[i] = failed[i] || recorded_.same_failure(outcome);
                                 screen_.tell(fmt::format("{:<30} {}", candidates[i].first, outcome.word()));
                             });
        }
        NETCUT_ASSIGN(const int signal, pool_.run());
        if (signal != 0)
            return usage_failure(
                "reduce the run", "it was stopped",
                "the same command with --out " + folder_.path() + " makes the runs that are missing");
        return failed;
    }

    Result<void> shorten(Scenario& scenario, std::size_t number) {
        FaultSpec& fault = scenario.faults[number];
        if (!fault.duration || fault.flap || *fault.duration <= within_) return {};
        Bisection bounds(within_, *fault.duration, within_);
        bounds.take(*fault.duration, Effect::fatal);
        while (const auto length = bounds.next()) {
            Scenario candidate = scenario;
            candidate.faults[number].duration = *length;
            NETCUT_ASSIGN(
                const auto failed,
                try_all({{fmt::format("{} for {}", fault.name, duration_text(*length)), candidate}}));
            bounds.take(*length, failed.front() ? Effect::fatal : Effect::survived);
        }
        fault.duration = bounds.shortest_fatal();
        return {};
    }

    const RecordedRun recorded_;
    const RunFolder& folder_;
    RunPool& pool_;
    ManyScreen screen_{pool_, false, true};
    const unsigned repeats_;
    const Nanoseconds within_;
};

Result<int> try_reduce(const ReduceOptions& options) {
    NETCUT_ASSIGN(RecordedRun recorded, RecordedRun::read(options.run));
    if (!recorded.failed())
        return usage_failure("reduce the run " + options.run,
                             fmt::format("its verdict is {}, which is no failure", recorded.word()));
    NETCUT_ASSIGN(const unsigned jobs, jobs_of(options.many));
    NETCUT_ASSIGN(const unsigned repeats, repeats_of(options.many));
    Nanoseconds within = std::chrono::seconds(1);
    if (options.within) {
        NETCUT_ASSIGN(within, parse_duration(*options.within));
    }
    if (within < std::chrono::milliseconds(1))
        return usage_failure("reduce durations within " + duration_text(within), "it must be at least 1ms");
    NETCUT_ASSIGN(const std::string program, this_program());
    NETCUT_ASSIGN(const RunFolder folder,
                  make_folder(options.many, recorded.scenario, recorded.scenario.name + "-reduced"));
    RunPool pool(folder, program, jobs);
    const std::size_t before = recorded.scenario.faults.size();
    const std::string word = recorded.word();
    NETCUT_ASSIGN(const Scenario reduced,
                  Reducer(std::move(recorded), folder, pool, repeats, within).reduce());
    NETCUT_TRY(folder.write_file("reduced.yaml", write_yaml(reduced)));
    show("\n{} of {} faults are enough for the verdict {}:\n\n{}\nfiles   {}\n", reduced.faults.size(),
         before, word, write_yaml(reduced), folder.path());
    return 0;
}

}  // namespace

void add_reduce_options(CLI::App& command, ReduceOptions& options) {
    command.add_option("DIR", options.run, "The folder of a run that failed")->type_name("")->required();
    Group group(command, "The runs");
    group.add("--jobs", options.many.jobs, "N", "How many runs at once (default: 4)");
    group.add("--repeat", options.many.repeat, "N",
              "How many runs of each; it fails if one of them does (default: 1)");
    group.add("--within", options.within, "TIME", "How close to the shortest duration to come (default: 1s)");
    group.add("--out", options.many.run.out, "DIR", "The folder for all runs");
}

int reduce_command(const ReduceOptions& options) {
    const auto status = try_reduce(options);
    return status ? *status : report_error(status.error());
}

}  // namespace netcut::cli
