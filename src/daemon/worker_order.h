// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/error.h"
#include "daemon/limits.h"
#include "user/user.h"

namespace netcut {

// What a worker is to do, and for whom: the daemon says the first part; the second is the body of the user's
// request, which the daemon passes on unread.
struct WorkerOrder {
    User user;  // whose run it is, and whose process the worker is; its environment comes with the request
    Limits limits;
    std::uint64_t open_files = 0;  // soft limit that nodes begin with; the daemon has raised its own

    std::string scenario;   // YAML
    std::string folder;     // of the run's files; empty: netcut-runs/... below `cwd`
    std::string cwd = "/";  // relative paths and nodes begin here
    mode_t umask = 022;
    bool attached = false;  // the run ends with its client

    // The words of a message. Those of the user are only in `body`.
    static std::vector<std::string> words(const WorkerOrder& order, std::string body);
    // An error of the kind `usage` says what is wrong with the request.
    static Result<WorkerOrder> from_words(const std::vector<std::string>& words);
};

}  // namespace netcut
