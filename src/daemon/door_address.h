// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/un.h>

#include <string>
#include <vector>

#include "base/error.h"

namespace netcut {

// Where a run that is under way is reached by commands of its user: an abstract Unix socket in the network namespace of
// whoever started it. It is no file, so nothing of it stays, and it goes with its folder when that is renamed. Nodes have
// other network namespaces: none of them gets to it, by whatever path.
struct DoorAddress {
    unsigned user = 0;
    std::string id;  // 12 hexadecimal digits, by the folder's device and inode

    static Result<DoorAddress> of_folder(unsigned user, int folder);
    sockaddr_un address(socklen_t& size) const;
};

// Of runs that are under way: all that this process's network namespace has. Anybody may have made one of that name: the
// kernel tells whose it is when one connects (door_client.h).
std::vector<DoorAddress> doors_of_machine();

}  // namespace netcut
