// SPDX-License-Identifier: Apache-2.0
#include "daemon/server/rights.h"

#include <sys/prctl.h>
#include <unistd.h>

#include <array>

#include "kernel/capabilities.h"

namespace netcut {

Result<void> keep_few_rights() {
    const std::string attempt = "give up rights that are not needed";
    if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) return system_failure(attempt);
    if (::geteuid() != 0) return {};
    // To be the user where files are read, and in netcut-fl-launch (SETUID, SETGID), and there to make a user
    // namespace and its mounts (SYS_ADMIN), to map root (SETFCAP) and to give the engine precedence
    // (SYS_NICE); to end a worker (KILL).
    constexpr std::array<unsigned, 6> kept{CAP_SETUID,  CAP_SETGID,   CAP_SYS_ADMIN,
                                           CAP_SETFCAP, CAP_SYS_NICE, CAP_KILL};
    auto own = Capabilities::own();
    if (!own) return system_failure(attempt);
    own->keep_only(kept);
    if (!bound_capabilities(kept) || !own->apply()) return system_failure(attempt, "let it have CAP_SETPCAP");
    return {};
}

}  // namespace netcut
