// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/types.h>

#include <vector>

#include "user/user.h"

namespace netcut {

// While it lives, this thread reads and writes files with the user's rights, not with root's. So a path that
// the user names can never reach what the user may not.
class AsUser {
  public:
    explicit AsUser(const User& user);
    ~AsUser();
    AsUser(const AsUser&) = delete;
    AsUser& operator=(const AsUser&) = delete;

  private:
    bool switched_ = false;
    std::vector<gid_t> groups_;  // that this thread had before: one AsUser may be inside of another
    uid_t uid_ = 0;
    gid_t gid_ = 0;
    bool traces_ = false;  // it had CAP_SYS_PTRACE
};

}  // namespace netcut
