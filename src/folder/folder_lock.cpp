// SPDX-License-Identifier: Apache-2.0
#include "folder/folder_lock.h"

#include <fmt/format.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include <cerrno>
#include <fstream>
#include <sstream>

namespace netcut {
namespace {

// From the lines of /proc/locks: "1: FLOCK  ADVISORY  WRITE 1234 08:01:5678 0 EOF".
std::string holder_of(const Fd& folder) {
    struct stat state {};
    if (::fstat(folder.get(), &state) != 0) return {};
    const std::string wanted =
        fmt::format("{:02x}:{:02x}:{}", ::major(state.st_dev), ::minor(state.st_dev), state.st_ino);
    std::ifstream locks("/proc/locks");
    for (std::string line; std::getline(locks, line);) {
        std::istringstream words(line);
        std::string number, type, strictness, access, process, file;
        words >> number >> type >> strictness >> access >> process >> file;
        if (type == "FLOCK" && file == wanted) return process;
    }
    return {};
}

}  // namespace

Result<void> lock_folder(const Fd& folder, const std::string& path) {
    const std::string attempt = "write to the folder " + path;
    if (::flock(folder.get(), LOCK_EX | LOCK_NB) == 0) return {};
    // A file system without locks: who gave the folder sees to it that nobody else writes to it.
    if (errno == ENOLCK || errno == EOPNOTSUPP || errno == ENOSYS) return {};
    if (errno != EWOULDBLOCK)
        return system_failure("lock the folder " + path, "choose another folder with --out");
    const std::string holder = holder_of(folder);
    Error error = usage_failure(attempt,
                                holder.empty() ? "another process is writing to it"
                                               : fmt::format("process {} is writing to it", holder),
                                "wait for its end, or choose another folder with --out")
                      .value();
    error.code = EWOULDBLOCK;
    return Failure(std::move(error));
}

}  // namespace netcut
