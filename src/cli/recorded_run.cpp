// SPDX-License-Identifier: Apache-2.0
#include "cli/recorded_run.h"

#include <sstream>

namespace netcut::cli {
namespace {

constexpr const char* hint = "give the folder of a run that has ended";

Result<std::string> read_part(const std::string& folder, const char* name) {
    auto text = read_file(folder + "/" + name);
    if (text) return text;
    Error error = std::move(text).error();
    error.kind = Error::Kind::usage;
    error.hint = hint;
    return Failure(std::move(error));
}

}  // namespace

Result<RecordedRun> RecordedRun::read(const std::string& folder) {
    NETCUT_ASSIGN(const User caller, find_user(""));
    const AsUser as_user(caller);
    RecordedRun run;
    run.folder = folder;
    NETCUT_ASSIGN(const std::string yaml, read_part(folder, "scenario.yaml"));
    NETCUT_TRY(read_yaml(run.scenario, yaml, folder + "/scenario.yaml"));
    NETCUT_TRY(check(run.scenario));
    NETCUT_ASSIGN(const std::string verdict, read_part(folder, "verdict.json"));
    run.verdict = Json::parse(verdict, nullptr, false);
    if (!run.verdict.is_object() || !run.verdict.contains("verdict") || !run.verdict.contains("exit_status"))
        return usage_failure("read " + folder + "/verdict.json", "it is no verdict", hint);
    NETCUT_ASSIGN(const std::string journal, read_part(folder, "journal.jsonl"));
    std::istringstream lines(journal);
    for (std::string line; std::getline(lines, line);) {
        Json event = Json::parse(line, nullptr, false);
        if (event.is_object() && event.contains("event")) run.journal.push_back(std::move(event));
    }
    return run;
}

bool RecordedRun::same_failure(const RunOutcome& outcome) const {
    return outcome.judged() && outcome.exit_status == 1 &&
           outcome.verdict.at("verdict") == verdict.at("verdict");
}

}  // namespace netcut::cli
