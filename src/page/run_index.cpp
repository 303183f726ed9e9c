// SPDX-License-Identifier: Apache-2.0
#include "page/run_index.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>

#include "base/json.h"
#include "folder/folder.h"
#include "folder/run_files.h"
#include "page/html_page.h"
#include "record/json_access.h"
#include "user/as_user.h"

namespace netcut {
namespace {

constexpr std::size_t most_runs = 1000;
constexpr std::size_t most_verdict_read = std::size_t{16} << 20;  // bytes
constexpr std::size_t most_first_line = std::size_t{64} << 10;
constexpr std::size_t longest_text = 300;

// Names begin with the time, so that the last name is the latest run.
Result<std::vector<std::string>> latest_folders(const RunFolder& around) {
    const AsUser as_user(around.user());
    std::vector<std::string> names;
    std::error_code error;
    for (std::filesystem::directory_iterator entry(around.path_that_stays() + "/", error), end;
         !error && entry != end; entry.increment(error))
        if (entry->is_directory(error) && !entry->is_symlink(error))
            names.push_back(entry->path().filename());
    if (error) return system_failure("list the runs in " + around.path(), error.value());
    std::sort(names.rbegin(), names.rend());
    if (names.size() > most_runs) names.resize(most_runs);
    return names;
}

bool has(const RunFolder& around, const std::string& file) {
    return around.open_file(file).has_value();
}

std::string begun(const RunFolder& around, const std::string& name) {
    const auto text = read_beginning(around, name + "/journal.jsonl", most_first_line);
    if (!text) return {};
    const Json first = Json::parse(text->substr(0, text->find('\n')), nullptr, false);
    return clipped(text_of(member(first, "wall")), longest_text);
}

// Null if the folder has nothing of ours.
Json row_of(const RunFolder& around, const std::string& name) {
    Json row = {{"folder", name}, {"report", has(around, name + "/report.html")}};
    for (const auto& [file, what] : {std::pair{"experiments.json", "experiments"},
                                     {"repeats.json", "repeats"},
                                     {"map.json", "exploration"}})
        if (has(around, name + "/" + file)) row["many"] = what;
    if (row.contains("many")) return row;
    const std::string when = begun(around, name);
    row["begun"] = when;
    const auto text = read_whole(around, name + "/verdict.json", most_verdict_read);
    const Json verdict = text ? parse_json(*text, "read verdict.json").value_or(Json()) : Json();
    if (when.empty() && verdict.is_null()) return nullptr;
    for (const char* key : {"name", "verdict", "headline", "reason"})
        row[key] = clipped(text_of(member(verdict, key)), longest_text);
    row["exit_status"] = member(verdict, "exit_status");
    row["nodes"] = member(verdict, "nodes").size();
    row["time_to_recover_s"] = member(verdict, "time_to_recover_s");
    Json faults = Json::array();
    for (const Json& fault : member(verdict, "faults"))
        if (const Json& kind = member(fault, "kind");
            std::find(faults.begin(), faults.end(), kind) == faults.end())
            faults.push_back(kind);
    row["faults"] = faults;
    return row;
}

}  // namespace

Result<void> write_run_index(const std::string& path, const User& user) {
    NETCUT_ASSIGN(const RunFolder around, RunFolder::around_runs(path, user));
    NETCUT_ASSIGN(const auto names, latest_folders(around));
    Json rows = Json::array();
    for (const std::string& name : names)
        if (Json row = row_of(around, name); !row.is_null()) rows.push_back(std::move(row));
    if (rows.empty())
        return usage_failure("make an index of " + path, "there is no run in it",
                             "name a folder of runs, or of one run");
    return around.write_file("index.html",
                             html_page({{"kind", "index"}, {"title", around.path()}, {"runs", rows}}));
}

}  // namespace netcut
