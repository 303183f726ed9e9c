// SPDX-License-Identifier: Apache-2.0
#include "daemon/broker/rights.h"

#include <sys/prctl.h>
#include <unistd.h>

#include <array>
#include <cstdlib>
#include <span>

#include "kernel/capabilities.h"

namespace netcut {
namespace {

Result<void> keep_only(std::span<const unsigned> kept) {
    const std::string attempt = "give up rights that are not needed";
    if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) return system_failure(attempt);
    auto own = Capabilities::own();
    if (!own) return system_failure(attempt);
    if (!own->any()) return {};  // of another user than root, and by the unit
    const bool bounded = !own->has(CAP_SETPCAP) || bound_capabilities(kept);
    own->keep_only(kept);
    if (!bounded || !own->apply()) return system_failure(attempt);
    return {};
}

}  // namespace

Result<void> keep_rights_of_broker() {
    // To be the user where files are opened, and in netcut-fl-launch (SETUID, SETGID), and there to make a user
    // namespace and its mounts (SYS_ADMIN), to map root (SETFCAP) and to give the engine precedence
    // (SYS_NICE); to end a worker (KILL).
    constexpr std::array<unsigned, 6> kept{CAP_SETUID,  CAP_SETGID,   CAP_SYS_ADMIN,
                                           CAP_SETFCAP, CAP_SYS_NICE, CAP_KILL};
    return keep_only(kept);
}

Result<void> give_up_rights() {
    return keep_only({});
}

void keep_rights_to_be_a_user() {
    constexpr std::array<unsigned, 2> kept{CAP_SETUID, CAP_SETGID};
    auto own = Capabilities::own();
    if (!own) std::abort();
    // To have the user's ids for files would not do: CAP_SYS_PTRACE opens what is behind /proc/PID/cwd and
    // /proc/PID/root.
    own->keep_only(kept);
    if (!own->apply()) std::abort();  // to give some up is always allowed
}

}  // namespace netcut
