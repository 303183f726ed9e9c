// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/types.h>

#include <vector>

#include "base/error.h"
#include "daemon/limits.h"

namespace netcut {

// The control groups (cgroup v2) of users' runs, below the broker's own: one of each user, with limits on memory
// and on tasks, and in it one of each program that was started. For a broker that has such a group to itself and
// may divide it (systemd's Delegate=yes).
class RunGroups {
  public:
    // Puts all processes of the broker's own group into one below it, since a group that is divided has none.
    static Result<RunGroups> divide_own();

    // The group for a program of this user's, as a path; the program is to enter it by itself.
    Result<std::string> make(uid_t user, std::uint64_t program, const Limits& limits) const;
    // Kills all that is left in it. The group goes when the last process has: tidy() looks for that.
    void end(const std::string& group);
    void tidy();
    bool is_tidy() const { return ended_.empty(); }

  private:
    explicit RunGroups(std::string own) : own_(std::move(own)) {}
    std::string own_;
    std::vector<std::string> ended_;
};

}  // namespace netcut
