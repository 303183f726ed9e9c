// SPDX-License-Identifier: Apache-2.0
#include "cli/many_options.h"

#include <fmt/format.h>
#include <sys/utsname.h>

#include <algorithm>
#include <charconv>
#include <filesystem>
#include <fstream>

#include "base/time.h"
#include "cli/daemon_run.h"
#include "cli/option_values.h"
#include "cli/screen.h"
#include "cli/slurm_study.h"
#include "explore/phase_moments.h"
#include "run/engine.h"
#include "scenario/fault_kind.h"
#include "user/user.h"

namespace netcut::cli {
namespace {

constexpr unsigned default_jobs = 4;  // runs wait more than they work

Result<unsigned> positive(const char* option, const std::optional<std::string>& text, unsigned otherwise) {
    if (!text) return otherwise;
    unsigned value = 0;
    const auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), value);
    if (error != std::errc() || end != text->data() + text->size() || value == 0)
        return usage_failure(fmt::format("read {} {}", option, *text), "it is no whole number from 1 up");
    return value;
}

std::vector<std::string> split_outside_parentheses(const std::string& list) {
    std::vector<std::string> words(1);
    int depth = 0;
    for (const char c : list) {
        depth += c == '(' ? 1 : c == ')' ? -1 : 0;
        if (c == ',' && depth <= 0)
            words.emplace_back();
        else
            words.back() += c;
    }
    return words;
}

}  // namespace

void add_many_options(CLI::App& command, ManyOptions& options) {
    add_federation_options(command, options.run);
    Group group(command, "The runs");
    group.add_list(
        "--moments", options.moments, "MOMENT",
        "When to cut, by name: A,C', or by phase: sending,reply-lost (default: the moments of the scenario, "
        "or all phases)");
    command
        .add_option(
            "--kinds", options.kinds,
            "Kinds of cut, with options or keys in parentheses: 'drop(direction=up),unplug(new-mac,no-"
            "announce)' (default: drop,unplug)")
        ->type_name("KIND")
        ->group("The runs");
    group.add("--jobs", options.jobs, "N", fmt::format("How many runs at once (default: {})", default_jobs));
    group.add("--repeat", options.repeat, "N", "How many runs of each (default: 1)");
    group.add("--on", options.on, "slurm", "Let jobs of Slurm make the runs");
    group.add("--partition", options.partition, "NAME", "Of Slurm (default: its own)");
    group.add_flag("--json", options.json, "Print only the result, as JSON");
}

Result<unsigned> jobs_of(const ManyOptions& options) {
    return positive("--jobs", options.jobs, default_jobs);
}

Result<void> use_engine(const ManyOptions& options, const User& user, RunPool& pool) {
    if (!options.on) return {};
    NETCUT_ASSIGN(const SlurmOptions slurm, slurm_options_of(options.on, options.partition, {}));
    NETCUT_ASSIGN(std::vector<std::string> words, srun_words(slurm, user));
    pool.launch_by(std::move(words));
    return {};
}

Result<unsigned> repeats_of(const ManyOptions& options) {
    return positive("--repeat", options.repeat, 1);
}

Result<std::vector<CutKind>> kinds_of(const ManyOptions& options) {
    if (options.kinds.empty()) return std::vector{CutKind(fault_kind("drop")), CutKind(fault_kind("unplug"))};
    std::vector<CutKind> kinds;
    for (const std::string& list : options.kinds)
        for (const std::string& word : split_outside_parentheses(list)) {
            NETCUT_ASSIGN(CutKind kind, CutKind::parse(word));
            kinds.push_back(std::move(kind));
        }
    return kinds;
}

Result<std::vector<ExperimentSpec>> moments_of(const Scenario& scenario, const ManyOptions& options) {
    const std::vector<ExperimentSpec> phases = phase_experiments();
    if (options.moments.empty()) return scenario.experiments.empty() ? phases : scenario.experiments;
    std::vector<ExperimentSpec> known = scenario.experiments;
    known.insert(known.end(), phases.begin(), phases.end());
    std::vector<ExperimentSpec> chosen;
    for (const std::string& name : options.moments) {
        const auto found = std::find_if(known.begin(), known.end(),
                                        [&](const ExperimentSpec& one) { return one.name == name; });
        if (found == known.end()) {
            std::vector<std::string> names;
            for (const ExperimentSpec& one : known) names.push_back(one.name);
            return usage_failure("make the experiment " + name, "there is none of that name",
                                 fmt::format("they are {}", fmt::join(names, ", ")));
        }
        chosen.push_back(*found);
    }
    return chosen;
}

Result<RunFolder> make_folder(const ManyOptions& options, const Scenario& scenario, const std::string& name) {
    NETCUT_ASSIGN(User user, find_caller(scenario.user));
    if (!wants_daemon(options.run)) NETCUT_TRY(preflight(scenario));
    return RunFolder::of_many(options.run.out.value_or(""), name, user);
}

Json with_about(Json data) {
    utsname system{};
    ::uname(&system);
    std::string command;
    std::ifstream words("/proc/self/cmdline");
    for (std::string word; std::getline(words, word, '\0');) command += (command.empty() ? "" : " ") + word;
    data["about"] = {{"made", wall_time_text(std::chrono::system_clock::now())},
                     {"netcut_fl", NETCUT_VERSION},
                     {"kernel", fmt::format("{} {} {}", system.sysname, system.release, system.machine)},
                     {"command", command}};
    return data;
}

int tell_stopped(int signal, const RunFolder& folder) {
    complain("stopped; the same command with --out {} makes the runs that are missing", folder.path());
    return 128 + signal;
}

Result<std::string> this_program() {
    std::error_code error;
    const auto path = std::filesystem::read_symlink("/proc/self/exe", error);
    if (error) return system_failure("find this program", error.value());
    return path.string();
}

}  // namespace netcut::cli
