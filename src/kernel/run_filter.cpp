// SPDX-License-Identifier: Apache-2.0
#include "kernel/run_filter.h"

#include <seccomp.h>

#include <cerrno>

namespace netcut {
namespace {

// By name, since not each architecture has each. The kernel answers all of them with EPERM where somebody has
// no right over the machine. Not among them is what a debugger, a profiler, a container or a sandbox needs.
constexpr const char* refused[] = {
    // modules, and other kernels
    "init_module", "finit_module", "delete_module", "create_module", "get_kernel_syms", "query_module",
    "kexec_load", "kexec_file_load", "reboot", "bpf",
    // the machine's clock, ports, swap, accounting
    "settimeofday", "clock_settime", "clock_settime64", "stime", "iopl", "ioperm", "swapon", "swapoff",
    "acct", "vhangup",
    // what nothing uses any more
    "_sysctl", "uselib", "nfsservctl", "lookup_dcookie"};

}  // namespace

const char* filter_calls_of_run() {
    const scmp_filter_ctx filter = ::seccomp_init(SCMP_ACT_ALLOW);
    int error = filter == nullptr ? -ENOMEM : 0;
    for (const char* name : refused) {
        const int call = ::seccomp_syscall_resolve_name(name);
        if (error == 0 && call >= 0) error = ::seccomp_rule_add(filter, SCMP_ACT_ERRNO(EPERM), call, 0);
    }
    // Programs of another architecture run as they would without us; their calls are not these.
    if (error == 0) error = ::seccomp_attr_set(filter, SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_ALLOW);
    if (error == 0) error = ::seccomp_load(filter);
    ::seccomp_release(filter);
    errno = -error;
    return error == 0 ? nullptr : "refuse calls that no run needs";
}

}  // namespace netcut
