// SPDX-License-Identifier: Apache-2.0
#include "cli/why_command.h"

#include <fmt/format.h>
#include <unistd.h>

#include "base/error.h"
#include "base/io.h"
#include "base/json.h"
#include "base/utf8.h"
#include "base/wrapped.h"
#include "cli/option_values.h"
#include "cli/recorded_run.h"
#include "cli/run_command.h"
#include "cli/screen.h"
#include "cli/try_remedies.h"
#include "record/event.h"
#include "record/run_state.h"
#include "report/terminal.h"
#include "why/cause.h"
#include "why/foresight.h"
#include "why/hang_json.h"

namespace netcut::cli {
namespace {

constexpr int no_hang_status = 1;

// From the journal: a record of before may have been explained otherwise. None: it did not hang.
std::optional<Facts> facts_of_hang(const RecordedRun& run) {
    RunState state;
    for (const Event& event : run.journal) state.apply(event);
    return state.proof() ? std::optional(state.facts(run.scenario)) : std::nullopt;
}

// Time-outs of threads are among what stood in the way.
std::string next_text(const Json& hang) {
    std::string text;
    for (const Json& one : hang.value("next", Json::array()))
        if (one.at("kind") != word_of(ForeseenKind::wait_ends))
            text += "  " + one.at("says").get<std::string>() + "\n";
    return text.empty() ? text : "\nnext, if nobody answers\n" + text;
}

std::string why_text(const Json& hang) {
    const auto text_at = [&](const char* key) { return hang.at(key).get<std::string>(); };
    const auto lines_at = [&](const char* key) {
        std::string lines;
        for (const Json& one : hang.at(key)) lines += "  " + one.get<std::string>() + "\n";
        return lines;
    };
    std::string text = fmt::format("{}: {}\n\nseen\n{}{}\nwhat helps\n  {}\n  More: docs/hangs.md#{}\n",
                                   text_at("cause"), text_at("why"), lines_at("evidence"),
                                   hang.contains("code") ? "\nin the code\n" + lines_at("code") : "",
                                   text_at("helps"), text_at("cause"));
    text += next_text(hang);
    if (!hang.contains("in_the_way")) return text + "\nproof: certain, nothing in it could ever go on\n";
    text += hang.at("proof") == word_of(Proof::known)
                ? "\nproof: known, it stayed in a state of the scenario's known_hangs. What stood in the way "
                  "of a "
                  "certain one:\n"
                : "\nproof: none, it was waited for. What stood in the way:\n";
    text += lines_at("in_the_way");
    const auto more = hang.value("more_in_the_way", std::uint64_t{0});
    return more > 0 ? text + fmt::format("  and {} more\n", more) : text;
}

Result<int> try_why(const WhyOptions& options) {
    NETCUT_ASSIGN(const RecordedRun run, RecordedRun::read(options.folder));
    const auto facts = facts_of_hang(run);
    const Json hang = facts ? hang_json(*facts) : Json(nullptr);
    if (options.tries && facts) {
        if (!options.json)
            show("{}: {}\n", hang.at("cause").get<std::string>(), hang.at("why").get<std::string>());
        return try_remedies(options, run, explain(*facts));
    }
    const std::string text = options.json ? hang.dump(2, ' ', false, Json::error_handler_t::replace) + "\n"
                             : hang.is_null()
                                 ? "This run was neither proved to hang nor given up.\n"
                                 : wrapped(printable_lines(why_text(hang)), columns_of(STDOUT_FILENO));
    NETCUT_TRY(write_all(STDOUT_FILENO, text, "print why it hangs"));
    return hang.is_null() ? no_hang_status : 0;
}

}  // namespace

void add_why_options(CLI::App& command, WhyOptions& options) {
    command.add_option("DIR", options.folder, "The folder of a run")->type_name("")->required();
    command.add_flag("--json", options.json, "Print it as JSON");
    Group group(command, "Trying what helps");
    group.add_flag("--try", options.tries,
                   "Make the run again with each remedy that can be tried, and print what each ended with");
    group.add("--out", options.out, "DIR", "The folder for these runs (default: DIR-try)");
    group.add("--jobs", options.jobs, "N", "How many of them at once (default: 4)");
    group.add("--repeat", options.repeat, "N", "How many runs of each (default: 1)");
    group.add_flag("--local", options.local, "Make them without the daemon, even if one is running");
    command.footer(
        "Exit status: 0 it hung, and this is why; 1 it did not hang, 2 usage, 3 it cannot be read. With "
        "--try: 0 "
        "some remedy helps, 1 none does.");
}

int why_command(const WhyOptions& options) {
    const auto status = try_why(options);
    return status ? *status : report_error(status.error());
}

}  // namespace netcut::cli
