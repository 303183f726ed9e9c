// SPDX-License-Identifier: Apache-2.0
#include "study/measure.h"

#include <fmt/format.h>
#include <sys/utsname.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <filesystem>
#include <numeric>

#include "folder/node_log.h"
#include "folder/run_files.h"
#include "record/end_reason.h"
#include "record/event.h"
#include "record/reader.h"
#include "scenario/judgement.h"
#include "trigger/line_scanner.h"
#include "trigger/pattern.h"
#include "user/as_user.h"

namespace netcut {
namespace {

constexpr std::size_t most_line = std::size_t{1} << 20;  // bytes of a line of the journal

std::optional<double> number_at(const Json& json, const std::string& path) {
    const Json* at = &json;
    for (std::size_t begin = 0; begin <= path.size();) {
        const std::size_t dot = std::min(path.find('.', begin), path.size());
        const std::string key = path.substr(begin, dot - begin);
        std::size_t number = 0;
        const auto [end, error] = std::from_chars(key.data(), key.data() + key.size(), number);
        if (at->is_object() && at->contains(key))
            at = &at->at(key);
        else if (at->is_array() && error == std::errc() && end == key.data() + key.size() &&
                 number < at->size())
            at = &at->at(number);
        else
            return {};
        begin = dot + 1;
    }
    return at->is_number() ? std::optional(at->get<double>()) : std::nullopt;
}

std::optional<double> sum_of_nodes(const Json& verdict, const char* key) {
    const auto nodes = verdict.find("nodes");
    if (nodes == verdict.end() || !nodes->is_array()) return {};
    double sum = 0;
    for (const Json& node : *nodes) sum += node.value(key, 0.0);
    return sum;
}

// Both stand at the end of the journal.
void read_end(const RunFolder& run, StudyRow& row) {
    const auto read = read_lines(run, "journal.jsonl", most_line, [&row](std::string_view line) {
        if (line.find("\"run.stopping\"") == std::string_view::npos &&
            line.find("\"run.ended\"") == std::string_view::npos)
            return;
        const auto event = read_event(line).event;
        if (!event) return;
        if (const auto* stopping = event->as<event::RunStopping>()) row.end_reason = word_of(stopping->end);
        if (event->as<event::RunEnded>()) row.duration_s = seconds(event->t);
    });
    if (!read) row.duration_s.reset();
}

// The numbers that a pattern finds in the logs of a node.
std::vector<double> numbers_in(const RunFolder& run, const std::string& node, const Pattern& pattern) {
    std::vector<double> numbers;
    for (const char* stream : log_streams) {
        LineScanner scanner;
        scanner.watch_whole({pattern, [&](std::string_view, const std::optional<std::string>& group) {
                                 double number = 1;  // without a group it is counted alone
                                 const std::string text = group.value_or("1");
                                 const auto end = text.data() + text.size();
                                 if (std::from_chars(text.data(), end, number).ec == std::errc() &&
                                     std::isfinite(number))
                                     numbers.push_back(number);
                             }});
        const auto read =
            read_pieces(run, fmt::format("logs/{}.{}", node, stream), [&](std::string_view bytes) {
                scanner.feed(bytes);
                return true;
            });
        if (read) scanner.finish();  // else there is no such log
    }
    return numbers;
}

std::optional<double> taken(const std::vector<double>& numbers, MeasureTake take) {
    if (take == MeasureTake::count) return static_cast<double>(numbers.size());
    if (numbers.empty()) return {};
    const double sum = std::accumulate(numbers.begin(), numbers.end(), 0.0);
    switch (take) {
        case MeasureTake::first:
            return numbers.front();
        case MeasureTake::least:
            return *std::min_element(numbers.begin(), numbers.end());
        case MeasureTake::most:
            return *std::max_element(numbers.begin(), numbers.end());
        case MeasureTake::mean:
            return sum / static_cast<double>(numbers.size());
        case MeasureTake::sum:
            return sum;
        default:
            return numbers.back();
    }
}

std::optional<double> measure_of(const RunFolder& run, const Scenario& scenario, const Json& verdict,
                                 const StudyMeasure& measure) {
    if (!measure.verdict.empty()) return number_at(verdict, measure.verdict);
    const auto pattern = Pattern::parse(measure.pattern);
    if (!pattern) return {};
    std::vector<double> numbers;
    for (const std::string& node : measure.node == "all" ? node_names(scenario) : std::vector{measure.node}) {
        const std::vector<double> found = numbers_in(run, node, *pattern);
        numbers.insert(numbers.end(), found.begin(), found.end());
    }
    return taken(numbers, measure.take);
}

double bytes_below(const RunFolder& run) {
    const AsUser as_user(run.user());
    double bytes = 0;
    std::error_code error;
    using Walk = std::filesystem::recursive_directory_iterator;
    for (Walk entry(run.path(), error), end; !error && entry != end; entry.increment(error)) {
        std::error_code unknown;
        if (!entry->is_regular_file(unknown) || entry->is_symlink(unknown)) continue;
        const auto size = entry->file_size(unknown);
        if (!unknown) bytes += static_cast<double>(size);
    }
    return bytes;
}

bool has_ended_well(std::string_view verdict) {
    const auto judgement = parse_word<Judgement>(verdict);
    return judgement == Judgement::recovered || judgement == Judgement::undisturbed;
}

// Whether it is one: nodes can reach the file.
bool read_verdict(StudyRow& row, const Json& verdict) try {
    if (!verdict.is_object()) return false;
    row.verdict = verdict.value("verdict", word_of(Judgement::error));
    row.noticed = verdict.value("noticed", false);
    if (const auto safety = verdict.find("safety"); safety != verdict.end() && safety->is_object())
        row.word = safety->value("word", "");
    row.network_back_s = number_at(verdict, "network_back_s");
    if (has_ended_well(row.verdict)) {  // others may have continued for a while, before they crashed
        row.recovery_s = number_at(verdict, "time_to_recover_s");
        // Else they may be those of a node that waits for nobody, and has more of them than the federation.
        row.round_s = number_at(verdict, "rounds.median_s");
    }
    row.lost_packets = number_at(verdict, "packets_lost");
    row.resent_bytes = sum_of_nodes(verdict, "resent_bytes");
    return true;
} catch (const nlohmann::json::exception&) {
    row.verdict = word_of(Judgement::error);
    return false;
}

StudyRow begin_row(const StudyDesign& design, StudyRunKey key, const Claim& claim) {
    StudyRow row;
    row.cell = design.cells[key.cell].id;
    row.repeat = key.repeat;
    row.key = claim.key;
    row.seed = seed_of(design, key);
    row.factors = design.cells[key.cell].factors;
    row.verdict = word_of(Judgement::error);
    row.tries = claim.tries;
    row.crowded_tries = claim.crowded;
    row.error_tries = claim.errors;
    row.lost_tries = claim.lost;
    utsname system{};
    ::uname(&system);
    row.version = NETCUT_VERSION;
    row.kernel = system.release;
    row.host = system.nodename;
    for (const StudyMeasure& measure : design.measures) row.measures.emplace_back(measure.name, std::nullopt);
    return row;
}

}  // namespace

MachineWord machine_word(std::optional<double> starved, double crowded_above) {
    constexpr double always = 1;
    if (crowded_above >= always) return MachineWord::ok;
    if (!starved) return MachineWord::unknown;
    return *starved > crowded_above ? MachineWord::crowded : MachineWord::ok;
}

StudyRow measure_run(const RunFolder& folder, const StudyDesign& design, const EndedRun& ended,
                     const Claim& claim) {
    StudyRow row = begin_row(design, ended.key, claim);
    const RunOutcome& outcome = ended.outcome;
    row.exit_status = outcome.exit_status;
    row.started = ended.started;
    row.run = "runs/" + outcome.id;
    const bool readable = read_verdict(row, outcome.verdict);
    if (const auto run = RunFolder::open(folder.path() + "/" + row.run, folder.user()); run) {
        read_end(*run, row);
        row.disk_bytes = bytes_below(*run);
        const Scenario& scenario = design.cells[ended.key.cell].scenario;
        for (std::size_t i = 0; i < design.measures.size() && outcome.judged(); ++i)
            row.measures[i].second = measure_of(*run, scenario, outcome.verdict, design.measures[i]);
    }
    if (ended.use) {
        row.cpu_s = seconds(ended.use->cpu);
        row.memory_bytes = static_cast<double>(ended.use->most_memory);
        row.starved = ended.use->starved();
    }
    row.machine =
        !readable || !outcome.judged() ? MachineWord::error : machine_word(row.starved, design.crowded_above);
    row.detail = outcome.detail();
    return row;
}

StudyRow row_of_lost(const StudyDesign& design, StudyRunKey key, const Claim& claim) {
    StudyRow row = begin_row(design, key, claim);
    row.tries = claim.tries - 1;  // this one is not made
    row.machine = MachineWord::error;
    row.started = wall_time_text(std::chrono::system_clock::now());
    row.detail = fmt::format("the processes that made it were killed, {} times", claim.lost);
    return row;
}

}  // namespace netcut
