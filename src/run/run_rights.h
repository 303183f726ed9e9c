// SPDX-License-Identifier: Apache-2.0
//
// Which rights a run of root's has. As nearly every run it is the user's alone, in a user namespace; where that
// would take something away, it keeps root's rights over the machine.
#pragma once

#include <limits>

#include "base/error.h"
#include "folder/folder.h"
#include "kernel/user_alone.h"
#include "scenario/scenario.h"
#include "user/user.h"

namespace netcut {

// What the user of a run has on this machine without root's help.
struct UserMeans {
    std::uint64_t keys = std::numeric_limits<std::uint64_t>::max();        // that may yet be made
    std::uint64_t pipe_pages = std::numeric_limits<std::uint64_t>::max();  // of pipes with the usual room
    bool reaches_programs = true;
    bool reaches_folder = true;
};
UserMeans means_of(const User& user, const RunFolder& folder);

// Why the run needs root's rights over the machine; empty: it does not.
std::string why_rights_of_root(const Scenario& scenario, const UserMeans& means);

// Where this process is root's, and the run does not need that, it becomes the run's user alone (user_alone.h). To be
// called when all that root may read has been read. What is returned is kept for as long as the run lives.
Result<std::optional<Keeper>> leave_rights_of_root(const Scenario& scenario, const RunFolder& folder);

}  // namespace netcut
