// SPDX-License-Identifier: Apache-2.0
//
// Two processes a node. The outer one lives in the host's PID namespace: it relays signals and kills the
// whole tree when the lifeline ends. The inner one is process 1 of the node: it reaps orphans, pauses the
// node when it is ordered to, and when it ends, by whatever cause, the kernel kills everything that the node
// ever started.
#include <fcntl.h>
#include <linux/close_range.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "options.h"
#include "report.h"
#include "sandbox.h"
#include "tree.h"

namespace netcut::init {
namespace {

sigset_t relayed_signals() {
    sigset_t set;
    sigemptyset(&set);
    for (const int signal : {SIGTERM, SIGINT, SIGHUP, SIGQUIT, SIGUSR1, SIGUSR2, SIGCHLD, SIGWINCH, SIGCONT})
        sigaddset(&set, signal);
    return set;
}

// The pipes must reach their end when the command's tree is gone, so we let go of them.
void release_stdio() {
    const int null = ::open("/dev/null", O_RDWR | O_CLOEXEC);
    for (const int fd : {0, 1, 2}) ::dup2(null, fd);
}

void limit(__rlimit_resource resource, rlim_t soft, bool hard) {
    rlimit limit{};
    ::getrlimit(resource, &limit);
    limit.rlim_cur = std::min(soft, limit.rlim_max);
    if (hard) limit.rlim_max = limit.rlim_cur;
    ::setrlimit(resource, &limit);
}

// Only now, when there are no rights left that a variable could lead astray.
void take_environment(int fd) {
    static std::string text;
    static std::vector<char*> variables;
    struct stat info {};
    if (::fstat(fd, &info) == 0) text.resize(static_cast<std::size_t>(info.st_size));
    const ssize_t count = ::pread(fd, text.data(), text.size(), 0);
    text.resize(count > 0 ? static_cast<std::size_t>(count) : 0);
    for (std::size_t at = 0; at < text.size(); at = text.find('\0', at) + 1)
        variables.push_back(text.data() + at);
    variables.push_back(nullptr);
    environ = variables.data();
}

// Runs in the child: becomes the command, or tells `errors` why not.
[[noreturn]] void become_command(const Options& options, int errors) {
    // The tool ignores SIGPIPE, and what is ignored or blocked is inherited.
    for (int signal = 1; signal < NSIG; ++signal) ::signal(signal, SIG_DFL);
    sigset_t none;
    sigemptyset(&none);
    ::sigprocmask(SIG_SETMASK, &none, nullptr);
    ::setsid();
    if (options.tty) ::ioctl(0, TIOCSCTTY, 0);
    limit(RLIMIT_NOFILE, options.open_files, false);
    limit(RLIMIT_NPROC, options.processes, true);
    take_environment(options.environment);
    ::close_range(3, ~0U, CLOSE_RANGE_CLOEXEC);  // nothing of the tool's, or of the shell that started it
    std::string attempt = "change to the directory " + options.cwd;
    if (options.cwd.empty() || ::chdir(options.cwd.c_str()) == 0) {
        attempt = std::string("execute ") + options.argv[0];
        ::execvp(options.argv[0], options.argv);
    }
    const std::string line = "failed " + std::to_string(errno) + " " + attempt;
    if (::write(errors, line.data(), line.size()) < 0) ::_exit(failure_status);
    ::_exit(failure_status);
}

pid_t start_command(const Options& options) {
    int errors[2];
    if (::pipe2(errors, O_CLOEXEC) != 0) fail(options, "create a pipe");
    const pid_t child = ::fork();
    if (child < 0) fail(options, "start the command's process");
    if (child == 0) become_command(options, errors[1]);
    ::close(errors[1]);
    char text[4096];
    const ssize_t count = ::read(errors[0], text, sizeof(text));
    ::close(errors[0]);
    if (count > 0) {
        report(options, std::string(text, static_cast<std::size_t>(count)));
        ::_exit(failure_status);
    }
    report(options, "started");
    return child;
}

// Reaps all that ended; true, with its status, when the command itself was among them.
bool reap(pid_t command, int& status) {
    bool ended = false;
    int one = 0;
    for (pid_t child = 0; (child = ::waitpid(-1, &one, WNOHANG)) > 0;) {
        if (child != command) continue;
        status = one;
        ended = true;
    }
    return ended;
}

// Carries out what the tool orders and keeps the lease of a pause until one of `signals` comes. False when
// the lifeline has ended: the outer process may be stopped, or dead before we could ask to follow it.
bool next_signal(const Options& options, int signals, Tree& tree, signalfd_siginfo& info) {
    pollfd watched[2] = {{signals, POLLIN, 0}, {options.lifeline, POLLIN, 0}};
    for (;;) {
        const std::optional<timespec> patience = tree.patience();
        const int ready = ::ppoll(watched, 2, patience ? &*patience : nullptr, nullptr);
        if (ready < 0 && errno != EINTR) return false;
        tree.keep_lease();
        if (ready <= 0) continue;
        if ((watched[1].revents & ~POLLIN) != 0) return false;
        Order order;
        if (watched[1].revents != 0 &&
            ::recv(options.lifeline, &order, sizeof(order), MSG_DONTWAIT) == sizeof(order))
            tree.obey(order);
        if ((watched[0].revents & POLLIN) != 0 && ::read(signals, &info, sizeof(info)) == sizeof(info))
            return true;
    }
}

// `dropped` is closed when we have no rights left that the outer process would need to end us.
[[noreturn]] void run_inner(const Options& options, int signals, int dropped) {
    must(options, die_with_parent());
    must(options, mount_proc());
    must(options, options.captures ? drop_privileges_but_capture(options) : drop_privileges(options));
    must(options, die_with_parent());
    // Of a node that runs as root too, what this process holds is not the node's to use (ptrace(2)).
    if (::prctl(PR_SET_DUMPABLE, 0) != 0) fail(options, "keep the node's first process apart from the node");
    ::close(dropped);
    const pid_t command = start_command(options);
    release_stdio();
    Tree tree(options, command);
    int status = 0;
    signalfd_siginfo info{};
    while (next_signal(options, signals, tree, info)) {
        const int signal = static_cast<int>(info.ssi_signo);
        if (signal != SIGCHLD) {
            tree.relay(signal);
            continue;
        }
        if (!reap(command, status)) continue;
        if (const int left = tree.processes(); left > 0) report(options, "left " + std::to_string(left));
        if (WIFSIGNALED(status))
            report(options, "signal " + std::to_string(WTERMSIG(status)));
        else
            report(options, "exit " + std::to_string(WEXITSTATUS(status)));
        ::_exit(WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status));
    }
    ::_exit(failure_status);
}

// Gives our rights up once the inner process has: before, we could neither signal nor kill it.
void follow_inner(const Options& options, pollfd& dropped) {
    dropped.fd = -1;
    must(options, drop_privileges(options));
    must(options, die_with_parent());
}

// Waits for the inner process; returns our exit status.
int run_outer(const Options& options, pid_t inner, int signals, int dropped) {
    // Of the lifeline the end alone: the orders that come along it are for the inner process.
    pollfd watched[3] = {{signals, POLLIN, 0}, {options.lifeline, 0, 0}, {dropped, POLLIN, 0}};
    for (;;) {
        if (::poll(watched, 3, -1) < 0 && errno != EINTR) return failure_status;
        if (watched[1].revents != 0) {
            ::kill(inner, SIGKILL);
            ::waitpid(inner, nullptr, 0);  // returns when the whole PID namespace is dead
            return 128 + SIGKILL;
        }
        if (watched[2].revents != 0) follow_inner(options, watched[2]);
        signalfd_siginfo info{};
        if ((watched[0].revents & POLLIN) == 0 || ::read(signals, &info, sizeof(info)) != sizeof(info))
            continue;
        if (static_cast<int>(info.ssi_signo) != SIGCHLD) {
            ::kill(inner, static_cast<int>(info.ssi_signo));
            continue;
        }
        int status = 0;
        if (::waitpid(inner, &status, WNOHANG) != inner) continue;
        return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
    }
}

int run(const Options& options) {
    ::setsid();  // a Ctrl-C at the terminal is for the tool, which then ends the node in order
    must(options, die_with_parent());
    must(options, enter_namespaces(options));
    must(options, set_up_files(options));
    must(options, set_up_syslog(options));
    must(options, leave_session_keyring());
    report(options, "ready");
    const sigset_t relayed = relayed_signals();
    ::sigprocmask(SIG_BLOCK, &relayed, nullptr);
    const int signals = ::signalfd(-1, &relayed, SFD_CLOEXEC);
    if (signals < 0) fail(options, "watch for signals");
    int dropped[2];
    if (::pipe2(dropped, O_CLOEXEC) != 0) fail(options, "create a pipe");
    const pid_t inner = ::fork();
    if (inner < 0) fail(options, "start the node's first process");
    if (inner == 0) {
        ::close(dropped[0]);
        run_inner(options, signals, dropped[1]);
    }
    ::close(dropped[1]);
    release_stdio();
    return run_outer(options, inner, signals, dropped[0]);
}

// Closes all that the tool itself had inherited, or a node would keep what the tool's caller waits for open.
void keep_own_descriptors(const Options& options) {
    std::array kept{0,
                    1,
                    2,
                    options.netns,
                    options.lifeline,
                    options.status,
                    options.environment,
                    options.hosts,
                    options.resolv,
                    options.syslog};
    std::sort(kept.begin(), kept.end());
    int next = 0;
    for (const int fd : kept) {
        if (fd > next) ::close_range(static_cast<unsigned>(next), static_cast<unsigned>(fd - 1), 0);
        if (fd >= 3) ::fcntl(fd, F_SETFD, FD_CLOEXEC);
        next = std::max(next, fd + 1);
    }
    ::close_range(static_cast<unsigned>(next), ~0U, 0);
}

}  // namespace
}  // namespace netcut::init

int main(int argc, char** argv) {
    const netcut::init::Options options = netcut::init::parse_options(argc, argv);
    netcut::init::keep_own_descriptors(options);
    return netcut::init::run(options);
}
