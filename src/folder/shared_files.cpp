// SPDX-License-Identifier: Apache-2.0
#include "folder/shared_files.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <random>

#include "user/as_user.h"

namespace netcut {

Result<RunFolder> make_shared_folder(const std::string& path, const User& user) {
    std::error_code error;
    {
        const AsUser as_user(user);
        std::filesystem::create_directories(path, error);
    }
    if (error)
        return system_failure("create the folder " + path, error.value(), "choose another folder with --out");
    NETCUT_ASSIGN(RunFolder folder, RunFolder::around_runs(path, user));
    NETCUT_TRY(folder.make_folder("runs"));
    return folder;
}

Result<std::optional<Fd>> create_alone(const RunFolder& folder, const std::string& name) {
    const AsUser as_user(folder.user());
    const std::string path = folder.path_that_stays() + "/" + name;
    Fd fd(::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644));
    if (fd) return std::optional<Fd>(std::move(fd));
    if (errno == EEXIST) return std::nullopt;
    return system_failure("create the file " + folder.path() + "/" + name);
}

namespace {

// What was renamed in the folder stays so when the power fails.
Result<void> keep_names(const std::string& folder, const std::string& attempt) {
    const Fd fd(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (!fd) return system_failure(attempt);
    if (::fsync(fd.get()) != 0 && errno != EINVAL)  // some file systems cannot
        return system_failure(attempt);
    return {};
}

}  // namespace

Result<void> write_shared_file(const RunFolder& folder, const std::string& name, const std::string& text) {
    const std::string attempt = "write the file " + folder.path() + "/" + name;
    std::random_device random;  // processes of several machines may have the same number
    const std::string unfinished = fmt::format("{}.{:08x}{:08x}.new", name, random(), random());
    NETCUT_ASSIGN(const std::optional<Fd> fd, create_alone(folder, unfinished));
    if (!fd) return system_failure(attempt, EEXIST);
    const AsUser as_user(folder.user());
    const std::string at = folder.path_that_stays() + "/";
    auto written = write_all(fd->get(), text, attempt);
    if (written && ::fsync(fd->get()) != 0) written = system_failure(attempt);
    if (!written) {
        ::unlink((at + unfinished).c_str());
        return written;
    }
    if (::rename((at + unfinished).c_str(), (at + name).c_str()) != 0)
        return system_failure(attempt, "choose another folder with --out");
    return keep_names(std::filesystem::path(at + name).parent_path(), attempt);
}

}  // namespace netcut
