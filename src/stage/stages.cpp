// SPDX-License-Identifier: Apache-2.0
#include "stage/stages.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>

#include <charconv>
#include <filesystem>

#include "base/io.h"
#include "base/time.h"
#include "scenario/expand.h"
#include "stage/mark.h"
#include "stage/origin.h"
#include "stage/stage_command.h"
#include "user/as_user.h"

namespace netcut {
namespace {

namespace fs = std::filesystem;

std::string title(const StageSpec& stage) {
    return fmt::format("stage {} ({})", stage_number(stage.name), stage.name);
}

Failure never_finished(const StageSpec& stage, const std::string& workspace) {
    return usage_failure("begin after " + title(stage),
                         "that stage was not finished in the workspace " + workspace,
                         "leave --stage out: what is up to date is not repeated");
}

}  // namespace

// Two that work in one workspace would undo each other's work.
class Stages::Lock {
  public:
    static Result<Lock> take(const std::string& workspace, const User& user) {
        const AsUser as_user(user);
        const std::string path = workspace + "/stages/lock";
        Fd fd(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0644));
        if (!fd) return system_failure("create the file " + path, "choose another folder with --workspace");
        if (::flock(fd.get(), LOCK_EX | LOCK_NB) != 0)
            return usage_failure("work in the workspace " + workspace, "another netcut-fl is working in it",
                                 "wait for it, or choose another folder with --workspace");
        return Lock(std::move(fd));
    }

  private:
    explicit Lock(Fd fd) : fd_(std::move(fd)) {}
    Fd fd_;
};

Result<unsigned> parse_stage(const std::string& word) {
    constexpr unsigned run = stage_names.size() + 1;
    unsigned number = 0;
    const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), number);
    if (error == std::errc() && end == word.data() + word.size() && number >= 1 && number <= run)
        return number;
    if (word == "run") return run;
    for (const char* name : stage_names)
        if (word == name) return stage_number(name);
    return usage_failure("begin with the stage '" + word + "'", "there is none of that name",
                         fmt::format("they are 1 to 4: {}, run", fmt::join(stage_names, ", ")));
}

Result<std::string> stage_that_differs(const Scenario& one, const Scenario& other) {
    for (const StageSpec& stage : one.stages) {
        NETCUT_ASSIGN(const std::string first, commands_text(one, stage));
        NETCUT_ASSIGN(const std::string second, commands_text(other, stage));
        if (first != second) return stage.name;
    }
    return std::string();
}

Stages::Stages(const Scenario& scenario, User user, std::function<void(const std::string&)> listener)
    : scenario_(scenario), user_(std::move(user)), listener_(std::move(listener)) {
    std::error_code error;
    program_folder_ = fs::read_symlink("/proc/self/exe", error).parent_path();
}

Result<Dependencies> Stages::dependencies(const StageSpec& stage, const std::string& previous) {
    Dependencies now;
    if (!previous.empty()) now["the stage before it"] = previous;
    NETCUT_ASSIGN(const std::string commands, commands_text(scenario_, stage));
    now["its commands"] = digest_of({{"", commands}});
    StageContext context{scenario_, user_, program_folder_};
    const AsUser as_user(user_);
    if (!scenario_.files.empty()) {
        NETCUT_ASSIGN(now["the template's files"], digest_template_files(scenario_.files));
    }
    for (const std::string& input : stage.inputs) {
        NETCUT_ASSIGN(const std::string path, expand_text(input, scenario_, context.expand(0)));
        if (path.empty()) continue;
        NETCUT_ASSIGN(now["the file or folder " + path], digest_tree(fs::path(scenario_.workspace) / path));
    }
    return now;
}

std::string Stages::not_made(const StageSpec& stage) const {
    const AsUser as_user(user_);
    std::error_code error;
    for (const std::string& path : stage.makes)
        if (!fs::exists(fs::path(scenario_.workspace) / path, error)) return path;
    return {};
}

// Empty if it need not be done.
Result<std::string> Stages::why_outdated(const StageSpec& stage, const Dependencies& now) {
    const auto mark = read_mark(scenario_.workspace, stage.name, user_);
    if (!mark) {
        std::error_code error;
        const bool begun = fs::exists(stage_path(scenario_.workspace, stage.name) + ".log", error);
        return std::string(begun ? "it was begun, and not finished" : "it was never done");
    }
    if (const std::string changed = difference(mark->dependencies, now); !changed.empty())
        return "changed since: " + changed;
    const std::string missing = not_made(stage);
    return missing.empty() ? missing : "it had made " + missing + ", which is gone";
}

Result<std::vector<StageStatus>> Stages::status() {
    std::vector<StageStatus> all;
    std::string previous;
    bool earlier_is_current = true;
    for (const StageSpec& stage : scenario_.stages) {
        StageStatus one{stage_number(stage.name), stage.name, false, "", ""};
        const std::string log = stage_path(scenario_.workspace, stage.name) + ".log";
        std::error_code error;
        if (fs::exists(log, error)) one.log_file = log;
        NETCUT_ASSIGN(Dependencies now, dependencies(stage, previous));
        StageContext context{scenario_, user_, program_folder_};
        NETCUT_TRY(context.add_version(now, stage));
        NETCUT_ASSIGN(one.why, why_outdated(stage, now));
        const auto mark = read_mark(scenario_.workspace, stage.name, user_);
        one.up_to_date = earlier_is_current && one.why.empty();
        if (one.up_to_date)
            one.why = fmt::format("finished {}, took {:.1f} s", mark->finished, mark->seconds);
        else if (one.why.empty())
            one.why = "a stage before it has to be done again";
        earlier_is_current = one.up_to_date;
        previous = mark ? mark->digest() : "none";
        all.push_back(std::move(one));
    }
    return all;
}

Result<int> Stages::run(const StageOptions& options) {
    NETCUT_TRY(make_folders_as(scenario_.workspace + "/stages", user_));
    NETCUT_ASSIGN(const Lock lock, Lock::take(scenario_.workspace, user_));
    NETCUT_TRY(write_origin(scenario_, user_));
    NETCUT_ASSIGN(const bool whole, bring_up_to_date(options));
    return whole ? 0 : signal_;
}

bool Stages::stopped(int signal) {
    signal_ = signal;
    return false;
}

// False when a signal has ended it.
Result<bool> Stages::bring_up_to_date(const StageOptions& options) {
    std::string previous;
    StageContext context{scenario_, user_, program_folder_};
    for (const StageSpec& stage : scenario_.stages) {
        const unsigned number = stage_number(stage.name);
        if (number > options.last) break;
        if (number < options.first) {
            const auto mark = read_mark(scenario_.workspace, stage.name, user_);
            if (!mark) return never_finished(stage, scenario_.workspace);
            previous = mark->digest();
            continue;
        }
        NETCUT_ASSIGN(Dependencies now, dependencies(stage, previous));
        Dependencies with_version = now;
        NETCUT_TRY(context.add_version(with_version, stage));
        if (context.signal != 0) return stopped(context.signal);
        NETCUT_ASSIGN(std::string why, why_outdated(stage, with_version));
        if (options.first != 0) why = "asked for";
        if (!why.empty()) {
            listener_(fmt::format("{}: {}", title(stage), why));
            NETCUT_ASSIGN(const bool whole, do_stage(stage, now));
            if (!whole) return false;
        }
        previous = read_mark(scenario_.workspace, stage.name, user_).value_or(Mark{}).digest();
    }
    return true;
}

Result<void> Stages::remove_made(const StageSpec& stage) {
    const AsUser as_user(user_);
    for (const std::string& made : stage.makes) {
        std::error_code error;
        fs::remove_all(fs::path(scenario_.workspace) / made, error);
        if (error)
            return system_failure(fmt::format("remove {}/{}", scenario_.workspace, made), error.value());
    }
    return {};
}

Result<bool> Stages::do_stage(const StageSpec& stage, const Dependencies& dependencies) {
    const Clock::time_point begin = Clock::now();
    NETCUT_TRY(remove_marks(scenario_.workspace, stage.name, user_));
    NETCUT_TRY(open_stage_log(scenario_.workspace, stage.name, true, user_));
    NETCUT_TRY(remove_made(stage));
    StageContext context{scenario_, user_, program_folder_};
    for (const StageCommand& command : stage.commands) {
        NETCUT_TRY(context.carry_out(stage, command, listener_));
        if (context.signal != 0) return stopped(context.signal);
    }
    if (stage.name == stage_names.front()) NETCUT_TRY(check_needs());
    if (signal_ != 0) return false;
    if (const std::string missing = not_made(stage); !missing.empty())
        return usage_failure("finish " + title(stage),
                             "its commands succeeded, and " + missing + " is not there",
                             "see " + stage_path(scenario_.workspace, stage.name) + ".log");
    Mark mark{dependencies, wall_time_text(std::chrono::system_clock::now()),
              std::chrono::duration<double>(Clock::now() - begin).count()};
    NETCUT_TRY(context.add_version(mark.dependencies, stage));
    if (context.signal != 0) return stopped(context.signal);
    NETCUT_TRY(write_mark(scenario_.workspace, stage.name, mark, user_));
    listener_(fmt::format("{}: done in {:.1f} s", title(stage), mark.seconds));
    return true;
}

Result<std::vector<NeedSpec>> Stages::missing_needs() {
    StageContext context{scenario_, user_, program_folder_};
    std::vector<NeedSpec> missing;
    for (const NeedSpec& need : scenario_.needs) {
        NETCUT_ASSIGN(const bool there, context.succeeds(need.test, ""));
        if (context.signal != 0) signal_ = context.signal;
        if (!there) missing.push_back(need);
    }
    return missing;
}

Result<void> Stages::check_needs() {
    NETCUT_ASSIGN(const auto missing, missing_needs());
    if (missing.empty() || signal_ != 0) return {};
    const NeedSpec& first = missing.front();
    return usage_failure("use the template " + scenario_.template_name, first.name + " is missing",
                         first.get);
}

}  // namespace netcut
