// SPDX-License-Identifier: Apache-2.0
#include "study/row.h"

#include <fmt/format.h>

#include <algorithm>
#include <functional>

#include "explore/experiments.h"
#include "explore/outcome.h"
#include "scenario/judgement.h"

namespace netcut {
namespace {

constexpr std::string_view factor_prefix = "factor.", measure_prefix = "measure.";

template <auto member>
Json value_of(const StudyRow& row) {
    return row.*member;
}

template <std::optional<double> StudyRow::*member>
Json number_or_null(const StudyRow& row) {
    return (row.*member) ? Json(*(row.*member)) : Json(nullptr);
}

template <std::optional<double> StudyRow::*member>
StudyColumn measured(const char* name, const char* meaning) {
    return {name, meaning, number_or_null<member>, member};
}

std::vector<StudyColumn> make_columns() {
    return {
        {"cell", "The combination of factors: c001, c002, ...", value_of<&StudyRow::cell>},
        {"repeat", "Which run of the cell it is, from 1", value_of<&StudyRow::repeat>},
        {"key", "The name of the run: cell and repeat", value_of<&StudyRow::key>},
        {"seed", "The seed of this run, from the study's seed and the key", value_of<&StudyRow::seed>},
        {"verdict", "As in verdict.json; error: the run made none", value_of<&StudyRow::verdict>},
        {"noticed", "Whether a fault had an effect on packets", value_of<&StudyRow::noticed>},
        {"word", "The second word, of the model (docs/safety.md); empty: the scenario does not ask",
         value_of<&StudyRow::word>},
        {"end_reason", "Why the run ended", value_of<&StudyRow::end_reason>},
        measured<&StudyRow::recovery_s>(
            "recovery_s", "Seconds until work continued after the heal, of a run that ended well"),
        measured<&StudyRow::network_back_s>("network_back_s", "Seconds until packets passed both ways again"),
        measured<&StudyRow::round_s>("round_s",
                                     "Seconds that a round took, the median of a run that ended well"),
        measured<&StudyRow::duration_s>("duration_s", "Seconds from the start of the run to its verdict"),
        measured<&StudyRow::resent_bytes>(
            "resent_bytes",
            "Bytes that the TCP of all nodes sent again, of connections as they were seen last"),
        measured<&StudyRow::lost_packets>("lost_packets", "Packets that faults lost"),
        measured<&StudyRow::cpu_s>("cpu_s", "Seconds of CPU that its processes used"),
        measured<&StudyRow::memory_bytes>("memory_bytes", "The most memory that its processes had at once"),
        measured<&StudyRow::disk_bytes>("disk_bytes", "The size of its folder, before it was removed"),
        {"machine",
         "ok; crowded: one of its programs waited too long for a CPU; unknown: nobody saw how long they did; "
         "error: it "
         "made no verdict for a reason of the machine",
         [](const StudyRow& row) -> Json { return word_of(row.machine); }},
        {"starved",
         "The share of the run for which the program that waited most for a CPU did so, with all of its "
         "threads, from 0 to 1",
         number_or_null<&StudyRow::starved>},
        {"tries", "How often the run was begun", value_of<&StudyRow::tries>},
        {"crowded_tries", "Earlier tries on a machine that was too crowded",
         value_of<&StudyRow::crowded_tries>},
        {"error_tries", "Earlier tries that made no verdict, or of which nobody saw how long they waited",
         value_of<&StudyRow::error_tries>},
        {"lost_tries", "Earlier tries whose process was killed", value_of<&StudyRow::lost_tries>},
        {"exit_status", "The exit status of the run", value_of<&StudyRow::exit_status>},
        {"version", "The version of netcut-fl", value_of<&StudyRow::version>},
        {"kernel", "The release of the kernel", value_of<&StudyRow::kernel>},
        {"host", "The name of the machine", value_of<&StudyRow::host>},
        {"started", "When the run was begun, UTC", value_of<&StudyRow::started>},
        {"run", "The folder of the run; empty: it was not kept", value_of<&StudyRow::run>},
        {"detail", "One line for people", value_of<&StudyRow::detail>},
    };
}

// Calls `each` with the name and the value of each column, in the order of the file.
void for_each_column(const StudyRow& row, const std::function<void(const std::string&, Json)>& each) {
    for (const StudyColumn& column : study_columns()) {
        each(column.name, column.value(row));
        if (std::string_view(column.name) == "seed")
            for (const auto& [name, level] : row.factors) each(std::string(factor_prefix) + name, level);
        if (std::string_view(column.name) == "lost_packets")
            for (const auto& [name, value] : row.measures)
                each(std::string(measure_prefix) + name, value ? Json(*value) : Json(nullptr));
    }
}

std::string csv_value(const Json& value) {
    if (value.is_null()) return {};
    if (value.is_string()) return csv_field(value.get<std::string>());
    return value.dump();
}

std::optional<double> optional_number(const Json& json, const std::string& key) {
    const auto found = json.find(key);
    if (found == json.end() || !found->is_number()) return {};
    return found->get<double>();
}

void read_words(StudyRow& row, const Json& json) {
    row.cell = json.at("cell").get<std::string>();
    row.repeat = json.at("repeat").get<unsigned>();
    row.key = json.at("key").get<std::string>();
    row.seed = json.at("seed").get<std::uint64_t>();
    row.verdict = json.at("verdict").get<std::string>();
    row.machine = parse_word<MachineWord>(json.at("machine").get<std::string>()).value_or(MachineWord::error);
    row.noticed = json.value("noticed", false);
    row.word = json.value("word", "");
    row.end_reason = json.value("end_reason", "");
    row.tries = json.value("tries", 1U);
    row.crowded_tries = json.value("crowded_tries", 0U);
    row.error_tries = json.value("error_tries", 0U);
    row.lost_tries = json.value("lost_tries", 0U);
    row.exit_status = json.value("exit_status", 0);
    row.version = json.value("version", "");
    row.kernel = json.value("kernel", "");
    row.host = json.value("host", "");
    row.started = json.value("started", "");
    row.run = json.value("run", "");
    row.detail = json.value("detail", "");
}

void read_numbers(StudyRow& row, const Json& json) {
    for (const StudyColumn& column : study_columns())
        if (column.number != nullptr) row.*column.number = optional_number(json, column.name);
    row.starved = optional_number(json, "starved");
    for (const auto& [key, value] : json.items()) {
        if (key.starts_with(factor_prefix))
            row.factors.emplace_back(key.substr(factor_prefix.size()), value.get<std::string>());
        if (key.starts_with(measure_prefix))
            row.measures.emplace_back(key.substr(measure_prefix.size()), optional_number(json, key));
    }
}

}  // namespace

const std::vector<StudyColumn>& study_columns() {
    static const std::vector<StudyColumn> columns = make_columns();
    return columns;
}

std::string StudyRow::outcome() const {
    return verdict == word_of(Judgement::recovered) && !noticed ? not_noticed : verdict;
}

std::optional<double> StudyRow::number(std::string_view measure) const {
    for (const StudyColumn& column : study_columns())
        if (column.number != nullptr && measure == column.name) return this->*column.number;
    const auto found =
        std::find_if(measures.begin(), measures.end(), [&](const auto& one) { return one.first == measure; });
    return found == measures.end() ? std::nullopt : found->second;
}

Json to_json(const StudyRow& row) {
    Json json = Json::object();
    for_each_column(row, [&](const std::string& name, Json value) { json[name] = std::move(value); });
    return json;
}

Result<StudyRow> row_from_json(const Json& json, const std::string& attempt) {
    StudyRow row;
    try {
        read_words(row, json);
        read_numbers(row, json);
    } catch (const nlohmann::json::exception& error) {
        return usage_failure(attempt, error.what());
    }
    return row;
}

std::string csv_header(const StudyRow& row) {
    std::string line;
    for_each_column(row, [&](const std::string& name, const Json&) {
        line += (line.empty() ? "" : ",") + csv_field(name);
    });
    return line + "\r\n";
}

std::string csv_line(const StudyRow& row) {
    std::string line;
    bool first = true;
    for_each_column(row, [&](const std::string&, const Json& value) {
        line += (std::exchange(first, false) ? "" : ",") + csv_value(value);
    });
    return line + "\r\n";
}

}  // namespace netcut
