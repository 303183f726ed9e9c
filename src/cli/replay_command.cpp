// SPDX-License-Identifier: Apache-2.0
#include "cli/replay_command.h"

#include <fmt/format.h>

#include "base/error.h"
#include "cli/option_values.h"
#include "cli/recorded_run.h"
#include "cli/run_command.h"
#include "cli/screen.h"
#include "explore/compare.h"

namespace netcut::cli {
namespace {

Result<int> try_replay(const ReplayOptions& options) {
    NETCUT_ASSIGN(const RecordedRun recorded, RecordedRun::read(options.run));
    std::string folder = options.run;
    while (folder.size() > 1 && folder.ends_with('/')) folder.pop_back();
    RunOptions run;
    run.file = folder + "/scenario.yaml";
    run.out = options.out.value_or(folder + "-replay");
    run.quiet = options.quiet;
    run.kept_traces = recorded.kept_traces();
    run.annotate = false;  // what the run is expected to do is what it did
    const int status = run_command(run);
    if (status >= 2 && status != 4) return status;  // it made no run
    NETCUT_ASSIGN(const RecordedRun replayed, RecordedRun::read(*run.out));
    const auto divergences = compare_runs(recorded.journal, replayed.journal);
    if (divergences.empty()) {
        show("replay  no difference from {}: same faults, same moments, same ends\n", folder);
        return 0;
    }
    show("replay  differs from {}\n", folder);
    for (const Divergence& one : divergences)
        show("        {}: {} recorded, {} now\n", printable(one.what), printable(one.recorded),
             printable(one.replayed));
    return 1;
}

}  // namespace

void add_replay_options(CLI::App& command, ReplayOptions& options) {
    command.add_option("DIR", options.run, "The folder of a run")->type_name("")->required();
    Group group(command, "The new run");
    group.add("--out", options.out, "DIR", "The folder for its files (default: DIR-replay)");
    group.add_flag("-q,--quiet", options.quiet, "Print only its summary at the end");
}

int replay_command(const ReplayOptions& options) {
    const auto status = try_replay(options);
    return status ? *status : report_error(status.error());
}

}  // namespace netcut::cli
