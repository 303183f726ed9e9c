// SPDX-License-Identifier: Apache-2.0
#include "node/spawn.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/wait.h>
#include <unistd.h>

#include <boost/process/v2/process.hpp>
#include <boost/process/v2/stdio.hpp>
#include <csignal>
#include <filesystem>

namespace netcut {
namespace {

namespace process = boost::process::v2;

// Lets the child have these descriptors under the numbers that they have here. (Boost 1.81's own bind_fd
// does not return a value from on_setup.)
struct Inherit {
    std::vector<int> fds;

    template <typename Launcher>
    process::error_code on_setup(Launcher& launcher, const process::filesystem::path&, const char* const*&) {
        launcher.fd_whitelist.insert(launcher.fd_whitelist.end(), fds.begin(), fds.end());
        return {};
    }
    template <typename Launcher>
    process::error_code on_exec_setup(Launcher&, const process::filesystem::path&, const char* const*&) {
        for (const int fd : fds)
            if (::fcntl(fd, F_SETFD, 0) != 0) return {errno, boost::system::system_category()};
        return {};
    }
};

// Not the engine's io_context: Boost would register all of that one's descriptors anew in every child.
// Nothing ever runs on it.
boost::asio::io_context& spawn_context() {
    static boost::asio::io_context context;
    return context;
}

}  // namespace

InitProcess::~InitProcess() {
    if (pid_ == 0) return;
    signal(SIGKILL);
    wait();
}

Result<void> InitProcess::start(const std::vector<std::string>& arguments,
                                const std::vector<std::string>& environment, const std::array<int, 3>& stdio,
                                const std::vector<int>& inherited) {
    NETCUT_ASSIGN(const std::string program, find_init());
    const std::string attempt = "start " + program;
    try {
        process::posix::default_launcher launcher;
        std::vector<const char*> variables;
        variables.reserve(environment.size() + 1);
        for (const std::string& variable : environment) variables.push_back(variable.c_str());
        variables.push_back(nullptr);
        launcher.env = variables.data();
        boost::system::error_code error;
        process::process child =
            launcher(spawn_context().get_executor(), error, process::filesystem::path(program), arguments,
                     process::process_stdio{stdio[0], stdio[1], stdio[2]}, Inherit{inherited});
        if (error)
            return system_failure(attempt, error.value(),
                                  "see the limits on processes and open files: ulimit -a");
        pid_ = child.id();
        child.detach();  // a descriptor that is kept is registered anew in every later child
    } catch (const boost::system::system_error& error) {
        return system_failure(attempt, error.code().value(),
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

Result<std::string> find_init() {
    std::error_code error;
    const auto self = std::filesystem::read_symlink("/proc/self/exe", error);
    const auto folder = self.parent_path();
    for (const auto& candidate : {folder / "netcut-fl-init", folder / "../libexec/netcut-fl/netcut-fl-init"})
        if (::access(candidate.c_str(), X_OK) == 0) return candidate.string();
    return Failure(Error{Error::Kind::machine, "find netcut-fl-init", 0, "it is not beside " + self.string(),
                         "build or install the program whole"});
}

std::vector<std::string> node_environment(const NodeSpec& spec) {
    std::map<std::string, std::string> variables;
    for (char** entry = environ; *entry != nullptr; ++entry) {
        const std::string_view text(*entry);
        const std::size_t equals = text.find('=');
        if (equals != std::string_view::npos)
            variables.emplace(text.substr(0, equals), text.substr(equals + 1));
    }
    for (const char* name : {"SUDO_UID", "SUDO_GID", "SUDO_USER", "SUDO_COMMAND"}) variables.erase(name);
    variables["USER"] = variables["LOGNAME"] = spec.user.name;
    variables["HOME"] = spec.user.home;
    variables["SHELL"] = spec.user.shell;
    variables["PYTHONUNBUFFERED"] = "1";  // or a line comes minutes after it was printed
    variables["NETCUT_NODE"] = spec.name;
    for (const auto& [name, value] : spec.env) variables[name] = value;
    std::vector<std::string> environment;
    environment.reserve(variables.size());
    for (const auto& [name, value] : variables) environment.push_back(fmt::format("{}={}", name, value));
    return environment;
}

}  // namespace netcut
