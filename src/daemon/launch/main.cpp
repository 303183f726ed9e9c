// SPDX-License-Identifier: Apache-2.0
#include <fcntl.h>
#include <linux/close_range.h>
#include <sys/mount.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <string>

#include "daemon/message.h"
#include "kernel/precedence.h"
#include "kernel/run_filter.h"
#include "options.h"
#include "user.h"

namespace netcut::launch {
namespace {

// Above what nodes may have: however many they start, threads of the worker that end a cut can be.
constexpr rlim_t processes_of_ours = 512;

// As a worker speaks: standard input is the daemon's control socket.
[[noreturn]] void fail(const char* attempt) {
    const std::string code = std::to_string(errno);
    const std::string message = encoded({Message::Kind::unlaunched, 0, {attempt, code}});
    const ssize_t written = ::write(STDIN_FILENO, message.data(), message.size());
    ::_exit(written < 0 ? 126 : 125);
}

void must(const char* failed_attempt) {
    if (failed_attempt != nullptr) fail(failed_attempt);
}

// `hard` is the most that a process can give itself; never more than we have.
const char* limit(__rlimit_resource resource, rlim_t soft, rlim_t hard) {
    rlimit now{};
    ::getrlimit(resource, &now);
    const rlimit wanted{std::min(soft, now.rlim_max), std::min(hard, now.rlim_max)};
    return ::setrlimit(resource, &wanted) == 0 ? nullptr : "limit what a run may use";
}

const char* enter_control_group(const Options& options) {
    if (options.group == nullptr) return nullptr;
    const int fd = ::open((std::string(options.group) + "/cgroup.procs").c_str(), O_WRONLY | O_CLOEXEC);
    const bool entered = fd >= 0 && ::write(fd, "0", 1) == 1;
    return entered ? nullptr : "enter the run's control group";
}

// In bytes of a file, in core files.
const char* limit_files(const Options& options) {
    const char* failed = limit(RLIMIT_FSIZE, options.file_bytes, options.file_bytes);
    return failed != nullptr ? failed : limit(RLIMIT_CORE, 0, 0);
}

// The soft limit at the time when the namespace is made is what all of the user's processes together may come
// to; after that it is what nodes of this run get (raise_limits() in node/limits.h).
const char* limit_processes(const Options& options, bool to_nodes) {
    const bool endless = options.processes > RLIM_INFINITY - processes_of_ours;
    const rlim_t all = endless ? RLIM_INFINITY : options.processes + processes_of_ours;
    return limit(RLIMIT_NPROC, to_nodes ? options.processes : all, all);
}

// Mounts that the run sees. They cannot be undone in a user namespace that is made afterwards.
const char* set_up_mounts(const Options& options) {
    if (const char* failed = mount_own_proc(); failed != nullptr) return failed;
    // A node that is cut off shall not heal itself by way of the daemon.
    if (options.hidden != nullptr && ::mount("/dev/null", options.hidden, nullptr, MS_BIND, nullptr) != 0 &&
        errno != ENOENT)
        return "hide the daemon's socket from the run";
    return nullptr;
}

// A daemon that is not root's serves nobody but its own user, who has these rights or makes a namespace as
// without a daemon.
void become_the_user_alone(const Options& options) {
    if (::geteuid() != 0) return;
    must(set_up_mounts(options));
    must(become_user(options));
    must(enter_user_namespace(options));
    must(let_program_inherit());
}

}  // namespace
}  // namespace netcut::launch

int main(int argc, char** argv) {
    using namespace netcut::launch;
    const Options options = parse_options(argc, argv);
    // At once: a run that is to start waits for whatever else the machine does. No process of it can give itself
    // the same.
    netcut::take_precedence();
    ::close_range(3, ~0U, 0);
    ::setsid();  // no terminal of the daemon's
    must(enter_control_group(options));
    must(limit_files(options));
    must(limit_processes(options, false));
    become_the_user_alone(options);
    must(limit_processes(options, true));
    must(netcut::filter_calls_of_run());
    ::execv(options.argv[0], options.argv);
    fail("execute the worker");
}
