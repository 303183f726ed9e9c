// SPDX-License-Identifier: Apache-2.0
#include "cli/run_access.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>

#include "cli/daemon_access.h"
#include "cli/own_run.h"
#include "user/user.h"

namespace netcut::cli {
namespace {

namespace fs = std::filesystem;
constexpr const char* collection = "netcut-runs";

Failure not_found(const std::string& run, const std::string& reason) {
    return usage_failure("find the run '" + run + "'", reason,
                         "netcut-fl ps lists those that are under way; a folder or `latest` will do as well");
}

std::vector<std::string> folders_in(const fs::path& folder, const std::string& beginning) {
    std::vector<std::string> names;
    std::error_code error;
    for (const auto& entry : fs::directory_iterator(folder, error)) {
        const std::string name = entry.path().filename();
        if (name.starts_with(beginning) && entry.is_directory(error)) names.push_back(name);
    }
    std::sort(names.begin(), names.end());
    return names;
}

bool is_there(const fs::path& path) {
    std::error_code error;
    return fs::exists(path, error);
}

// Empty: it names no folder.
Result<std::string> folder_named(const std::string& run) {
    const fs::path inside = fs::path(collection) / run;
    if (run == "latest") return is_there(inside) ? inside.string() : std::string();
    if (run.find('/') != std::string::npos) return run;
    for (const char* of_a_run : {"journal.jsonl", "runs"})
        if (is_there(fs::path(run) / of_a_run)) return run;
    if (is_there(inside)) return inside.string();
    const auto names = folders_in(collection, run);
    if (names.empty()) return std::string();
    if (names.size() == 1) return (fs::path(collection) / names.front()).string();
    return not_found(run, fmt::format("{} begin like that: {}", names.size(), fmt::join(names, ", ")));
}

// Those of experiments, of a search, of repeats.
Failure folder_of_many(const std::string& path) {
    std::vector<std::string> under_way;
    for (const std::string& name : folders_in(path + "/runs", ""))
        if (const auto one = OwnRun::open(path + "/runs/" + name); one && (*one)->is_under_way())
            under_way.push_back(path + "/runs/" + name);
    return usage_failure("look into " + path, "it is the folder of many runs",
                         under_way.empty() ? "name one of those in " + path + "/runs"
                                           : fmt::format("under way: {}", fmt::join(under_way, ", ")));
}

// A run of the daemon has a folder, too, and listens to the daemon alone.
Result<std::unique_ptr<RunAccess>> by_folder(const std::string& path) {
    if (!is_there(path + "/journal.jsonl") && is_there(path + "/runs")) return folder_of_many(path);
    NETCUT_ASSIGN(std::unique_ptr<OwnRun> own, OwnRun::open(path));
    const DaemonClient client(DaemonClient::socket_path({}));
    if (own->is_under_way() || !client.is_there()) return own;
    const auto answer = client.ask("GET", "/runs");
    if (!answer) return own;
    std::error_code error;
    for (const Json& run : answer->at("runs"))
        if (fs::equivalent(run.value("folder", ""), path, error))
            return std::make_unique<DaemonAccess>(client, run.value("id", ""));
    return own;
}

std::vector<DoorAddress> own_doors(const std::string& beginning) {
    std::vector<DoorAddress> doors = doors_of_machine();
    std::erase_if(doors, [&](const DoorAddress& door) {
        return (::geteuid() != 0 && door.user != ::geteuid()) || !door.id.starts_with(beginning);
    });
    return doors;
}

// Nothing: there is none.
Result<std::unique_ptr<RunAccess>> by_own_id(const std::string& run) {
    const auto doors = own_doors(run);
    if (doors.empty()) return nullptr;
    if (doors.size() > 1) return not_found(run, "the ids of several runs begin like that");
    NETCUT_ASSIGN(const Json shown, ask_door(doors.front(), {Message::Kind::show, 0, {}}));
    NETCUT_ASSIGN(std::unique_ptr<OwnRun> own, OwnRun::open(shown.value("folder", "")));
    if (own->door().id == doors.front().id) return own;
    return not_found(run, "its folder is another one's now: " + own->path());
}

Json silent_run(const DoorAddress& door, const Error& error) {
    const auto user = find_account(std::to_string(door.user));
    return {{"id", door.id},
            {"user", user ? user->name : std::to_string(door.user)},
            {"state", "silent"},
            {"trouble", error.text()}};
}

}  // namespace

Result<std::unique_ptr<RunAccess>> reach_run(const std::string& run,
                                             const std::optional<std::string>& socket) {
    const DaemonClient client(DaemonClient::socket_path(socket));
    if (socket) return std::make_unique<DaemonAccess>(client, run);
    NETCUT_ASSIGN(const std::string folder, folder_named(run));
    if (!folder.empty()) return by_folder(folder);
    NETCUT_ASSIGN(std::unique_ptr<RunAccess> own, by_own_id(run));
    if (own) return own;
    if (client.is_there()) return std::make_unique<DaemonAccess>(client, run);
    return not_found(
        run, fmt::format("no run of yours that is under way has this id, there is no {}/{}, and no daemon",
                         collection, run));
}

std::vector<Json> own_runs() {
    constexpr std::chrono::seconds patience{1};
    std::vector<Json> runs;
    for (const DoorAddress& door : own_doors("")) {
        auto shown = ask_door(door, {Message::Kind::show, 0, {}}, patience);
        if (shown && shown->is_object())
            runs.push_back(std::move(*shown));
        else if (!shown && shown.error().code == ETIMEDOUT)
            runs.push_back(silent_run(door, shown.error()));
    }
    return runs;
}

}  // namespace netcut::cli
