// SPDX-License-Identifier: Apache-2.0
#include "kernel/process_handle.h"

#include <fmt/format.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>

#include "kernel/process_files.h"
#include "kernel/process_tree.h"

namespace netcut {

Result<ProcessHandle> ProcessHandle::open(pid_t pid) {
    Fd fd(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0)));
    if (!fd) return system_failure("open a node's process");
    return ProcessHandle(pid, std::move(fd), program_of(pid));
}

bool ProcessHandle::catches(int signal) const {
    const ThreadStatus status = parse_thread_status(read_proc(fmt::format("/proc/{}/status", pid_)));
    return (status.caught >> static_cast<unsigned>(signal - 1) & 1U) != 0;
}

void ProcessHandle::signal(int number) const {
    ::syscall(SYS_pidfd_send_signal, fd_.get(), number, nullptr, 0);
}

void ProcessHandle::signal_first_thread(int number) const {
    constexpr unsigned of_a_thread = 1;  // PIDFD_SIGNAL_THREAD of linux/pidfd.h, since Linux 6.9
    if (::syscall(SYS_pidfd_send_signal, fd_.get(), number, nullptr, of_a_thread) == 0 || errno != EINVAL)
        return;
    if (::syscall(SYS_pidfd_send_signal, fd_.get(), 0, nullptr, 0) == 0)
        ::syscall(SYS_tgkill, pid_, pid_, number);
}

Result<void> ProcessHandle::leave_no_core() const {
    rlimit limit{};
    if (::prlimit(pid_, RLIMIT_CORE, nullptr, &limit) != 0) return system_failure("read a node's limits");
    limit.rlim_cur = std::min<rlim_t>(1, limit.rlim_max);
    if (::prlimit(pid_, RLIMIT_CORE, &limit, nullptr) != 0)
        return system_failure("set a node's limit of cores");
    return {};
}

}  // namespace netcut
