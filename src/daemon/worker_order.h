// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>

#include "daemon/limits.h"
#include "netcut/run.h"

namespace netcut {

// What the daemon tells a worker to do, and for whom.
struct WorkerOrder {
    User user;             // whose run it is: files are opened with these rights, nodes run with them
    std::string scenario;  // YAML
    std::string folder;    // of the run's files; empty: netcut-runs/... below `cwd`
    std::string cwd;       // of the user: relative paths and nodes begin here
    std::map<std::string, std::string> environment;  // of the nodes
    Limits limits;

    Json to_json() const;
    // An error of the kind `usage` if a field is missing or has another type.
    static Result<WorkerOrder> from_json(const Json& json);
};

}  // namespace netcut
