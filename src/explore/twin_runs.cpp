// SPDX-License-Identifier: Apache-2.0
#include "explore/twin_runs.h"

#include <fmt/format.h>
#include <sys/stat.h>

#include <cerrno>
#include <thread>

#include "base/sha256.h"
#include "explore/run_pool.h"
#include "folder/run_facts.h"
#include "safety/twins.h"
#include "scenario/expand.h"
#include "scenario/yaml.h"
#include "stage/mark.h"
#include "user/as_user.h"

namespace netcut {
namespace {

constexpr off_t largest_file = off_t{256} << 20;  // that is looked at

void add_file(const std::string& path, Sha256& digest) {
    struct stat info {};
    if (::stat(path.c_str(), &info) != 0 || !S_ISREG(info.st_mode) || info.st_size > largest_file) return;
    if (const auto file = digest_file(path)) digest.add(file->sha256);
}

// Where a twin has left its model; empty: nowhere.
Result<std::string> tensors_of(const std::string& run, const Scenario& scenario) {
    const std::string node = scenario.model.node.empty() ? aggregator_name : scenario.model.node;
    const ExpandContext context{node, static_cast<unsigned>(node_index(scenario, node).value_or(0)),
                                run + "/work", "", ""};
    NETCUT_ASSIGN(const std::string path, expand_text(scenario.model.tensors, scenario, context));
    if (path.empty() || path.starts_with('/')) return path;
    NETCUT_ASSIGN(const std::string cwd,
                  expand_text((context.index == 0 ? scenario.aggregator : scenario.collaborator).cwd,
                              scenario, context));
    return cwd + "/" + path;
}

// Another run of the same scenario may be making the same twins: then they need not be made again.
Result<RunFolder> folder_of_twins(const std::string& key, const User& user) {
    for (;;) {
        auto folder = RunFolder::of_many("netcut-twins/" + key, "twins", user);
        if (folder || folder.error().code != EWOULDBLOCK) return folder;
        std::this_thread::sleep_for(std::chrono::milliseconds(500));
    }
}

}  // namespace

Result<std::string> twin_key(const Scenario& scenario, const User& user, const std::string& program) {
    Scenario twin = twin_of(scenario);
    twin.name = "twin";
    Sha256 digest;
    digest.add(write_yaml(twin));
    digest.add(NETCUT_VERSION);
    for (const StageSpec& stage : scenario.stages)
        if (const auto mark = read_mark(scenario.workspace, stage.name, user)) digest.add(mark->digest());
    const std::string folder = program.substr(0, program.rfind('/'));
    const AsUser as_user(user);
    for (const RoleSpec* role : {&twin.aggregator, &twin.collaborator}) {
        const ExpandContext context{collaborator_name(1), 1, "", folder, ""};
        NETCUT_ASSIGN(const auto words, expand(role->command, twin, context));
        for (const std::string& word : words) add_file(word, digest);
    }
    return digest.hex().substr(0, 16);
}

Result<TwinRuns> make_twins(const Scenario& scenario, unsigned count, const User& user,
                            const std::string& program, bool local,
                            const std::function<void(const RunOutcome&)>& tell) {
    NETCUT_ASSIGN(const std::string key, twin_key(scenario, user, program));
    NETCUT_ASSIGN(const RunFolder folder, folder_of_twins(key, user));
    Scenario twin = twin_of(scenario);
    twin.name = "twin";
    twin.deliveries = true;
    TwinRuns made;
    made.path = folder.path();
    std::vector<RunOutcome> outcomes(count);
    {
        RunPool pool(folder, program, 1, local);
        for (unsigned i = 0; i < count; ++i)
            pool.submit({fmt::format("twin{}", i + 1), twin},
                        [&outcomes, &tell, i](const RunOutcome& outcome) {
                            outcomes[i] = outcome;
                            tell(outcome);
                        });
        NETCUT_ASSIGN(made.signal, pool.run());
    }
    if (made.signal != 0) return made;
    const AsUser as_user(user);
    std::vector<Facts> facts;
    std::vector<std::string> tensors;
    for (const RunOutcome& outcome : outcomes) {
        const std::string path = folder.path() + "/runs/" + outcome.id;
        if (outcome.judgement() != Judgement::undisturbed)
            return usage_failure(
                "compare the run with undisturbed ones",
                fmt::format("one of these fails as well: {} {}", outcome.word(), outcome.detail()),
                fmt::format("see {}; delete it when that is mended", path));
        if (outcome.reused) ++made.reused;
        NETCUT_ASSIGN(const RunFolder run, RunFolder::open(path, user));
        NETCUT_ASSIGN(facts.emplace_back(), read_facts(run, scenario));
        if (scenario.model.tensors.empty()) continue;
        NETCUT_ASSIGN(const std::string file, tensors_of(path, scenario));
        if (!file.empty()) tensors.push_back(file);
    }
    made.facts = twin_facts(facts, scenario, std::move(tensors));
    made.facts.folder = folder.path();
    return made;
}

}  // namespace netcut
