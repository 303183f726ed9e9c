// SPDX-License-Identifier: Apache-2.0
//
// The broker: the process of netcut-fld that has rights over the machine. The daemon itself, which reads what
// strangers send, has none; it asks the broker, which does three things for it and no others: it starts a
// worker or an examination as a user, it ends what it has started, and it opens a file of a run as a user. Who
// the user is the kernel says: each request comes with a connection to the daemon's socket, and gets the rights
// of who has connected there.
#pragma once

#include <optional>
#include <string>

#include "base/io.h"
#include "daemon/broker/run_groups.h"

namespace netcut {

struct BrokerSettings {
    std::string folder;  // of netcut-fl's programs
    std::string socket;  // the daemon's, as it was bound: only connections to it say who somebody is
    std::string hidden;  // its full path, which no run can connect to; empty: it has none
};

// Serves the daemon at the other end of a SOCK_SEQPACKET socket until that is gone, and ends all that it has
// started then. `groups`: none where it has no control group to itself; then memory is not limited.
void serve_as_broker(Fd daemon, const BrokerSettings& settings, std::optional<RunGroups>& groups);

// The address of a Unix socket, as bind(2) was given it; empty if it has none.
std::string bound_name(int socket);

}  // namespace netcut
