// SPDX-License-Identifier: Apache-2.0
#include "explore/repeats.h"

#include <fmt/format.h>

#include <algorithm>

#include "explore/experiments.h"
#include "statistics/interval.h"
#include "verdict/expectations.h"

namespace netcut {
namespace {

// Others met no judgement: the machine failed, or the moment never came.
bool says_something(const RunOutcome& outcome) {
    return outcome.judged() && (outcome.exit_status == 0 || outcome.exit_status == 1);
}

bool has_failed(const RunOutcome& outcome) {
    return says_something(outcome) && outcome.exit_status == 1;
}

std::string folder_of(const RunOutcome& outcome) {
    return "runs/" + outcome.id;
}

// Those that ended alike, the most frequent first.
std::vector<ExperimentCell> by_outcome(const std::vector<RunOutcome>& runs) {
    std::map<std::string, ExperimentCell> cells;
    for (const RunOutcome& run : runs) cells[run.word()].repeats.push_back(run);
    std::vector<ExperimentCell> sorted;
    for (auto& [word, cell] : cells) sorted.push_back(std::move(cell));
    std::stable_sort(sorted.begin(), sorted.end(), [](const ExperimentCell& a, const ExperimentCell& b) {
        return a.repeats.size() > b.repeats.size();
    });
    return sorted;
}

std::string folders_to_look_into(const ExperimentCell& cell) {
    constexpr std::size_t most_named = 10;
    std::vector<std::string> folders;
    for (const RunOutcome& run : cell.repeats)
        if (run.exit_status != 0) folders.push_back(folder_of(run));
    if (folders.empty()) return {};
    const std::size_t named = std::min(folders.size(), most_named);
    return fmt::format(": {}{}", fmt::join(folders.begin(), folders.begin() + static_cast<long>(named), ", "),
                       named < folders.size() ? ", ..." : "");
}

// Whole percent; a share that is not 0 or 1 is never shown as if it were.
std::string percent_text(double share) {
    const double percent = 100 * share;
    if (percent > 0 && percent < 1) return "less than 1 %";
    return fmt::format("{:.0f} %", percent > 99 && percent < 100 ? 99 : percent);
}

}  // namespace

std::size_t Repeats::failed() const {
    return static_cast<std::size_t>(std::count_if(runs.begin(), runs.end(), has_failed));
}

std::string Repeats::headline() const {
    const auto count = static_cast<std::size_t>(std::count_if(runs.begin(), runs.end(), says_something));
    const std::size_t silent = runs.size() - count;
    if (count == 0) return fmt::format("unknown: none of {} runs said anything", runs.size());
    const auto [least, most] = share_interval(failed(), count, 0.95);
    const std::string range = fmt::format("{} to {} of all runs would fail (95 % confidence)",
                                          percent_text(least), percent_text(most));
    const char* word = failed() == 0 ? "steady" : failed() == count ? "always fails" : "flaky";
    return fmt::format("{}: {} of {} runs failed; {}{}", word, failed(), count, range,
                       silent == 0 ? "" : fmt::format("; {} more said nothing", silent));
}

std::string Repeats::to_text() const {
    std::string text;
    for (const ExperimentCell& cell : by_outcome(runs))
        text += fmt::format("{:>4} of {}  {}{}\n", cell.repeats.size(), runs.size(), cell.text(),
                            folders_to_look_into(cell));
    return text + "\n" + headline() + "\n";
}

std::string Repeats::to_csv() const {
    std::string text = "repeat,outcome,detail,time_to_recover_s,exit_status,run\r\n";
    for (std::size_t i = 0; i < runs.size(); ++i) {
        const auto seconds = runs[i].seconds_to_recover();
        text += fmt::format("{},{},{},{},{},{}\r\n", i + 1, runs[i].word(), csv_field(runs[i].detail()),
                            seconds ? fmt::format("{:.3f}", *seconds) : "", runs[i].exit_status,
                            folder_of(runs[i]));
    }
    return text;
}

Json Repeats::to_json() const {
    Json repeats = Json::array();
    for (const RunOutcome& run : runs) {
        const auto seconds = run.seconds_to_recover();
        repeats.push_back({{"outcome", run.word()},
                           {"failed", has_failed(run)},
                           {"detail", run.detail()},
                           {"safety", run.safety_word()},
                           {"seconds", seconds ? Json(*seconds) : Json(nullptr)},
                           {"run", folder_of(run)}});
    }
    const std::string column = fmt::format("{} runs", runs.size());
    const ExperimentCell cell{runs};
    const Json cells = {{{"column", column},
                         {"outcome", cell.word()},
                         {"detail", headline()},
                         {"text", cell.text() + "; " + headline()},
                         {"repeats", repeats}}};
    return {{"kind", "experiments"},
            {"of", "repeats"},
            {"title", title},
            {"columns", {column}},
            {"rows", {{{"name", title}, {"what", "the same run, repeated"}, {"cells", cells}}}}};
}

void Repeats::leave_out_unmade() {
    std::erase_if(runs, [](const RunOutcome& outcome) { return outcome.id.empty(); });
}

int Repeats::exit_status() const {
    int status = 0;
    for (const RunOutcome& run : runs) {
        if (!run.judged()) return run.exit_status == 0 ? 5 : run.exit_status;
        if (run.exit_status == 1 || status == 0) status = run.exit_status;
    }
    return status;
}

}  // namespace netcut
