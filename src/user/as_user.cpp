// SPDX-License-Identifier: Apache-2.0
#include "user/as_user.h"

#include <grp.h>
#include <sys/fsuid.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>

#include "kernel/capabilities.h"
#include "kernel/end_with_parent.h"

namespace netcut {
namespace {

// Whether it was effective before.
bool set_effective(unsigned capability, bool on) {
    auto own = Capabilities::own();
    if (!own) return false;
    const bool before = own->has(capability);
    own->set_effective(capability, on);
    return own->apply() && before;
}

}  // namespace

// The file system ids are a thread's own on Linux, and leaving 0 takes CAP_DAC_OVERRIDE and its kin away
// until they come back (capabilities(7)). CAP_SYS_PTRACE is none of these, and would open /proc/PID/cwd of
// anybody.
AsUser::AsUser(const User& user) {
    if (::geteuid() != 0 || user.uid == 0) return;
    const EndWithParent with_parent;
    groups_.resize(static_cast<std::size_t>(std::max(0, ::getgroups(0, nullptr))));
    ::getgroups(static_cast<int>(groups_.size()), groups_.data());
    // The system call itself: glibc's function would change every thread.
    ::syscall(SYS_setgroups, user.groups.size(), user.groups.data());
    gid_ = static_cast<gid_t>(::setfsgid(user.gid));
    uid_ = static_cast<uid_t>(::setfsuid(user.uid));
    traces_ = set_effective(CAP_SYS_PTRACE, false);
    switched_ = true;
    with_parent.ask_again();
}

AsUser::~AsUser() {
    if (!switched_) return;
    const EndWithParent with_parent;
    if (traces_) set_effective(CAP_SYS_PTRACE, true);
    ::setfsuid(uid_);
    ::setfsgid(gid_);
    ::syscall(SYS_setgroups, groups_.size(), groups_.data());
    with_parent.ask_again();
}

}  // namespace netcut
