// SPDX-License-Identifier: Apache-2.0
//
// Who runs nodes, and what the user database and the caller's environment say of them.
#pragma once

#include <sys/types.h>

#include <map>
#include <string>
#include <vector>

#include "base/error.h"

namespace netcut {

using Environment = std::map<std::string, std::string>;
Environment own_environment();                            // of this process
std::string search_path(const Environment& environment);  // PATH, or a usual one

struct User {
    uid_t uid = 0;
    gid_t gid = 0;
    std::vector<gid_t> groups;
    std::string name, home, shell;
    // What nodes and stages begin with. Data: it never becomes the environment of a process of ours.
    Environment environment{};
};

// What the user database says of a name or a number, whoever asks. A number without an entry is common in
// containers, and good enough.
Result<User> find_account(const std::string& name);

// Who nodes run as: `name` if given, else who called sudo, else who runs this process.
Result<User> find_user(const std::string& name);
// The same, with the environment of this process, which is the caller's own.
Result<User> find_caller(const std::string& name);

}  // namespace netcut
