// SPDX-License-Identifier: Apache-2.0
// The aggregator: serves the protocol, averages each round's results, validates the model, says when it is
// over.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>

#include "credentials.h"
#include "defect.h"
#include "service.h"

namespace netcut::reference {

struct AggregatorOptions {
    std::string listen = "[::]:50051";
    Certificates certificates;
    unsigned collaborators = 1;
    unsigned rounds = 5;
    std::uint64_t seed = 1;
    std::size_t model_size = 256 * 1024;
    ServiceOptions service;
    DefectOptions defect;
    std::chrono::milliseconds quit_grace{10000};
    std::optional<std::chrono::milliseconds> user_timeout;  // TCP_USER_TIMEOUT; unset: gRPC's own 20 s
    bool keepalive = false;
    std::optional<std::filesystem::path> save;
};

// Returns 0, or 128 + the signal that ended it; throws if it cannot listen, read its certificates or save the
// model.
int run_aggregator(const AggregatorOptions& options);

}  // namespace netcut::reference
