// SPDX-License-Identifier: Apache-2.0
#include "study/store.h"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>

#include "base/io.h"
#include "folder/run_files.h"
#include "folder/shared_files.h"
#include "study/facts.h"
#include "user/as_user.h"

namespace netcut {
namespace {

constexpr std::size_t most_row = std::size_t{1} << 20;      // bytes of one row's file
constexpr std::size_t most_design = std::size_t{64} << 20;  // bytes of design.json
constexpr std::string_view row_ending = ".json";

Result<Json> read_json(const RunFolder& folder, const std::string& name, std::size_t most) {
    NETCUT_ASSIGN(const std::string text, read_whole(folder, name, most));
    return parse_json(text, "read " + folder.path() + "/" + name);
}

Result<StudyRow> read_row(const RunFolder& folder, const std::string& key) {
    const std::string name = fmt::format("rows/{}{}", key, row_ending);
    const auto json = read_json(folder, name, most_row);
    auto row = json ? row_from_json(*json, "read " + folder.path() + "/" + name)
                    : Result<StudyRow>(Failure(json.error()));
    if (!row)
        row.error().hint =
            fmt::format("delete {0}/{1} and {0}/claims/{2}.*: the same command makes that run again",
                        folder.path(), name, key);
    return row;
}

// Whoever is first writes it. Repeats and limits may be others when a study is continued.
Result<Json> agree_on_design(const RunFolder& folder, const Json& ours, const std::string& text) {
    for (const char* below : {"runs", "claims", "rows"}) NETCUT_TRY(folder.make_folder(below));
    const auto there = read_json(folder, "design.json", most_design);
    if (!there && there.error().code != ENOENT) return Failure(there.error());
    if (there && (!there->is_object() || there->value("digest", "") != ours.at("digest").get<std::string>()))
        return usage_failure("go on with the study in " + folder.path(),
                             "its cells, measures or seed are not those of this study",
                             "choose another folder with --out");
    if (there && *there == ours) return ours;
    NETCUT_TRY(write_shared_file(folder, "study.yaml", text));
    NETCUT_TRY(write_shared_file(folder, "design.json", ours.dump(2) + "\n"));
    return ours;
}

}  // namespace

Result<std::vector<std::string>> names_in_folder(const RunFolder& folder, const std::string& below) {
    const AsUser as_user(folder.user());
    const std::string path = folder.path_that_stays() + "/" + below;
    std::vector<std::string> names;
    std::error_code error;
    for (std::filesystem::directory_iterator entry(path, error), end; !error && entry != end;
         entry.increment(error)) {
        std::string name = entry->path().filename();
        if (!name.ends_with(".new")) names.push_back(std::move(name));
    }
    if (error) return system_failure("list " + folder.path() + "/" + below, error.value());
    return names;
}

Result<StudyStore> StudyStore::begin_with(RunFolder folder, const Json& design, const std::string& text) {
    NETCUT_ASSIGN(Json agreed, agree_on_design(folder, design, text));
    StudyStore store(std::move(folder));
    store.design_ = std::move(agreed);
    NETCUT_TRY(store.refresh());
    return store;
}

Result<StudyStore> StudyStore::begin(RunFolder folder, const StudyDesign& design, const std::string& text) {
    return begin_with(std::move(folder), design_facts(design), text);
}

Result<StudyStore> StudyStore::begin_copy(RunFolder folder, const StudyStore& other) {
    NETCUT_ASSIGN(const std::string text, read_whole(other.folder_, "study.yaml", most_design));
    return begin_with(std::move(folder), other.design_, text);
}

Result<StudyStore> StudyStore::open(RunFolder folder) {
    auto there = read_json(folder, "design.json", most_design);
    if (!there && there.error().code == ENOENT)
        return usage_failure("read the study in " + folder.path(), "there is none: it has no design.json",
                             "name the folder that netcut-fl study was given with --out");
    if (!there) return Failure(std::move(there).error());
    StudyStore store(std::move(folder));
    store.design_ = std::move(*there);
    NETCUT_TRY(store.refresh());
    return store;
}

Result<void> StudyStore::refresh() {
    NETCUT_ASSIGN(const std::vector<std::string> names, names_in_folder(folder_, "rows"));
    for (const std::string& name : names) {
        if (!name.ends_with(row_ending)) continue;
        const std::string key = name.substr(0, name.size() - row_ending.size());
        if (rows_.contains(key)) continue;
        NETCUT_ASSIGN(StudyRow row, read_row(folder_, key));
        rows_.emplace(key, std::move(row));
    }
    return {};
}

Result<void> StudyStore::write(const StudyRow& row) {
    NETCUT_TRY(write_shared_file(folder_, fmt::format("rows/{}{}", row.key, row_ending),
                                 to_json(row).dump() + "\n"));
    rows_.insert_or_assign(row.key, row);
    return {};
}

Result<void> StudyStore::write_results() const {
    std::string csv, lines;
    for (const auto& [key, row] : rows_) {
        if (csv.empty()) csv = csv_header(row);
        csv += csv_line(row);
        lines += to_json(row).dump() + "\n";
    }
    NETCUT_TRY(write_shared_file(folder_, "results.csv", csv));
    NETCUT_TRY(write_shared_file(folder_, "results.jsonl", lines));
    return write_shared_file(folder_, "study.json", study_facts(design_, rows_).dump(2) + "\n");
}

}  // namespace netcut
