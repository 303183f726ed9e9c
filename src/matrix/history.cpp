// SPDX-License-Identifier: Apache-2.0
#include "matrix/history.h"

#include <algorithm>
#include <filesystem>
#include <vector>

#include "folder/folder.h"
#include "folder/run_files.h"
#include "matrix/matrix_result.h"
#include "record/json_access.h"
#include "user/as_user.h"

namespace netcut {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t most_result = std::size_t{64} << 20;  // bytes
constexpr std::size_t most_folders = 2'000;                 // that are looked into, the last by name

std::vector<std::string> folders_beside(const fs::path& folder) {
    std::vector<std::string> names;
    std::error_code error;
    for (fs::directory_iterator entry(folder.parent_path(), error), end; !error && entry != end;
         entry.increment(error))
        if (entry->is_directory(error) && entry->path() != folder) names.push_back(entry->path().filename());
    std::sort(names.rbegin(), names.rend());
    if (names.size() > most_folders) names.resize(most_folders);
    return names;
}

}  // namespace

Json find_history(const std::string& folder, const std::string& title, const std::string& started,
                  const User& user) {
    const AsUser as_user(user);
    std::error_code error;
    fs::path own = fs::absolute(folder, error).lexically_normal();
    if (!own.has_filename()) own = own.parent_path();
    const auto around = RunFolder::around_runs(own.parent_path(), user);
    if (error || !around) return Json::array();
    std::vector<Json> found;
    for (const std::string& name : folders_beside(own)) {
        const auto text = read_whole(*around, name + "/result.json", most_result);
        if (!text) continue;
        const auto result = parse_json(*text, "read an earlier result");
        if (!result || text_of(member(*result, "kind")) != "matrix" ||
            text_of(member(*result, "title")) != title || text_of(member(*result, "started")) >= started)
            continue;
        found.push_back(history_entry(*result, (own.parent_path() / name).string()));
    }
    std::sort(found.begin(), found.end(), [](const Json& a, const Json& b) {
        return text_of(member(a, "started")) < text_of(member(b, "started"));
    });
    const std::size_t first = found.size() > most_history ? found.size() - most_history : 0;
    return Json(std::vector<Json>(found.begin() + static_cast<std::ptrdiff_t>(first), found.end()));
}

}  // namespace netcut
