// SPDX-License-Identifier: Apache-2.0
#include "safety/model_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <string_view>
#include <system_error>
#include <vector>

#include "base/io.h"

namespace netcut {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t most_entries = 10'000;  // of a folder that is looked through
constexpr std::size_t most_matches = 100;     // on the way

// Whether a name is of a pattern in which `*` stands for anything.
bool matches(std::string_view name, std::string_view pattern) {
    std::size_t i = 0, j = 0, star = std::string_view::npos, mark = 0;
    while (i < name.size()) {
        if (j < pattern.size() && pattern[j] == '*') {
            star = j++;
            mark = i;
        } else if (j < pattern.size() && pattern[j] == name[i]) {
            ++i;
            ++j;
        } else if (star != std::string_view::npos) {
            j = star + 1;
            i = ++mark;
        } else {
            return false;
        }
    }
    return pattern.find_first_not_of('*', j) == std::string_view::npos;
}

// As a shell does: a name that begins with a dot is meant only by a pattern that does.
std::vector<fs::path> names_like(const fs::path& folder, const std::string& pattern) {
    std::vector<fs::path> found;
    std::error_code error;
    std::size_t seen = 0;
    for (fs::directory_iterator entry(folder, error); !error && entry != fs::directory_iterator();
         entry.increment(error)) {
        const std::string name = entry->path().filename();
        if (++seen > most_entries || found.size() >= most_matches) break;
        if ((name.front() != '.' || pattern.front() == '.') && matches(name, pattern))
            found.push_back(entry->path());
    }
    return found;
}

}  // namespace

Result<std::string> find_model_file(const std::string& path) {
    std::error_code error;
    if (path.find('*') == std::string::npos || fs::exists(path, error)) return path;
    std::vector<fs::path> found = {path.starts_with('/') ? "/" : "."};
    for (const fs::path& part : fs::path(path).relative_path()) {
        std::vector<fs::path> next;
        for (const fs::path& folder : found) {
            if (part.native().find('*') == std::string::npos) {
                if (fs::exists(folder / part, error)) next.push_back(folder / part);
                continue;
            }
            for (fs::path& name : names_like(folder, part.native()))
                if (next.size() < most_matches) next.push_back(std::move(name));
        }
        found = std::move(next);
    }
    if (found.size() == 1) return found.front().string();
    return usage_failure(
        "find the model " + path,
        found.empty() ? "no file has such a name" : fmt::format("{} files have such a name", found.size()));
}

Result<std::string> read_model_file(const std::string& path) {
    const Fd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK));
    struct stat info {};
    if (!fd || ::fstat(fd.get(), &info) != 0) return system_failure("read the model in " + path);
    if (!S_ISREG(info.st_mode) || static_cast<std::uint64_t>(info.st_size) > largest_model)
        return usage_failure("read the model in " + path,
                             fmt::format("it is no file of at most {} bytes", largest_model));
    std::string text(static_cast<std::size_t>(info.st_size), '\0');
    std::size_t done = 0;
    while (done < text.size()) {
        const ssize_t count = ::read(fd.get(), text.data() + done, text.size() - done);
        if (count < 0) return system_failure("read the model in " + path);
        if (count == 0) break;
        done += static_cast<std::size_t>(count);
    }
    text.resize(done);
    return text;
}

}  // namespace netcut
