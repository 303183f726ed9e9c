// SPDX-License-Identifier: Apache-2.0
#include "explore/trials.h"

#include <fmt/format.h>

#include <algorithm>

#include "scenario/check.h"

namespace netcut {
namespace {

constexpr const char* column_of_outcomes = "ended with";

bool is_control(const TrialRow& row) {
    return row.trial.change.keys.empty();
}

bool has_helped(const TrialRow& row) {
    return !is_control(row) && !row.cell.repeats.empty() &&
           std::all_of(row.cell.repeats.begin(), row.cell.repeats.end(),
                       [](const RunOutcome& run) { return run.survived() || run.unnoticed(); });
}

std::string hope_text(const TrialRow& row) {
    return is_control(row) ? "" : fmt::format(" ({})", word_of(row.trial.hope));
}

double took_of(const ExperimentCell& cell) {
    double most = 0;
    for (const RunOutcome& run : cell.repeats) most = std::max(most, run.took_s);
    return most;
}

std::string took_text(double seconds) {
    return seconds > 0 ? fmt::format("{:.1f} s", seconds) : "";
}

}  // namespace

TrialTable trials_for(const Scenario& recorded, const Explanation& why) {
    TrialTable table{.title = recorded.name, .why = why, .untried = untried_of(why)};
    std::vector<Trial> trials = trials_of(why, recorded.hang_after);
    if (trials.empty()) return table;
    table.rows.push_back({{.name = "once more, as it was", .what = "whether it hangs again"}, "again"});
    for (Trial& trial : trials) {
        std::string id = fmt::format("{}", table.rows.size());
        for (const auto& [key, value] : trial.change.keys) id += "-" + key;
        table.rows.push_back({std::move(trial), std::move(id)});
    }
    return table;
}

Result<void> TrialTable::submit(RunPool& pool, const Scenario& recorded_scenario, unsigned repeats,
                                const std::function<void(const std::string&)>& tell) {
    for (TrialRow& row : rows) {
        Scenario scenario = recorded_scenario;
        scenario.expect = {};  // what was expected of the run that hung
        scenario.name = fmt::format("{} {}", recorded_scenario.name, row.id);
        if (!is_control(row)) scenario.tcp.push_back(row.trial.change);
        NETCUT_TRY(check(scenario));
        row.cell.repeats.resize(repeats);
        for (unsigned repeat = 0; repeat < repeats; ++repeat)
            pool.submit({fmt::format("{}-{}", row.id, repeat + 1), scenario},
                        [&row, repeat, tell](const RunOutcome& outcome) {
                            row.cell.repeats[repeat] = outcome;
                            tell(fmt::format("{}: {} {}{}", row.trial.name, outcome.word(), outcome.detail(),
                                             outcome.reused ? " (made before)" : ""));
                        });
    }
    return {};
}

void TrialTable::leave_out_unmade() {
    for (TrialRow& row : rows)
        std::erase_if(row.cell.repeats, [](const RunOutcome& outcome) { return outcome.id.empty(); });
}

int TrialTable::exit_status() const {
    for (const TrialRow& row : rows)
        for (const RunOutcome& run : row.cell.repeats)
            if (!run.judged()) return run.exit_status == 0 ? 5 : run.exit_status;
    return std::any_of(rows.begin(), rows.end(), has_helped) ? 0 : 1;
}

std::string TrialTable::conclusion() const {
    if (rows.empty()) return "Nothing that helps is a matter of TCP, so that nothing was tried.";
    std::string text;
    for (const TrialRow& row : rows)
        if (has_helped(row)) text += fmt::format("{} helps: {}\n", row.trial.name, text_of(row.trial.change));
    if (text.empty()) text = "None of what was tried helps.\n";
    const auto& again = rows.front().cell.repeats;
    if (std::any_of(again.begin(), again.end(), [](const RunOutcome& run) { return !run.fatal(); }))
        text += "As it was it does not hang each time, so that this shows little: --repeat 5 shows more.\n";
    text.pop_back();
    return text;
}

std::string TrialTable::to_text() const {
    std::vector<std::array<std::string, 3>> lines = {{"", column_of_outcomes, "took"},
                                                     {"as it was", recorded, took_text(recorded_s)}};
    for (const TrialRow& row : rows)
        lines.push_back({row.trial.name + hope_text(row), row.cell.text(), took_text(took_of(row.cell))});
    std::array<std::size_t, 3> widths{};
    for (const auto& line : lines)
        for (std::size_t i = 0; i < line.size(); ++i) widths[i] = std::max(widths[i], line[i].size());
    std::string text;
    for (const auto& line : rows.empty() ? decltype(lines){} : lines) {
        const std::string row =
            fmt::format("{:<{}}  {:<{}}  {}", line[0], widths[0], line[1], widths[1], line[2]);
        text += row.substr(0, row.find_last_not_of(' ') + 1) + "\n";
    }
    return text + "\n" + conclusion() + "\nNot tried: " + untried + ".\n";
}

std::string TrialTable::to_csv() const {
    std::string text = "remedy,hope,tcp,repeat,outcome,detail,time_to_recover_s,took_s,exit_status,run\r\n";
    text += fmt::format("as it was,,,1,{},,,{:.3f},,\r\n", csv_field(recorded), recorded_s);
    for (const TrialRow& row : rows) {
        std::size_t repeat = 0;
        for (const RunOutcome& run : row.cell.repeats) {
            const auto recovered = run.seconds_to_recover();
            text +=
                fmt::format("{},{},{},{},{},{},{},{:.3f},{},runs/{}\r\n", csv_field(row.trial.name),
                            is_control(row) ? "" : word_of(row.trial.hope),
                            is_control(row) ? "" : csv_field(text_of(row.trial.change)), ++repeat, run.word(),
                            csv_field(run.detail()), recovered ? fmt::format("{:.3f}", *recovered) : "",
                            run.took_s, run.exit_status, run.id);
        }
    }
    return text;
}

Json TrialTable::to_json() const {
    Json json = {{"kind", "experiments"},
                 {"of", "trials"},
                 {"title", title},
                 {"cause", word_of(why.cause)},
                 {"why", why.sentence},
                 {"conclusion", conclusion()},
                 {"not_tried", untried},
                 {"recorded", {{"text", recorded}, {"took_s", recorded_s}}},
                 {"columns", {column_of_outcomes}},
                 {"rows", Json::array()}};
    for (const TrialRow& row : rows) {
        Json entry = {{"name", row.trial.name},
                      {"what", row.trial.what + hope_text(row)},
                      {"took_s", took_of(row.cell)},
                      {"cells", {cell_json(row.cell, column_of_outcomes)}}};
        if (!is_control(row)) {
            entry["hope"] = word_of(row.trial.hope);
            entry["helped"] = has_helped(row);
            entry["tcp"] = text_of(row.trial.change);
        }
        json["rows"].push_back(std::move(entry));
    }
    return json;
}

}  // namespace netcut
