// SPDX-License-Identifier: Apache-2.0
#include "cli/why_command.h"

#include <fmt/format.h>

#include "base/error.h"
#include "base/io.h"
#include "base/json.h"
#include "base/utf8.h"
#include "cli/recorded_run.h"
#include "cli/run_command.h"
#include "record/event.h"
#include "record/run_state.h"
#include "why/hang_json.h"

namespace netcut::cli {
namespace {

constexpr int no_hang_status = 1;

// From the journal: a record of before may have been explained otherwise. Null: it did not hang.
Result<Json> read_why(const std::string& folder) {
    NETCUT_ASSIGN(const RecordedRun run, RecordedRun::read(folder));
    RunState state;
    for (const Event& event : run.journal) state.apply(event);
    return state.proof() ? hang_json(state.facts(run.scenario)) : Json(nullptr);
}

std::string why_text(const Json& hang) {
    const auto text_at = [&](const char* key) { return hang.at(key).get<std::string>(); };
    const auto lines_at = [&](const char* key) {
        std::string lines;
        for (const Json& one : hang.at(key)) lines += "  " + one.get<std::string>() + "\n";
        return lines;
    };
    std::string text =
        fmt::format("{}: {}\n\nseen\n{}\nwhat helps\n  {}\n  More: docs/hangs.md#{}\n", text_at("cause"),
                    text_at("why"), lines_at("evidence"), text_at("helps"), text_at("cause"));
    if (!hang.contains("in_the_way")) return text + "\nproof: certain, nothing in it could ever go on\n";
    text += "\nproof: none, it was waited for. What stood in the way:\n" + lines_at("in_the_way");
    const auto more = hang.value("more_in_the_way", std::uint64_t{0});
    return more > 0 ? text + fmt::format("  and {} more\n", more) : text;
}

Result<int> try_why(const WhyOptions& options) {
    NETCUT_ASSIGN(const Json hang, read_why(options.folder));
    const std::string text = options.json ? hang.dump(2, ' ', false, Json::error_handler_t::replace) + "\n"
                             : hang.is_null() ? "This run was neither proved to hang nor given up.\n"
                                              : printable_lines(why_text(hang));
    NETCUT_TRY(write_all(STDOUT_FILENO, text, "print why it hangs"));
    return hang.is_null() ? no_hang_status : 0;
}

}  // namespace

void add_why_options(CLI::App& command, WhyOptions& options) {
    command.add_option("DIR", options.folder, "The folder of a run")->type_name("")->required();
    command.add_flag("--json", options.json, "Print it as JSON");
    command.footer(
        "Exit status: 0 it hung, and this is why; 1 it did not hang, 2 usage, 3 it cannot be read.");
}

int why_command(const WhyOptions& options) {
    const auto status = try_why(options);
    return status ? *status : report_error(status.error());
}

}  // namespace netcut::cli
