// SPDX-License-Identifier: Apache-2.0
//
// From a run's folder to the data of its page.
#include "page/run_page.h"

#include <fmt/format.h>

#include "base/json.h"
#include "digest/aftermath.h"
#include "folder/run_files.h"
#include "page/html_page.h"
#include "page/log_view.h"
#include "record/facts.h"
#include "record/json_access.h"
#include "record/reader.h"
#include "scenario/fault_kind.h"

namespace netcut {
namespace {

constexpr std::size_t longest_event = std::size_t{4} << 20;    // bytes of the journal
constexpr std::size_t most_verdict = std::size_t{64} << 20;    // bytes
constexpr std::size_t most_scenario = std::size_t{256} << 10;  // bytes
constexpr std::size_t most_fault_rows = 4'000;                 // nodes of faults
constexpr std::size_t most_half_open = 500;
constexpr std::size_t longest_value = 2'000;  // bytes

void keep_first(Json& list, std::size_t most, const char* what, Json& notes) {
    if (!list.is_array() || list.size() <= most) return;
    notes.push_back(fmt::format("{} of {} {} are not listed; verdict.json has them", list.size() - most,
                                list.size(), what));
    list.erase(list.begin() + static_cast<Json::difference_type>(most), list.end());
}

void clip_texts(Json& json) {
    if (json.is_string()) json = clipped(text_of(json), longest_value);
    if (json.is_structured())
        for (Json& inner : json) clip_texts(inner);
}

// There may be very many of them.
void sum_up_rounds(Json& rounds) {
    const Json each = rounds.contains("each") ? rounds["each"] : Json::array();
    rounds.erase("each");
    rounds["count"] = each.size();
    for (const Json& round : each)
        if (member(round, "took_s") == member(rounds, "longest_s"))
            rounds["longest"] = member(round, "round");
}

// Null if there is none that can be read.
Json read_verdict(const RunFolder& folder, Json& notes) {
    const auto text = read_beginning(folder, "verdict.json", most_verdict);
    Json verdict = text ? parse_json(*text, "read verdict.json").value_or(Json()) : Json();
    if (!verdict.is_object()) {
        notes.push_back(text ? "verdict.json is no JSON of ours: it may be torn" : text.error().text());
        return nullptr;
    }
    if (verdict.contains("rounds") && verdict["rounds"].is_object()) sum_up_rounds(verdict["rounds"]);
    std::size_t rows = 0, faults = 0;
    for (const Json& fault : member(verdict, "faults")) {
        rows += 1 + member(fault, "nodes").size();
        if (rows > most_fault_rows) break;
        ++faults;
    }
    if (verdict.contains("faults")) keep_first(verdict["faults"], faults, "firings of faults", notes);
    if (verdict.contains("half_open"))
        keep_first(verdict["half_open"], most_half_open, "half-open connections", notes);
    clip_texts(verdict);
    return verdict;
}

Json figures_in_words() {
    Json figures = Json::array();
    for (const ConnectionFigure& figure : connection_figures)
        figures.push_back({{"key", figure.key}, {"name", figure.name}});
    return figures;
}

Json kinds_in_words() {
    Json kinds = Json::object();
    for (const FaultKind& fault : fault_kinds()) kinds[fault.name] = fault.summary;
    return kinds;
}

}  // namespace

JournalDigest digest_journal(const RunFolder& folder, Json& notes) {
    JournalDigest digest;
    const auto read = read_lines(folder, "journal.jsonl", longest_event, [&](std::string_view line) {
        const auto event = read_event(line).event;
        event ? digest.take(*event) : digest.take_unreadable();
    });
    if (!read) notes.push_back(read.error().text());
    return digest;
}

Result<Json> run_page_data(const RunFolder& folder) {
    Json notes = Json::array();
    const Json verdict = read_verdict(folder, notes);
    const JournalDigest digest = digest_journal(folder, notes);
    if (verdict.is_null() && digest.empty())
        return usage_failure("make a report of " + folder.path(),
                             "neither its journal nor its verdict can be read");
    Json data = digest.data();
    const std::string name = text_of(member(data["about"], "name"));
    data["kind"] = "run";
    data["title"] = name.empty() ? text_of(member(verdict, "name")) : name;
    data["verdict"] = verdict;
    data["faults"] = verdict.contains("faults") ? verdict["faults"] : digest.faults();
    data["kinds"] = kinds_in_words();
    data["figures"] = figures_in_words();
    const LogPieces pieces = LogPieces::read(folder);
    data["aftermath"] = aftermath(folder, pieces, verdict, digest);
    data["logs"] = log_view(folder, pieces, data["nodes"], data["bands"]);
    data["scenario"] = read_beginning(folder, "scenario.yaml", most_scenario).value_or("");
    for (Json& note : notes) data["left_out"].push_back(std::move(note));
    return data;
}

Result<void> write_report(const RunFolder& folder) {
    NETCUT_ASSIGN(const Json data, run_page_data(folder));
    return folder.write_file("report.html", html_page(data));
}

}  // namespace netcut
