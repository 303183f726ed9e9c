// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "daemon/limits.h"
#include "netcut/run.h"

namespace netcut {

// What the daemon tells a worker to do, and for whom.
struct WorkerOrder {
    User user;             // whose run it is, and whose process the worker is
    std::string scenario;  // YAML
    std::string folder;    // of the run's files; empty: netcut-runs/... below `cwd`
    std::string cwd;       // of the user: relative paths and nodes begin here
    mode_t umask = 022;
    Limits limits;

    Json to_json() const;
    // An error of the kind `usage` if a field is missing or has another type.
    static Result<WorkerOrder> from_json(const Json& json);
};

}  // namespace netcut
