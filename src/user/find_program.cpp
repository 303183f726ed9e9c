// SPDX-License-Identifier: Apache-2.0
#include "user/find_program.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>

#include "user/as_user.h"

namespace netcut {

Result<void> find_program(const std::string& program, const std::string& cwd, const User& user) {
    const AsUser as_user(user);
    // The check is of the effective user, which for files is the one above (access(2), AT_EACCESS).
    const auto executable = [](const std::string& path) {
        struct stat info {};
        return ::faccessat(AT_FDCWD, path.c_str(), X_OK, AT_EACCESS) == 0 &&
               ::stat(path.c_str(), &info) == 0 && S_ISREG(info.st_mode);
    };
    const std::string attempt = "start the program '" + program + "'";
    if (program.find('/') != std::string::npos) {
        const bool relative = !program.starts_with('/') && !cwd.empty();
        const std::string path = relative ? cwd + "/" + program : program;
        if (executable(path)) return {};
        if (::access(path.c_str(), F_OK) == 0)
            return usage_failure(attempt, user.name + " may not execute it",
                                 "chmod +x it, or name its interpreter: python3 " + program);
        return usage_failure(attempt, "it is not there, or in a folder that " + user.name + " may not search",
                             "check the path");
    }
    const std::string path = search_path(user.environment);
    for (std::size_t begin = 0; begin <= path.size();) {
        const std::size_t end = std::min(path.find(':', begin), path.size());
        if (executable(path.substr(begin, end - begin) + "/" + program)) return {};
        begin = end + 1;
    }
    return usage_failure(attempt, "it is in no folder of PATH",
                         "install it, or give its full path; PATH is " + path);
}

}  // namespace netcut
