// SPDX-License-Identifier: Apache-2.0
#include "cli/recorded_run.h"

#include "base/json.h"
#include "folder/folder.h"
#include "folder/run_files.h"
#include "record/reader.h"
#include "scenario/check.h"
#include "scenario/link.h"
#include "scenario/yaml.h"
#include "user/user.h"

namespace netcut::cli {
namespace {

constexpr const char* hint = "give the folder of a run that has ended";
constexpr std::size_t most_read = std::size_t{64} << 20;  // bytes of a file, or of one line of the journal

Failure unreadable(Error error) {
    error.kind = Error::Kind::usage;
    error.hint = hint;
    return Failure(std::move(error));
}

Result<std::string> read_part(const RunFolder& folder, const char* name) {
    return read_whole(folder, name, most_read).or_else([](Error error) -> Result<std::string> {
        return unreadable(std::move(error));
    });
}

}  // namespace

Result<RecordedRun> RecordedRun::read(const std::string& path) {
    NETCUT_ASSIGN(const User caller, find_user(""));
    NETCUT_ASSIGN(const RunFolder folder, RunFolder::open(path, caller));
    RecordedRun run;
    run.folder = path;
    NETCUT_ASSIGN(const std::string yaml, read_part(folder, "scenario.yaml"));
    NETCUT_TRY(read_yaml(run.scenario, yaml, path + "/scenario.yaml"));
    NETCUT_TRY(check(run.scenario));
    NETCUT_ASSIGN(const std::string verdict, read_part(folder, "verdict.json"));
    run.verdict = parse_json(verdict, "read a verdict").value_or(nullptr);
    if (!run.verdict.is_object() || !run.verdict.contains("verdict") || !run.verdict.contains("exit_status"))
        return usage_failure("read " + path + "/verdict.json", "it is no verdict", hint);
    const auto read = read_lines(folder, "journal.jsonl", most_read, [&run](std::string_view line) {
        if (auto event = read_event(line).event) run.journal.push_back(std::move(*event));
    });
    if (!read) return unreadable(read.error());
    run.scenario.kept_traces = run.kept_traces();
    NETCUT_TRY(read_traces(run.scenario));
    return run;
}

std::map<std::string, std::string> RecordedRun::kept_traces() const {
    std::map<std::string, std::string> kept;
    for (const Event& event : journal)
        if (const auto* link = event.as<event::NodeLink>())
            for (const auto& side : {link->up, link->down})
                if (side && !side->file.empty())
                    kept[side->file] = this->folder + "/" + kept_trace(side->sha256);
    return kept;
}

bool RecordedRun::same_failure(const RunOutcome& outcome) const {
    return outcome.judged() && outcome.exit_status == 1 &&
           outcome.verdict.at("verdict") == verdict.at("verdict");
}

}  // namespace netcut::cli
