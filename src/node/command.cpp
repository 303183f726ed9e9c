// SPDX-License-Identifier: Apache-2.0
#include <fcntl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <set>

#include "netcut/node.h"

namespace netcut {
namespace {

// A word outside of quotes that only a shell gives a meaning to; nobody else would.
bool means_something_to_a_shell(const std::string& word) {
    static const std::set<std::string_view> operators = {"|", "||", "&",  "&&",  ";", "<",
                                                         ">", ">>", "2>", "2>>", "&>"};
    if (operators.contains(word) || word.ends_with(';') || word == "~" || word.starts_with("~/")) return true;
    for (const std::string_view redirection : {"2>", "&>", "1>", ">"})
        if (word.starts_with(redirection)) return true;
    const std::size_t dollar = word.find('$');
    if (dollar == std::string::npos || dollar + 1 == word.size()) return false;
    const char next = word[dollar + 1];
    return next == '{' || next == '(' || next == '_' || (next >= 'A' && next <= 'Z') ||
           (next >= 'a' && next <= 'z');
}

// The words of a command, and whether some of each was in quotes or behind a backslash.
class CommandWords {
  public:
    // The quote that is not closed, or 0.
    char split(const std::string& text) {
        char quote = 0;
        for (std::size_t i = 0; i < text.size(); ++i) {
            const char c = text[i];
            const bool escapes = c == '\\' && quote != '\'' && i + 1 < text.size();
            if (escapes && (quote == 0 || text[i + 1] == '"' || text[i + 1] == '\\'))
                add(text[++i], true);
            else if (quote != 0 && c == quote)
                quote = 0;
            else if (quote != 0)
                add(c, true);
            else if (c == '\'' || c == '"')
                quote = begin_quote(c);
            else if (c == ' ' || c == '\t' || c == '\n')
                end();
            else
                add(c, false);
        }
        end();
        return quote;
    }

    struct Word {
        std::string text;
        bool quoted = false;
    };
    const std::vector<Word>& words() const { return words_; }

  private:
    char begin_quote(char quote) {
        in_word_ = true;
        word_.quoted = true;
        return quote;
    }
    void add(char c, bool quoted) {
        word_.text += c;
        word_.quoted |= quoted;
        in_word_ = true;
    }
    void end() {
        if (in_word_) words_.push_back(std::exchange(word_, {}));
        in_word_ = false;
    }

    std::vector<Word> words_;
    Word word_;
    bool in_word_ = false;
};

}  // namespace

Result<std::vector<std::string>> split_command(const std::string& text) {
    CommandWords command;
    if (const char quote = command.split(text); quote != 0)
        return usage_failure("read the command '" + text + "'",
                             std::string("a quote (") + quote + ") is not closed",
                             "close it, or put a backslash before it");
    std::vector<std::string> words;
    for (const CommandWords::Word& word : command.words()) {
        if (!word.quoted && means_something_to_a_shell(word.text))
            return usage_failure("read the command '" + text + "'",
                                 "no shell is involved, so '" + word.text + "' has no meaning",
                                 "write sh -c '...', or put it in quotes if the program wants it as it is");
        words.push_back(word.text);
    }
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
