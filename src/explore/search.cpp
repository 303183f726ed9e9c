// SPDX-License-Identifier: Apache-2.0
#include "explore/search.h"

#include <fmt/format.h>

#include <map>
#include <set>

#include "explore/experiments.h"
#include "explore/outcome.h"
#include "verdict/verdict.h"

namespace netcut {
namespace {

// The search of one cell: some lengths at once, each with its repeats, then the next ones.
class CellSearch : public std::enable_shared_from_this<CellSearch> {
  public:
    CellSearch(RunPool& pool, ResilienceCell& cell, const Scenario& base, const ExperimentSpec& moment,
               const SearchOptions& options, std::function<void(const std::string&)> tell)
        : pool_(pool),
          cell_(cell),
          base_(base),
          moment_(moment),
          repeats_(options.repeats),
          at_once_(options.at_once),
          tell_(std::move(tell)) {}

    Result<void> go_on() {
        outcomes_.clear();
        for (const Nanoseconds length : cell_.bounds.next(at_once_)) outcomes_[length];
        unmade_ = outcomes_.size() * repeats_;
        for (const auto& [length, outcomes] : outcomes_) NETCUT_TRY(submit(length));
        return {};
    }

  private:
    Result<void> submit(Nanoseconds length) {
        const ExperimentColumn column{cell_.cut, length};
        NETCUT_ASSIGN(Scenario scenario, experiment_scenario(base_, moment_, column));
        const auto self = shared_from_this();
        for (unsigned repeat = 1; repeat <= repeats_; ++repeat)
            pool_.submit({.id = run_id(moment_.name, column.text(), repeat),
                          .scenario = scenario,
                          .prepare = [self](Scenario& next) { self->add_known_hangs(next); }},
                         [self, column](const RunOutcome& outcome) { self->take(column, outcome); });
        return {};
    }

    void add_known_hangs(Scenario& scenario) const {
        scenario.known_hangs.insert(scenario.known_hangs.end(), known_hangs_.begin(), known_hangs_.end());
    }

    void take(const ExperimentColumn& column, const RunOutcome& outcome) {
        outcomes_[column.duration].push_back(outcome);
        ++cell_.runs;
        cell_.tries.push_back({column.duration, outcome.word(), outcome.id});
        const std::string detail = outcome.detail();
        tell_(fmt::format("{:<3} {:<14} {}{}", moment_.name, column.text(), outcome.word(),
                          detail.empty() ? "" : ": " + detail));
        if (const std::string state = outcome.hang_waited_for(); !state.empty()) known_hangs_.insert(state);
        if (--unmade_ > 0 || !judge()) return;
        if (auto submitted = go_on(); !submitted) {
            cell_.trouble = submitted.error().text();
            cell_.trouble_status = exit_status_of(submitted.error());
        }
    }

    // What is longer than a fatal one tells nothing more, whatever it was. False if one of them cannot be told.
    bool judge() {
        for (const auto& [length, outcomes] : outcomes_) {
            const auto effect = effect_of(outcomes);
            if (!effect) return false;
            cell_.bounds.take(length, *effect);
            if (*effect == Effect::fatal) break;
        }
        return true;
    }

    std::optional<Effect> effect_of(const std::vector<RunOutcome>& outcomes) {
        std::size_t fatal = 0, survived = 0;
        for (const RunOutcome& one : outcomes) {
            if (!one.survived() && !one.unnoticed() && !one.fatal()) {
                give_up(one);
                return {};
            }
            if (one.fatal()) ++fatal;
            if (one.survived()) ++survived;
        }
        cell_.mixed = cell_.mixed || (fatal > 0 && fatal < outcomes.size());
        return fatal > 0 ? Effect::fatal : survived > 0 ? Effect::survived : Effect::unnoticed;
    }

    void give_up(const RunOutcome& outcome) {
        const std::string detail = outcome.detail();
        cell_.trouble = outcome.word() + (detail.empty() ? "" : ": " + detail);
        cell_.trouble_status = outcome.exit_status == 0 ? 5 : outcome.exit_status;
    }

    RunPool& pool_;
    ResilienceCell& cell_;
    const Scenario& base_;
    const ExperimentSpec& moment_;
    const unsigned repeats_, at_once_;
    const std::function<void(const std::string&)> tell_;
    std::map<Nanoseconds, std::vector<RunOutcome>> outcomes_;  // of the lengths that are tried now
    std::size_t unmade_ = 0;                                   // runs of theirs
    // States in which a run of this cell was waited for in full: in one that starts later, a repeat, too, they are waited for
    // only shortly.
    std::set<std::string> known_hangs_;
};

Json seconds_or_null(const std::optional<Nanoseconds>& value) {
    return value ? Json(std::chrono::duration<double>(*value).count()) : Json(nullptr);
}

}  // namespace

Result<void> search(RunPool& pool, ResilienceMap& map, const Scenario& base, const SearchOptions& options,
                    const std::function<void(const std::string&)>& tell) {
    for (std::size_t row = 0; row < map.rows.size(); ++row)
        for (ResilienceCell& cell : map.cells[row]) {
            cell.bounds = Bisection(options.least, options.most, options.within);
            NETCUT_TRY(std::make_shared<CellSearch>(pool, cell, base, map.rows[row], options, tell)->go_on());
        }
    return {};
}

std::string ResilienceCell::text() const {
    if (!trouble.empty()) return trouble;
    const auto survived = bounds.longest_survived();
    const auto fatal = bounds.shortest_fatal();
    const auto unnoticed = bounds.longest_unnoticed();
    if (!survived && !fatal && !unnoticed) return "not tried";
    std::vector<std::string> parts;
    if (unnoticed > survived) parts.push_back("nobody noticed " + duration_text(*unnoticed));
    if (survived) parts.push_back("survives " + duration_text(*survived));
    if (fatal) parts.push_back((survived ? "not " : "does not survive ") + duration_text(*fatal));
    std::string text = fmt::format("{}", fmt::join(parts, ", "));
    if (!fatal) text += ", the longest tried";
    if (fatal && !survived && !unnoticed) text += ", the shortest tried";
    return mixed ? text + " each time" : text;
}

std::string ResilienceMap::to_text() const {
    std::string text;
    for (std::size_t row = 0; row < rows.size(); ++row) {
        text += fmt::format("{:<3} {}\n", rows[row].name, rows[row].what);
        for (const ResilienceCell& cell : cells[row])
            text += fmt::format("    {:<8} {} ({} runs)\n", cell.cut.name, cell.text(), cell.runs);
    }
    return text;
}

std::string ResilienceMap::to_csv() const {
    std::string text =
        "moment,kind,longest_unnoticed_s,longest_survived_s,shortest_fatal_s,limit_s,runs,mixed\r\n";
    const auto field = [](const std::optional<Nanoseconds>& value) {
        return value ? fmt::format("{:.3f}", std::chrono::duration<double>(*value).count()) : std::string();
    };
    for (std::size_t row = 0; row < rows.size(); ++row)
        for (const ResilienceCell& cell : cells[row])
            text += fmt::format("{},{},{},{},{},{},{},{}\r\n", csv_field(rows[row].name),
                                csv_field(cell.cut.name), field(cell.bounds.longest_unnoticed()),
                                field(cell.bounds.longest_survived()), field(cell.bounds.shortest_fatal()),
                                field(limit), cell.runs, cell.mixed);
    return text;
}

Json ResilienceMap::to_json() const {
    Json json = {{"kind", "map"}, {"title", title}, {"rows", Json::array()}};
    for (std::size_t row = 0; row < rows.size(); ++row) {
        Json cells_json = Json::array();
        for (const ResilienceCell& cell : cells[row]) {
            Json one = {{"kind", cell.cut.name},
                        {"unnoticed_s", seconds_or_null(cell.bounds.longest_unnoticed())},
                        {"survived_s", seconds_or_null(cell.bounds.longest_survived())},
                        {"fatal_s", seconds_or_null(cell.bounds.shortest_fatal())},
                        {"limit_s", seconds_or_null(limit)},
                        {"runs", cell.runs},
                        {"mixed", cell.mixed},
                        {"text", cell.text()}};
            one["tries"] = Json::array();
            for (const auto& [length, outcome, run] : cell.tries)
                one["tries"].push_back(
                    {{"for_s", seconds(length)}, {"outcome", outcome}, {"run", "runs/" + run}});
            if (!cell.trouble.empty()) one["trouble"] = cell.trouble;
            cells_json.push_back(std::move(one));
        }
        json["rows"].push_back({{"phase", rows[row].name}, {"what", rows[row].what}, {"cells", cells_json}});
    }
    return json;
}

int ResilienceMap::exit_status() const {
    int status = 0;
    for (const auto& row : cells)
        for (const ResilienceCell& cell : row)
            if (cell.trouble_status != 0 && (status == 0 || status == 4)) status = cell.trouble_status;
    return status;
}

}  // namespace netcut
