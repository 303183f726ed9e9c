// SPDX-License-Identifier: Apache-2.0
//
// What this process may do to networks, and how an ordinary user comes by it.
#pragma once

#include "base/error.h"

namespace netcut {

// Where this process has its rights over networks from.
enum class Rights {
    host,            // of the host: root, or its capabilities
    user_namespace,  // of a user namespace: over what is made in it, and nothing else
};

// Takes nothing if the capabilities are there; else enters a new user namespace in which this process, still
// under its own uid and gid, and what it executes has them. Files are reached as before. To be called while
// there is one thread. An error says what on this machine forbids it, and how to allow it.
Result<Rights> gain_rights();

// Whether supplementary groups may be set here: a user namespace without the host's help forbids it.
bool may_set_groups();

}  // namespace netcut
