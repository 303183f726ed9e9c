// SPDX-License-Identifier: Apache-2.0
//
// `link:` of a scenario, as it was written.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/time.h"
#include "link/trace.h"

namespace netcut {

// What one direction of a link carries over time. One of the first four is given.
struct LinkSource {
    std::optional<std::uint64_t> bits_per_second{};  // always the same
    std::string file{};                              // a trace; words in braces are filled in for each node
    std::string folder{};                            // of traces, one of which is drawn for each node
    std::string model{};                             // a trace is made for each node
    unsigned seed = 1;                               // of the draw, or of the model
    std::optional<std::uint64_t> mean{};             // of the model, bits a second
    Nanoseconds length{0};                           // of the model's trace; 0: the model's own
    bool loop = true;
    double speed = 1;
    unsigned loss_seed =
        1;  // of which packets the trace loses; each node and direction has a list of its own
    std::string queue = "100ms";  // how long a packet may wait at the mean rate, or how many bytes may
};

// Links of some nodes. Of two entries for a node, the later one counts, each direction for itself.
struct LinkSpec {
    std::vector<std::string> nodes = {"collaborators"};  // "all" and "collaborators" are filled in
    std::optional<LinkSource> up{}, down{};
};

// A file that a scenario names, as it was read.
struct TraceFile {
    std::string text{};
    std::string sha256{};
    std::shared_ptr<const LinkTrace> trace{};
};

}  // namespace netcut
