// SPDX-License-Identifier: Apache-2.0
#include "daemon/broker/filter.h"

#include <sched.h>
#include <seccomp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <memory>

namespace netcut {
namespace {

// By name, since not each architecture has each.
constexpr const char* allowed[] = {
    // files
    "read", "pread64", "readv", "write", "pwrite64", "writev", "open", "openat", "close", "close_range",
    "lseek", "_llseek", "fstat", "fstat64", "stat", "stat64", "lstat", "lstat64", "newfstatat", "fstatat64",
    "statx", "access", "faccessat", "faccessat2", "readlink", "readlinkat", "getcwd", "getdents64", "rename",
    "renameat", "renameat2", "unlink", "unlinkat", "flock", "fsync", "fcntl", "fcntl64", "dup", "dup2",
    "dup3", "pipe", "pipe2", "umask", "ioctl",
    // sockets, of those that there are and of AF_UNIX
    "socketpair", "connect", "accept", "accept4", "send", "sendto", "sendmsg", "recv", "recvfrom", "recvmsg",
    "shutdown", "getsockname", "getpeername", "getsockopt", "setsockopt",
    // to wait
    "poll", "ppoll", "ppoll_time64", "select", "_newselect", "pselect6", "epoll_create1", "epoll_ctl",
    "epoll_wait", "epoll_pwait", "epoll_pwait2", "eventfd2", "timerfd_create", "timerfd_settime",
    "timerfd_settime64", "timerfd_gettime", "nanosleep", "clock_nanosleep", "clock_nanosleep_time64", "futex",
    "futex_time64", "restart_syscall", "sched_yield",
    // memory, threads, signals, time, and the end
    "mmap", "mmap2", "mprotect", "munmap", "mremap", "madvise", "brk", "set_robust_list", "get_robust_list",
    "rseq", "set_tid_address", "membarrier", "sched_getaffinity", "gettid", "getpid", "getppid", "getuid",
    "geteuid", "getgid", "getegid", "getuid32", "geteuid32", "getgid32", "getegid32", "rt_sigaction",
    "rt_sigprocmask", "rt_sigreturn", "sigreturn", "sigaltstack", "clock_gettime", "clock_gettime64",
    "gettimeofday", "time", "getrandom", "uname", "sysinfo", "getrlimit", "ugetrlimit", "exit", "exit_group"};

using Filter = std::unique_ptr<void, void (*)(scmp_filter_ctx)>;

bool add(const Filter& filter, const char* name) {
    const int call = ::seccomp_syscall_resolve_name(name);
    return call == __NR_SCMP_ERROR || ::seccomp_rule_add(filter.get(), SCMP_ACT_ALLOW, call, 0) == 0;
}

bool add_with_arguments(const Filter& filter) {
    const auto self = static_cast<scmp_datum_t>(::getpid());
    return ::seccomp_rule_add(filter.get(), SCMP_ACT_ALLOW, SCMP_SYS(socket), 1,
                              SCMP_A0(SCMP_CMP_EQ, AF_UNIX)) == 0 &&
           // A thread, and no process. The C library goes without clone3, whose flags no filter can see.
           ::seccomp_rule_add(filter.get(), SCMP_ACT_ALLOW, SCMP_SYS(clone), 1,
                              SCMP_A0(SCMP_CMP_MASKED_EQ, CLONE_THREAD, CLONE_THREAD)) == 0 &&
           ::seccomp_rule_add(filter.get(), SCMP_ACT_ERRNO(ENOSYS), SCMP_SYS(clone3), 0) == 0 &&
           // To abort is to signal oneself.
           ::seccomp_rule_add(filter.get(), SCMP_ACT_ALLOW, SCMP_SYS(tgkill), 1,
                              SCMP_A0(SCMP_CMP_EQ, self)) == 0 &&
           // To read a limit, not to set one.
           ::seccomp_rule_add(filter.get(), SCMP_ACT_ALLOW, SCMP_SYS(prlimit64), 1,
                              SCMP_A2(SCMP_CMP_EQ, 0)) == 0;
}

}  // namespace

Result<void> filter_own_calls() {
    const std::string attempt = "filter the daemon's system calls";
    const Filter filter(::seccomp_init(SCMP_ACT_ERRNO(EPERM)), ::seccomp_release);
    bool complete = filter != nullptr && add_with_arguments(filter);
    for (const char* name : allowed) complete = complete && add(filter, name);
    if (!complete) return internal_failure(attempt, "libseccomp takes no such rule");
    if (const int error = ::seccomp_load(filter.get()); error < 0)
        return system_failure(attempt, -error, "this kernel needs CONFIG_SECCOMP_FILTER");
    return {};
}

}  // namespace netcut
