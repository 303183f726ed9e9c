// SPDX-License-Identifier: Apache-2.0
// A collaborator: asks for tasks, trains on its own shard, sends what it learned.
#pragma once

#include <chrono>
#include <cstdint>

#include "client.h"

namespace netcut::reference {

struct CollaboratorOptions {
    ClientOptions client;
    unsigned index = 0;  // which shard of the data is its own
    unsigned epochs = 2;
    std::uint64_t seed = 1;
    std::chrono::milliseconds pace{0};         // least wall time of an epoch
    std::chrono::milliseconds upload_pace{0};  // least wall time of an upload
    bool log_phases = false;
};

// Returns when the aggregator says that the federation is finished; throws CallFailed or std::system_error.
void run_collaborator(const CollaboratorOptions& options);

}  // namespace netcut::reference
