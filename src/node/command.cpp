// SPDX-License-Identifier: Apache-2.0
#include <fcntl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>

#include "netcut/node.h"

namespace netcut {

Result<std::vector<std::string>> split_command(const std::string& text) {
    std::vector<std::string> words;
    std::string word;
    bool in_word = false;
    char quote = 0;
    for (std::size_t i = 0; i < text.size(); ++i) {
        const char c = text[i];
        const bool escapes = c == '\\' && quote != '\'' && i + 1 < text.size();
        if (escapes && (quote == 0 || text[i + 1] == '"' || text[i + 1] == '\\')) {
            word += text[++i];
            in_word = true;
        } else if (quote != 0) {
            if (c == quote)
                quote = 0;
            else
                word += c;
        } else if (c == '\'' || c == '"') {
            quote = c;
            in_word = true;
        } else if (c == ' ' || c == '\t' || c == '\n') {
            if (in_word) words.push_back(std::exchange(word, {}));
            in_word = false;
        } else {
            word += c;
            in_word = true;
        }
    }
    if (quote != 0)
        return usage_failure("read the command '" + text + "'",
                             std::string("a quote (") + quote + ") is not closed",
                             "close it, or put a backslash before it");
    if (in_word) words.push_back(word);
    if (words.empty() || words.front().empty())
        return usage_failure("read the command '" + text + "'", "it names no program");
    return words;
}

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
        if (executable(relative ? cwd + "/" + program : program)) return {};
        return usage_failure(attempt, "it is not there, or " + user.name + " may not execute it",
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

std::string ExitStatus::text() const {
    if (!signaled) return "exit code " + std::to_string(value);
    const char* description = ::sigdescr_np(value);
    return "signal " + std::to_string(value) +
           (description != nullptr ? " (" + std::string(description) + ")" : "");
}

const char* stream_name(Stream stream) {
    return stream == Stream::out ? "out" : "err";
}

const SoftLimits& raise_limits() {
    const auto raise = [](__rlimit_resource resource) {
        rlimit limit{};
        ::getrlimit(resource, &limit);
        const rlimit raised{limit.rlim_max, limit.rlim_max};
        ::setrlimit(resource, &raised);
        return static_cast<std::uint64_t>(limit.rlim_cur);
    };
    static const SoftLimits before{raise(RLIMIT_NOFILE), raise(RLIMIT_NPROC)};
    return before;
}

}  // namespace netcut
