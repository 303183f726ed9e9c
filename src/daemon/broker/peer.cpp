// SPDX-License-Identifier: Apache-2.0
#include "daemon/broker/peer.h"

#include <sys/socket.h>

#include <algorithm>
#include <cerrno>

namespace netcut {

bool Peer::is_in(gid_t group) const {
    return gid == group || std::find(groups.begin(), groups.end(), group) != groups.end();
}

Result<User> Peer::user() const {
    NETCUT_ASSIGN(User user, find_account(std::to_string(uid)));
    user.gid = gid;
    user.groups = groups;
    return user;
}

Result<Peer> peer_of(int socket) {
    ucred credentials{};
    socklen_t size = sizeof(credentials);
    if (::getsockopt(socket, SOL_SOCKET, SO_PEERCRED, &credentials, &size) != 0)
        return system_failure("ask the kernel who has connected");
    Peer peer{credentials.uid, credentials.gid, std::vector<gid_t>(64), nullptr};
    for (;;) {
        size = static_cast<socklen_t>(peer.groups.size() * sizeof(gid_t));
        const int result = ::getsockopt(socket, SOL_SOCKET, SO_PEERGROUPS, peer.groups.data(), &size);
        peer.groups.resize(size / sizeof(gid_t));
        if (result == 0) return peer;
        if (errno != ERANGE) return system_failure("ask the kernel for the groups of who has connected");
    }
}

}  // namespace netcut
