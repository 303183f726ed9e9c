// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <vector>

#include "base/error.h"
#include "base/io.h"
#include "user/user.h"

namespace netcut {

// Who is at the other end of a Unix socket, as the kernel knew it when it connected.
struct Peer {
    uid_t uid = 0;
    gid_t gid = 0;
    std::vector<gid_t> groups;
    // A duplicate of it, while a request is carried out: to the broker, it proves who this is.
    std::shared_ptr<const Fd> connection;

    bool is_root() const { return uid == 0; }
    bool is_in(gid_t group) const;
    // For nodes and files: the name is the account's, if there is one; the groups are those of the peer.
    Result<User> user() const;
};

Result<Peer> peer_of(int socket);

}  // namespace netcut
