// SPDX-License-Identifier: Apache-2.0
#include "stage/stage_command.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <filesystem>

#include "base/io.h"
#include "base/sha256.h"
#include "base/time.h"
#include "stage/mark.h"

namespace netcut {
namespace {

// Of commands that only tell something: minutes, for Python on a busy machine.
constexpr auto question_timeout = std::chrono::minutes(10);

Failure failed(const StageSpec& stage, const Program& program, const Ran& ran, const std::string& log) {
    const std::string said = last_line(ran.output);
    return usage_failure(
        fmt::format("do the stage {} with '{}'", stage.name, fmt::join(program.argv, " ")),
        ran.timed_out ? "it took longer than " + duration_text(program.timeout) : ran.status.text(),
        fmt::format("{}; all of it is in {}", said.empty() ? "it printed nothing" : "it printed: " + said,
                    log));
}

// Which is neither yes nor no.
Failure no_answer(const Program& asked) {
    return machine_failure(fmt::format("ask '{}'", fmt::join(asked.argv, " ")),
                           "it took longer than " + duration_text(asked.timeout),
                           "try again when the machine is less busy");
}

Result<Fd> nowhere() {
    Fd fd(::open("/dev/null", O_WRONLY | O_CLOEXEC));
    if (!fd) return system_failure("open /dev/null");
    return fd;
}

}  // namespace

ExpandContext StageContext::expand(unsigned index) const {
    return {index == 0 ? "" : collaborator_name(index), index, scenario.workspace, program_folder,
            search_path(user.environment)};
}

Result<Program> StageContext::program(const std::vector<std::string>& words, unsigned index) const {
    Program program;
    program.name = "stage";
    program.user = user;
    program.cwd = scenario.workspace;
    program.timeout = question_timeout;
    NETCUT_ASSIGN(program.argv, netcut::expand(words, scenario, expand(index)));
    NETCUT_ASSIGN(program.env, expand_values(scenario.env, scenario, expand(index)));
    return program;
}

Result<bool> StageContext::succeeds(const std::vector<std::string>& command, const std::string& stage) {
    NETCUT_ASSIGN(Program asked, program(command, 0));
    if (stage.empty()) asked.cwd.clear();  // there need not be a workspace
    NETCUT_ASSIGN(Fd log, stage.empty() ? nowhere() : open_stage_log(scenario.workspace, stage, false, user));
    const auto ran = run_program(asked, std::move(log), {});
    if (!ran && ran.error().kind != Error::Kind::usage) return Failure(ran.error());
    if (ran) signal = ran->signal;
    if (ran && ran->timed_out) return no_answer(asked);
    return ran && ran->status.success();
}

Result<bool> StageContext::is_wanted(const StageSpec& stage, const StageCommand& command) {
    NETCUT_ASSIGN(const std::string wanted, expand_text(command.wanted, scenario, expand(0)));
    if (wanted.empty()) return false;
    if (!command.only_if.empty()) {
        NETCUT_ASSIGN(const bool met, succeeds(command.only_if, stage.name));
        if (!met) return false;
    }
    if (command.unless.empty()) return true;
    NETCUT_ASSIGN(const bool met, succeeds(command.unless, stage.name));
    return !met;
}

Result<void> StageContext::carry_out(const StageSpec& stage, const StageCommand& command,
                                     const Listener& listener) {
    NETCUT_ASSIGN(const bool wanted, is_wanted(stage, command));
    if (!wanted) return {};
    const unsigned last = command.each_collaborator ? scenario.collaborators : 0;
    for (unsigned index = command.each_collaborator ? 1 : 0; index <= last && signal == 0; ++index)
        NETCUT_TRY(run_one(stage, command, index, listener));
    return {};
}

Result<void> StageContext::run_one(const StageSpec& stage, const StageCommand& command, unsigned index,
                                   const Listener& listener) {
    NETCUT_ASSIGN(Program one, program(command.run, index));
    one.timeout = stage.timeout;
    NETCUT_ASSIGN(const std::string cwd, expand_text(command.cwd, scenario, expand(index)));
    one.cwd = std::filesystem::path(scenario.workspace) / cwd;
    const std::string line = fmt::format("{}", fmt::join(one.argv, " "));
    listener("  " + line);
    NETCUT_ASSIGN(Fd log, open_stage_log(scenario.workspace, stage.name, false, user));
    NETCUT_TRY(write_all(log.get(), "$ " + line + "\n", "write the log of the stage " + stage.name));
    NETCUT_ASSIGN(
        const Ran ran,
        run_program(one, std::move(log), [&](std::chrono::seconds waited, const std::string& output) {
            listener(fmt::format("    {} s: {}", waited.count(), last_line(output)));
        }));
    signal = ran.signal;
    if (signal != 0 || (!ran.timed_out && ran.status.success())) return {};
    return failed(stage, one, ran, stage_path(scenario.workspace, stage.name) + ".log");
}

Result<void> StageContext::add_version(Dependencies& dependencies, const StageSpec& stage) {
    if (stage.version.empty()) return {};
    NETCUT_ASSIGN(Program asked, program(stage.version, 0));
    if (::access(scenario.workspace.c_str(), F_OK) != 0) asked.cwd.clear();
    NETCUT_ASSIGN(Fd log, nowhere());
    const auto ran = run_program(asked, std::move(log), {});
    if (ran) signal = ran->signal;
    if (ran && ran->timed_out) return no_answer(asked);
    dependencies["the version"] = ran && ran->status.success() ? sha256_hex(ran->out) : "unknown";
    return {};
}

}  // namespace netcut
