// SPDX-License-Identifier: Apache-2.0
//
// What a study keeps of one run: a flat row, as results.csv and results.jsonl have it. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/error.h"
#include "base/json.h"
#include "base/words.h"

namespace netcut {

// Whether the machine let the run be what it was meant to be.
enum class MachineWord { ok, crowded, unknown, error };
inline constexpr std::array<EnumWord<MachineWord>, 4> machine_words = {{
    {MachineWord::ok, "ok"},
    {MachineWord::crowded, "crowded"},  // its tasks waited for a CPU for too large a share of their time
    {MachineWord::unknown, "unknown"},  // nobody saw for how long they did
    {MachineWord::error, "error"},      // it made no verdict, for a reason that is not the federation's
}};
constexpr const auto& words_of(MachineWord) {
    return machine_words;
}

struct StudyRow {
    std::string cell;                                            // "c012"
    unsigned repeat = 0;                                         // from 1
    std::string key;                                             // "c012-r03": unique
    std::uint64_t seed = 0;                                      // of this run alone
    std::vector<std::pair<std::string, std::string>> factors{};  // name and level, in the study's order
    std::string verdict{};                                       // of verdict.json; "error" if there is none
    bool noticed = false;                                        // a fault had an effect on packets
    std::string word{};        // the second word, of the model; empty: it was not asked for
    std::string end_reason{};  // why the run ended, in words
    // None: the run has no such number.
    std::optional<double> recovery_s{}, network_back_s{}, round_s{}, duration_s{}, resent_bytes{},
        lost_packets{}, cpu_s{}, memory_bytes{}, disk_bytes{};
    std::vector<std::pair<std::string, std::optional<double>>> measures{};  // the study's own, by name
    MachineWord machine = MachineWord::ok;
    std::optional<double> starved{};  // share of their time that its tasks waited for a CPU; none: not known
    unsigned tries = 1;               // with those before it that were not good, or whose process died
    unsigned crowded_tries = 0, error_tries = 0, lost_tries = 0;  // of these
    int exit_status = 0;                                          // of the run
    std::string version{}, kernel{}, host{};
    std::string started{};  // UTC
    std::string run{};      // its folder below the study's; empty: it was not kept
    std::string detail{};   // one line for people

    bool good() const { return machine == MachineWord::ok; }
    // "not noticed" in place of "recovered" where the fault had no effect.
    std::string outcome() const;
    // A built-in number or one of the study's measures, by its name; none: the run does not have it.
    std::optional<double> number(std::string_view measure) const;
};

// One column of the row. `number`: of a built-in measure, else null.
struct StudyColumn {
    const char* name;
    const char* meaning;
    Json (*value)(const StudyRow& row);
    std::optional<double> StudyRow::*number = nullptr;
};
// Those that each study has, in their order; factor.NAME come after "seed", measure.NAME after "lost_packets".
const std::vector<StudyColumn>& study_columns();

Json to_json(const StudyRow& row);  // flat, one line of results.jsonl
// Reads what to_json() has written; more keys do no harm. `attempt` is for the error, of the kind usage.
Result<StudyRow> row_from_json(const Json& json, const std::string& attempt);

// The first line of results.csv, with the factors and measures of `row`, and a line for a row; each ends in \r\n.
std::string csv_header(const StudyRow& row);
std::string csv_line(const StudyRow& row);

}  // namespace netcut
