// SPDX-License-Identifier: Apache-2.0
#include "results/read.h"

#include <fmt/format.h>

#include <array>
#include <filesystem>
#include <optional>

#include "base/json.h"
#include "folder/folder.h"
#include "folder/run_files.h"
#include "record/json_access.h"
#include "scenario/judgement.h"
#include "user/as_user.h"

namespace netcut {
namespace {

constexpr std::size_t longest_row = std::size_t{1} << 20;   // bytes
constexpr std::size_t most_table = std::size_t{256} << 20;  // bytes of experiments.json
constexpr std::size_t most_facts = std::size_t{4} << 20;    // bytes of study.json

struct Source {
    RunFolder folder;
    std::string file;  // in it
    std::string attempt;
};

Result<void> read_rows(ResultSet& set, const Source& source) {
    std::optional<Error> wrong;
    std::size_t number = 0;
    NETCUT_TRY(read_lines(source.folder, source.file, longest_row, [&](std::string_view line) {
        ++number;
        if (wrong) return;
        const std::string attempt = fmt::format("{}, line {}", source.attempt, number);
        if (set.rows() == ResultSet::most_rows) {
            wrong =
                usage_failure(attempt, fmt::format("it has more than {} rows", ResultSet::most_rows)).value();
            return;
        }
        const auto json = parse_json(line, attempt);
        const auto row = json ? row_from_json(*json, attempt) : Result<StudyRow>(Failure(json.error()));
        row ? set.take(*row) : void(wrong = row.error());
    }));
    if (wrong) return Failure(*wrong);
    set.sort();
    return {};
}

StudyRow cell_of_moment(const Json& row, const Json& cell) {
    const std::string moment = text_of(member(row, "name")), cut = text_of(member(cell, "column"));
    StudyRow of_cell;
    of_cell.cell = moment + " " + cut;
    of_cell.factors = {{"moment", moment}, {"cut", cut}};
    return of_cell;
}

StudyRow cell_of_version(const Json& row) {
    StudyRow of_cell;
    of_cell.cell = text_of(member(row, "name"));
    of_cell.factors = {{"version", of_cell.cell}};
    return of_cell;
}

// By what each kind of table has its cells. Repeats have one cell: their title and their number say nothing of the run.
StudyRow cell_of(const Json& table, const Json& row, const Json& cell) {
    const std::string of = text_of(member(table, "of"));
    if (of == "bisect") return cell_of_version(row);
    if (of == "repeats") return {};
    return cell_of_moment(row, cell);
}

// Of a cell of a table of experiments, as cell_json() writes it.
void take_repeats(ResultSet& set, const StudyRow& of_cell, const Json& cell) {
    unsigned number = 0;
    for (const Json& repeat : member(cell, "repeats")) {
        StudyRow row = of_cell;
        row.repeat = ++number;
        row.key = text_of(member(repeat, "run"));
        row.run = row.key;
        const std::string outcome = text_of(member(repeat, "outcome"));
        row.noticed = outcome != not_noticed;
        row.verdict = row.noticed ? outcome : word_of(Judgement::recovered);
        row.detail = text_of(member(repeat, "detail"));
        row.word = text_of(member(repeat, "safety"));
        if (const Json& seconds = member(repeat, "seconds"); seconds.is_number())
            row.recovery_s = seconds.get<double>();
        if (outcome == word_of(Judgement::error)) row.machine = MachineWord::error;
        set.take(row);
    }
}

Result<void> read_table(ResultSet& set, const Source& source) {
    NETCUT_ASSIGN(const std::string text, read_whole(source.folder, source.file, most_table));
    NETCUT_ASSIGN(const Json table, parse_json(text, source.attempt));
    if (text_of(member(table, "kind")) != "experiments")
        return usage_failure(source.attempt, "it is no table of outcomes");
    set.title = text_of(member(table, "title"));
    for (const Json& row : member(table, "rows"))
        for (const Json& cell : member(row, "cells")) take_repeats(set, cell_of(table, row, cell), cell);
    return {};
}

struct Form {
    const char* file;
    Result<void> (*read)(ResultSet&, const Source&);
};
constexpr std::array<Form, 4> forms = {{{"results.jsonl", read_rows},
                                        {"experiments.json", read_table},
                                        {"repeats.json", read_table},
                                        {"bisect.json", read_table}}};

std::string names_of_forms() {
    std::vector<std::string> names;
    for (const Form& form : forms) names.emplace_back(form.file);
    return fmt::format("{}", fmt::join(names, ", "));
}

std::string title_of(const RunFolder& folder) {
    const auto text = read_whole(folder, "study.json", most_facts);
    if (!text) return {};
    const auto facts = parse_json(*text, "read study.json");
    return facts ? text_of(member(*facts, "name")) : "";
}

}  // namespace

ResultSet results_of_rows(const StudyRows& rows, const std::string& title) {
    ResultSet set;
    set.title = title;
    for (const auto& [key, row] : rows) set.take(row);
    set.sort();
    return set;
}

Result<ResultSet> read_results(const std::string& path, const User& user) {
    namespace fs = std::filesystem;
    const std::string attempt = "read the results in " + path;
    const fs::path given = fs::path(path).lexically_normal();
    std::error_code ignored;
    const AsUser as_user(user);
    const bool is_file = fs::is_regular_file(given, ignored);
    const fs::path parent = given.parent_path().empty() ? fs::path(".") : given.parent_path();
    auto folder = RunFolder::around_runs(is_file ? parent.string() : path, user);
    if (!folder)
        return usage_failure(attempt, folder.error().why(), "name the folder that --out of the runs named");
    for (const Form& form : forms) {
        if (is_file && given.filename() != form.file) continue;
        if (!folder->open_file(form.file)) continue;
        ResultSet set;
        set.path = path;
        NETCUT_TRY(form.read(set, Source{*folder, form.file, attempt}));
        if (set.title.empty()) set.title = title_of(*folder);
        if (set.title.empty()) set.title = fs::absolute(given, ignored).lexically_normal().filename();
        if (set.title.empty()) set.title = path;
        if (set.rows() == 0) return usage_failure(attempt, fmt::format("{} has no run yet", form.file));
        return set;
    }
    return usage_failure(attempt, "it is not, and has not, one of " + names_of_forms(),
                         "name the folder of a study, a matrix or experiments");
}

}  // namespace netcut
