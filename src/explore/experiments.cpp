// SPDX-License-Identifier: Apache-2.0
#include "explore/experiments.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/median.h"
#include "link/rate.h"
#include "scenario/check.h"
#include "scenario/fault_spec.h"
#include "stage/stages.h"

namespace netcut {
namespace {

void fill_in(std::string& text, const std::string& word, const std::string& value) {
    for (std::size_t at = text.find(word); at != std::string::npos; at = text.find(word, at + value.size()))
        text.replace(at, word.size(), value);
}

// "+1.7 s", or with its spread "+1.7 s (1.2 to 2.0)".
std::string recovery_text(const std::vector<RunOutcome>& repeats) {
    std::vector<double> times;
    for (const RunOutcome& outcome : repeats)
        if (const auto seconds = outcome.seconds_to_recover()) times.push_back(*seconds);
    if (times.empty()) return {};
    const auto [least, most] = std::minmax_element(times.begin(), times.end());
    std::string text = fmt::format("+{:.1f} s", median(times));
    if (times.size() > 1) text += fmt::format(" ({:.1f} to {:.1f})", *least, *most);
    return text;
}

std::string late_text(const std::vector<RunOutcome>& repeats) {
    const auto late = std::find_if(repeats.begin(), repeats.end(),
                                   [](const RunOutcome& one) { return !one.late_text().empty(); });
    return late == repeats.end() ? "" : fmt::format(" ({})", late->late_text());
}

// The mark of runs that went on with a model that is not right.
std::string safety_mark(const std::vector<RunOutcome>& repeats) {
    const auto wrong = std::find_if(repeats.begin(), repeats.end(),
                                    [](const RunOutcome& one) { return !one.safety_text().empty(); });
    return wrong == repeats.end() ? "" : fmt::format(" ! {}", wrong->safety_text());
}

// Stages have been done once, for all experiments.
Result<void> check_stages(const Scenario& base, const Scenario& scenario, const ExperimentSpec& experiment) {
    NETCUT_ASSIGN(const std::string stage, stage_that_differs(base, scenario));
    if (stage.empty()) return {};
    std::vector<std::string> sets;
    for (const auto& [name, value] : experiment.parameters)
        sets.push_back(fmt::format("--set {}={}", name, value));
    return usage_failure(fmt::format("do the experiment {} with {}", experiment.name, fmt::join(sets, " ")),
                         fmt::format("that changes the stage {}, which is done once for all of them", stage),
                         "give it to all of them, on the command line");
}

}  // namespace

std::string csv_field(const std::string& text) {  // RFC 4180
    if (text.find_first_of(",\"\r\n") == std::string::npos) return text;
    std::string quoted = "\"";
    for (const char c : text) {
        if (c == '"') quoted += '"';
        quoted += c;
    }
    return quoted + "\"";
}

std::string run_id(const std::string& moment, const std::string& column, unsigned repeat) {
    std::string id = fmt::format("{}-{}-{}", moment, column, repeat);
    for (char& c : id) {
        const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                           c == '.' || c == '-';
        if (!plain) c = '_';
    }
    return id;
}

std::string ExperimentColumn::text() const {
    return fmt::format("{} {}", cut.name, duration_text(duration));
}

Result<Scenario> undisturbed_scenario(const Scenario& base, const ExperimentSpec& experiment) {
    Scenario scenario = base;
    scenario.experiments.clear();
    scenario.faults.clear();
    scenario.name = experiment.name;
    for (const auto& [name, value] : experiment.parameters) scenario.parameters[name] = value;
    NETCUT_TRY(check_stages(base, scenario, experiment));
    if (experiment.bits_per_second) {
        RateLimit rate = scenario.fabric.rate.value_or(RateLimit{});
        rate.bits_per_second = *experiment.bits_per_second;
        scenario.fabric.rate = rate;
    }
    return scenario;
}

Result<Scenario> experiment_scenario(const Scenario& base, const ExperimentSpec& experiment,
                                     const ExperimentColumn& column) {
    NETCUT_ASSIGN(Scenario scenario, undisturbed_scenario(base, experiment));
    scenario.name = fmt::format("{} {}", experiment.name, column.text());
    FaultSpec fault = experiment.fault;
    fault.name = "cut";
    NETCUT_TRY(column.cut.apply(fault));
    fault.duration = column.duration;
    if (fault.nodes.empty()) fault.nodes = {collaborator_name(scenario.collaborators)};
    for (std::string* pattern : {&fault.trigger.pattern, &fault.trigger.phase.armed_by})
        fill_in(*pattern, "{node}", fault.nodes.front());
    scenario.faults = {fault};
    if (auto good = check(scenario); !good) {
        Error error = std::move(good).error();
        error.attempt = fmt::format("do the experiment {}: {}", experiment.name, error.attempt);
        return Failure(std::move(error));
    }
    return scenario;
}

std::string ExperimentCell::word() const {
    if (repeats.empty()) return "not run";
    const std::string first = repeats.front().word();
    const bool same = std::all_of(repeats.begin(), repeats.end(),
                                  [&](const RunOutcome& outcome) { return outcome.word() == first; });
    return same ? first : "mixed";
}

std::string ExperimentCell::text() const {
    const std::string all = word();
    if (all == word_of(Judgement::recovered))
        return fmt::format("{} {}{}{}", all, recovery_text(repeats), late_text(repeats),
                           safety_mark(repeats));
    if (all == "mixed") {
        std::map<std::string, std::size_t> counts;
        for (const RunOutcome& outcome : repeats) ++counts[outcome.word()];
        std::vector<std::string> parts;
        for (const auto& [word, count] : counts) parts.push_back(fmt::format("{} {}", word, count));
        return fmt::format("{} of {}", fmt::join(parts, ", "), repeats.size());
    }
    const std::string detail = repeats.empty() ? "" : repeats.front().detail();
    return detail.empty() ? all : fmt::format("{} ({})", all, detail);
}

Json cell_json(const ExperimentCell& cell, const std::string& column) {
    Json repeats = Json::array();
    for (const RunOutcome& outcome : cell.repeats) {
        const auto seconds = outcome.seconds_to_recover();
        repeats.push_back({{"outcome", outcome.word()},
                           {"detail", outcome.detail()},
                           {"safety", outcome.safety_word()},
                           {"seconds", seconds ? Json(*seconds) : Json(nullptr)},
                           {"run", "runs/" + outcome.id}});
    }
    const std::string text = cell.text();
    const std::string word = cell.word();
    return {{"column", column},
            {"outcome", word},
            {"detail", text.substr(std::min(text.size(), word.size() + 1))},
            {"text", text},
            {"repeats", repeats}};
}

void ExperimentTable::add_row(ExperimentSpec row) {
    rows.push_back(std::move(row));
    cells.emplace_back(columns.size());
}

Result<void> ExperimentTable::submit_row(RunPool& pool, std::size_t row, const Scenario& base,
                                         unsigned repeats,
                                         const std::function<void(const std::string&)>& tell) {
    for (std::size_t column = 0; column < columns.size(); ++column) {
        NETCUT_ASSIGN(Scenario scenario, experiment_scenario(base, rows[row], columns[column]));
        if (row < twins.size()) scenario.twins = twins[row];
        cells[row][column].repeats.resize(repeats);
        for (unsigned repeat = 0; repeat < repeats; ++repeat)
            pool.submit({run_id(rows[row].name, columns[column].text(), repeat + 1), scenario},
                        [this, row, column, repeat, tell](const RunOutcome& outcome) {
                            cells[row][column].repeats[repeat] = outcome;
                            const std::string detail = outcome.detail();
                            tell(fmt::format("{:<3} {:<14} {}{}{}", rows[row].name, columns[column].text(),
                                             outcome.word(), detail.empty() ? "" : ": " + detail,
                                             outcome.reused ? " (made before)" : ""));
                        });
    }
    return {};
}

std::string ExperimentTable::to_text() const {
    std::vector<std::vector<std::string>> lines(rows.size() + 1);
    lines[0].emplace_back("moment");
    for (const ExperimentColumn& column : columns) lines[0].push_back(column.text());
    for (std::size_t row = 0; row < rows.size(); ++row) {
        lines[row + 1].push_back(rows[row].name);
        for (const ExperimentCell& cell : cells[row]) lines[row + 1].push_back(cell.text());
    }
    std::vector<std::size_t> widths(columns.size() + 1, 0);
    for (const auto& line : lines)
        for (std::size_t i = 0; i < line.size(); ++i) widths[i] = std::max(widths[i], line[i].size());
    std::string text;
    for (const auto& line : lines) {
        std::string row;
        for (std::size_t i = 0; i < line.size(); ++i) row += fmt::format("{:<{}}  ", line[i], widths[i]);
        text += row.substr(0, row.find_last_not_of(' ') + 1) + "\n";
    }
    text += "\n";
    for (const ExperimentSpec& row : rows) text += fmt::format("{:<{}}  {}\n", row.name, widths[0], row.what);
    return text;
}

std::string ExperimentTable::to_csv() const {
    std::string text =
        "moment,what,kind,duration_s,repeat,outcome,detail,time_to_recover_s,exit_status,run\r\n";
    for (std::size_t row = 0; row < rows.size(); ++row)
        for (std::size_t column = 0; column < columns.size(); ++column) {
            std::size_t repeat = 0;
            for (const RunOutcome& outcome : cells[row][column].repeats) {
                const auto seconds = outcome.seconds_to_recover();
                text += fmt::format("{},{},{},{},{},{},{},{},{},{}\r\n", csv_field(rows[row].name),
                                    csv_field(rows[row].what), csv_field(columns[column].cut.name),
                                    std::chrono::duration<double>(columns[column].duration).count(), ++repeat,
                                    outcome.word(), csv_field(outcome.detail()),
                                    seconds ? fmt::format("{:.3f}", *seconds) : "", outcome.exit_status,
                                    "runs/" + outcome.id);
            }
        }
    return text;
}

Json ExperimentTable::to_json() const {
    Json json = {
        {"kind", "experiments"}, {"title", title}, {"columns", Json::array()}, {"rows", Json::array()}};
    for (const ExperimentColumn& column : columns) json["columns"].push_back(column.text());
    for (std::size_t row = 0; row < rows.size(); ++row) {
        Json cells_json = Json::array();
        for (std::size_t column = 0; column < columns.size(); ++column)
            cells_json.push_back(cell_json(cells[row][column], columns[column].text()));
        json["rows"].push_back({{"name", rows[row].name}, {"what", rows[row].what}, {"cells", cells_json}});
    }
    return json;
}

void ExperimentTable::leave_out_unmade() {
    for (auto& row : cells)
        for (ExperimentCell& cell : row)
            std::erase_if(cell.repeats, [](const RunOutcome& outcome) { return outcome.id.empty(); });
}

int ExperimentTable::exit_status() const {
    bool untriggered = false;
    bool fatal = false;
    for (const auto& row : cells)
        for (const ExperimentCell& cell : row)
            for (const RunOutcome& outcome : cell.repeats) {
                if (!outcome.judged()) return outcome.exit_status == 0 ? 5 : outcome.exit_status;
                untriggered = untriggered || outcome.judgement() == Judgement::not_triggered;
                fatal = fatal || outcome.fatal();
            }
    return fatal ? 1 : untriggered ? 4 : 0;
}

}  // namespace netcut
