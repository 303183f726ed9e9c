// SPDX-License-Identifier: Apache-2.0
//
// What is done around a user namespace in which there is nobody but one user, by a process that has rights over
// the machine. It needs nothing of the rest, so that netcut-fl-launch has it as well.
#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

namespace netcut {

// Of one user: each is mapped to itself.
struct Ids {
    uid_t uid = 0;
    gid_t gid = 0;
    std::vector<gid_t> groups;
};

// Writes the maps of the namespace that `process` is in. Nobody in there can map more, or give a group up: that it
// is denied something would be undone. False: errno says why.
bool write_id_maps(pid_t process, const Ids& ids);

// Makes a mount namespace with a /proc that is whole: whoever has none cannot mount a node's. What is mounted on
// the machine later is still seen. nullptr, or what was attempted when errno is set.
const char* mount_own_proc();

}  // namespace netcut
