// SPDX-License-Identifier: Apache-2.0
#include "cli/twin_command.h"

#include "cli/many_options.h"
#include "cli/screen.h"
#include "explore/outcome.h"
#include "explore/run_pool.h"
#include "folder/folder.h"

namespace netcut::cli {
namespace {

Scenario without_faults(Scenario scenario) {
    scenario.name += " twin";
    scenario.faults.clear();
    scenario.expect = {};
    return scenario;
}

std::string out_of_twin(const RunOptions& options) {
    if (!options.out) return {};
    std::string out = *options.out;
    while (out.size() > 1 && out.ends_with('/')) out.pop_back();
    return out + "-twin";
}

}  // namespace

Result<void> run_twin(const RunOptions& options, const Scenario& scenario, CiOutput& ci) {
    if (scenario.faults.empty()) return {};  // it is its own twin
    const Scenario twin = without_faults(scenario);
    ManyOptions many{.run = options};
    many.run.out = out_of_twin(options);
    NETCUT_ASSIGN(const std::string program, this_program());
    NETCUT_ASSIGN(const RunFolder folder, make_folder(many, twin, scenario.name + "-twin"));
    RunPool pool(folder, program, 1, options.local);
    RunOutcome outcome;
    pool.submit({"twin", twin, true}, [&outcome](const RunOutcome& made) { outcome = made; });
    NETCUT_ASSIGN(const int signal, pool.run());
    if (signal != 0) return {};
    if (outcome.judgement() == Judgement::undisturbed) {
        show("twin    without its faults it does not fail\n");
        return {};
    }
    const std::string text =
        fmt::format("without its faults it fails as well: {} {}", outcome.word(), outcome.detail());
    show("twin    {}; the run proves nothing about them\n        files {}/runs/twin\n", printable(text, 500),
         folder.path());
    ci.tell_warning("this run proves nothing", text);
    return {};
}

}  // namespace netcut::cli
