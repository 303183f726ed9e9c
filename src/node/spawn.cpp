// SPDX-License-Identifier: Apache-2.0
#include "node/spawn.h"

#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>

namespace netcut {
namespace {

// What the child does with descriptors before it executes; see posix_spawn_file_actions_init(3).
class FileActions {
  public:
    FileActions() { ::posix_spawn_file_actions_init(&actions_); }
    ~FileActions() { ::posix_spawn_file_actions_destroy(&actions_); }
    FileActions(const FileActions&) = delete;
    FileActions& operator=(const FileActions&) = delete;

    // With the same number for both, it is inherited as it is.
    void duplicate(int fd, int number) { ::posix_spawn_file_actions_adddup2(&actions_, fd, number); }
    const posix_spawn_file_actions_t* get() const { return &actions_; }

  private:
    posix_spawn_file_actions_t actions_{};
};

std::vector<char*> pointers_to(const std::vector<std::string>& words) {
    std::vector<char*> pointers;
    pointers.reserve(words.size() + 1);
    for (const std::string& word : words) pointers.push_back(const_cast<char*>(word.c_str()));
    pointers.push_back(nullptr);
    return pointers;
}

}  // namespace

InitProcess::~InitProcess() {
    if (pid_ == 0) return;
    signal(SIGKILL);
    wait();
}

Result<void> InitProcess::start(const std::vector<std::string>& arguments, const std::array<int, 3>& stdio,
                                const std::vector<int>& inherited) {
    NETCUT_ASSIGN(const std::string program, find_own_program("netcut-fl-init"));
    FileActions files;
    for (std::size_t i = 0; i < stdio.size(); ++i) files.duplicate(stdio[i], static_cast<int>(i));
    for (const int fd : inherited) files.duplicate(fd, fd);
    std::vector<std::string> words = {program};
    words.insert(words.end(), arguments.begin(), arguments.end());
    // Not Boost.Process: with a thousand nodes, its launchers take several times as long (docs/design.md).
    if (const int code = ::posix_spawn(&pid_, program.c_str(), files.get(), nullptr,
                                       pointers_to(words).data(), pointers_to({}).data());
        code != 0) {
        pid_ = 0;
        return system_failure("start " + program, code,
                              "see the limits on processes and open files: ulimit -a");
    }
    return {};
}

void InitProcess::signal(int number) {
    if (pid_ != 0) ::kill(pid_, number);
}

ExitStatus InitProcess::wait() {
    int status = 0;
    while (::waitpid(pid_, &status, 0) < 0 && errno == EINTR) continue;
    pid_ = 0;
    if (WIFSIGNALED(status)) return {true, WTERMSIG(status)};
    // As a shell does, it tells of a signal that ended its own child by 128 and the number.
    const int code = WEXITSTATUS(status);
    return code > 128 ? ExitStatus{true, code - 128} : ExitStatus{false, code};
}

Result<std::string> find_own_program(const std::string& name) {
    std::error_code error;
    const auto self = std::filesystem::read_symlink("/proc/self/exe", error);
    const auto folder = self.parent_path();
    for (const auto& candidate : {folder / name, folder / "../libexec/netcut-fl" / name})
        if (::access(candidate.c_str(), X_OK) == 0) return candidate.string();
    return machine_failure("find " + name, "it is not beside " + self.string(),
                           "build or install the program whole");
}

Environment node_environment(const NodeSpec& spec) {
    Environment variables = spec.user.environment;
    for (const char* name : {"SUDO_UID", "SUDO_GID", "SUDO_USER", "SUDO_COMMAND"}) variables.erase(name);
    variables["PATH"] = search_path(variables);
    variables["USER"] = variables["LOGNAME"] = spec.user.name;
    variables["HOME"] = spec.user.home;
    variables["SHELL"] = spec.user.shell;
    variables.emplace("PYTHONUNBUFFERED", "1");    // or a line comes minutes after it was printed
    variables.emplace("PYTHONFAULTHANDLER", "1");  // SIGABRT makes it print where its threads are
    variables["NETCUT_NODE"] = spec.name;
    for (const auto& [name, value] : spec.env) variables[name] = value;
    return variables;
}

}  // namespace netcut
