// SPDX-License-Identifier: Apache-2.0
//
// `churn:` of a scenario, as it was written.
#pragma once

#include <string>
#include <vector>

#include "base/time.h"

namespace netcut {

// Nodes that come and go: by a file, or by a model and a seed.
struct ChurnSpec {
    std::vector<std::string> nodes = {"collaborators"};  // "all" and "collaborators" are filled in
    std::string kind = "drop";
    std::string file{};          // lines of seconds, seconds, node
    std::string text{};          // what it has
    Nanoseconds up{0}, down{0};  // means, of each node by itself; with `together`, down is exact
    unsigned together = 0;       // so many go at once
    Nanoseconds every{0};        // the mean between two such moments
    unsigned seed = 1;
    Nanoseconds length = std::chrono::minutes(30);
};

}  // namespace netcut
