// SPDX-License-Identifier: Apache-2.0
#include "stage/mark.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>

#include "base/json.h"
#include "scenario/scenario.h"
#include "user/as_user.h"

namespace netcut {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::ordered_json;

constexpr const char* hint = "choose another folder with --workspace";

// What a folder lists is on the disk only after this.
Result<void> sync_folder(const std::string& path) {
    const Fd fd(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (!fd || ::fsync(fd.get()) != 0) return system_failure("write the folder " + path + " to the disk");
    return {};
}

}  // namespace

std::string stage_path(const std::string& workspace, const std::string& stage) {
    return fmt::format("{}/stages/{}-{}", workspace, stage_number(stage), stage);
}

unsigned stage_number(const std::string& stage) {
    const auto found = std::find(stage_names.begin(), stage_names.end(), stage);
    return static_cast<unsigned>(found - stage_names.begin()) + 1;
}

std::optional<Mark> read_mark(const std::string& workspace, const std::string& stage, const User& user) {
    const AsUser as_user(user);
    const auto text = read_file(stage_path(workspace, stage) + ".json");
    if (!text) return {};
    const auto json = parse_json(*text, "read a stage's mark");
    if (!json) return {};
    try {
        Mark mark;
        mark.dependencies = json->at("depends_on").get<Dependencies>();
        mark.finished = json->at("finished").get<std::string>();
        mark.seconds = json->at("took_s").get<double>();
        return mark;
    } catch (const Json::exception&) {
        return {};
    }
}

Result<void> write_mark(const std::string& workspace, const std::string& stage, const Mark& mark,
                        const User& user) {
    const Json json = {{"schema", 1},
                       {"stage", stage},
                       {"finished", mark.finished},
                       {"took_s", mark.seconds},
                       {"depends_on", mark.dependencies}};
    return write_durably(stage_path(workspace, stage) + ".json",
                         json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n", user);
}

Result<void> remove_marks(const std::string& workspace, const std::string& first, const User& user) {
    const AsUser as_user(user);
    for (unsigned number = stage_number(first); number <= stage_names.size(); ++number) {
        const std::string path = stage_path(workspace, stage_names[number - 1]) + ".json";
        if (::unlink(path.c_str()) != 0 && errno != ENOENT) return system_failure("remove " + path, hint);
    }
    return sync_folder(workspace + "/stages");
}

Result<void> make_folders_as(const std::string& path, const User& user) {
    const AsUser as_user(user);
    std::error_code error;
    fs::create_directories(path, error);
    if (error) return system_failure("create the folder " + path, error.value(), hint);
    return {};
}

Result<Fd> open_stage_log(const std::string& workspace, const std::string& stage, bool afresh,
                          const User& user) {
    const AsUser as_user(user);
    const std::string path = stage_path(workspace, stage) + ".log";
    const int flags = O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW | (afresh ? O_TRUNC : 0);
    Fd fd(::open(path.c_str(), flags, 0644));
    if (!fd) return system_failure("create the file " + path, hint);
    return fd;
}

Result<void> write_durably(const std::string& path, const std::string& text, const User& user) {
    const AsUser as_user(user);
    const std::string unfinished = path + ".new";
    const Fd fd(::open(unfinished.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0644));
    if (!fd) return system_failure("create the file " + unfinished, hint);
    NETCUT_TRY(write_all(fd.get(), text, "write the file " + unfinished));
    if (::fsync(fd.get()) != 0) return system_failure("write the file " + unfinished + " to the disk");
    if (::rename(unfinished.c_str(), path.c_str()) != 0)
        return system_failure("put the file " + path + " in place", hint);
    return sync_folder(fs::path(path).parent_path());
}

}  // namespace netcut
