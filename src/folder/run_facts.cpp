// SPDX-License-Identifier: Apache-2.0
#include "folder/run_facts.h"

#include "folder/run_files.h"
#include "record/reader.h"
#include "record/run_state.h"

namespace netcut {
namespace {

constexpr std::size_t longest_line = std::size_t{4} << 20;  // of a journal

}  // namespace

Result<Facts> read_facts(const RunFolder& folder, const Scenario& scenario) {
    RunState state;
    NETCUT_TRY(read_lines(folder, "journal.jsonl", longest_line, [&state](std::string_view line) {
        if (const auto event = read_event(line).event) state.apply(*event);
    }));
    return state.facts(scenario);
}

}  // namespace netcut
