// SPDX-License-Identifier: Apache-2.0
#include "verify/model_check.h"

#include <fmt/format.h>

#include <filesystem>
#include <system_error>

#include "base/sha256.h"
#include "folder/run_facts.h"
#include "folder/run_files.h"
#include "safety/model_file.h"
#include "safety/tensors.h"
#include "safety/twins.h"
#include "user/as_user.h"

namespace netcut {
namespace {

std::string or_none(const std::string& text) {
    return text.empty() ? "(none)" : text;
}

void check_digest_of_file(const RunFolder& folder, const event::ModelSeen& seen, Check& check) {
    if (seen.sha256.empty()) return;
    if (seen.place.empty())
        return check.unchecked.push_back("the file of the model is not in the folder of the run");
    const auto file = folder.open_file(seen.place);
    const auto digest =
        file ? digest_file(file->get(), "read the model") : Result<FileDigest>(Failure(file.error()));
    if (digest && digest->sha256 == seen.sha256 && digest->bytes == seen.bytes) return;
    check.disagreements.push_back(
        fmt::format("the file of the model has the SHA-256 {} and {} bytes, and by the journal {} and {}",
                    digest ? digest->sha256 : "(none)", digest ? digest->bytes : 0, seen.sha256, seen.bytes));
}

bool are_there(const std::vector<std::string>& files) {
    std::error_code error;
    for (const std::string& file : files)
        if (!std::filesystem::is_regular_file(find_model_file(file).value_or(file), error)) return false;
    return true;
}

void check_tensors(const RunFolder& folder, const Scenario& scenario, const event::ModelSeen& seen,
                   Check& check) {
    const std::vector<std::string>& twins = scenario.twins.tensors;
    if (twins.empty()) return;
    const AsUser as_user(folder.user());
    if (!are_there(twins))
        return check.unchecked.push_back("tensors: the models of the twins are not there any more");
    if (seen.tensors_place.empty())
        return check.unchecked.push_back("tensors: the model is not in the folder of the run");
    event::ModelSeen now;
    compare_with_twins(read_whole(folder, seen.tensors_place, largest_model), twins, now);
    if (now.no_tensors.empty() != seen.no_tensors.empty() || now.tensors.empty() != seen.tensors.empty())
        return check.disagreements.push_back(
            fmt::format("the tensors of the model: {}, and by the journal: {}",
                        or_none(now.no_tensors + now.tensors), or_none(seen.no_tensors + seen.tensors)));
    if (now.difference == seen.difference && now.twins_differ == seen.twins_differ &&
        now.tensor == seen.tensor)
        return;
    const auto text = [](const event::ModelSeen& one) {
        return fmt::format("{:g} in {} (twins by {:g})", one.difference.value_or(0), or_none(one.tensor),
                           one.twins_differ.value_or(0));
    };
    check.disagreements.push_back(fmt::format(
        "the tensors differ from the twins' by {}, and by the journal {}", text(now), text(seen)));
}

Result<TwinFacts> facts_again(const RunFolder& folder, const Scenario& scenario) {
    const AsUser as_user(folder.user());
    std::vector<Facts> facts;
    for (unsigned i = 1; i <= scenario.twins.count; ++i) {
        NETCUT_ASSIGN(
            const RunFolder twin,
            RunFolder::open(fmt::format("{}/runs/twin{}", scenario.twins.folder, i), folder.user()));
        NETCUT_ASSIGN(facts.emplace_back(), read_facts(twin, scenario));
    }
    TwinFacts twins = twin_facts(facts, scenario, scenario.twins.tensors);
    twins.folder = scenario.twins.folder;
    return twins;
}

}  // namespace

void check_model_files(const RunFolder& folder, const Scenario& scenario, const event::ModelSeen& seen,
                       Check& check) {
    check_digest_of_file(folder, seen, check);
    check_tensors(folder, scenario, seen, check);
}

void check_twins(const RunFolder& folder, const Scenario& scenario, Check& check) {
    const TwinFacts& told = scenario.twins;
    if (!told.any()) return;
    const auto found =
        told.folder.empty() ? Result<TwinFacts>(Failure(Error{})) : facts_again(folder, scenario);
    if (!found) return check.unchecked.push_back("twins: their records are not there any more");
    const std::pair<const char*, bool> parts[] = {
        {"rounds", found->rounds == told.rounds},    {"digests", found->digests == told.digests},
        {"files", found->files == told.files},       {"metrics", found->metrics == told.metrics},
        {"members", found->members == told.members}, {"results", found->results == told.results},
        {"samples", found->samples == told.samples}, {"updates", found->updates == told.updates},
        {"models", found->models == told.models},
    };
    for (const auto& [name, is_same] : parts)
        if (!is_same)
            check.disagreements.push_back(fmt::format(
                "twins.{} of the scenario is not what the records in {} come to", name, told.folder));
    check.found += fmt::format("{}{} twins are what the run was compared with",
                               check.found.empty() ? "" : "\n", told.count);
}

}  // namespace netcut
