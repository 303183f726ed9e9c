// SPDX-License-Identifier: Apache-2.0
//
// Events that tell whether the model of a run is right.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "base/time.h"
#include "scenario/safety_spec.h"

namespace netcut::event {

// What a log line told of updates; empty and none: it did not say. An empty round is the one that began last.
struct Counted {
    CountedKind kind = CountedKind::begun;
    std::string round{}, member{}, base{};
    std::optional<std::uint64_t> samples{}, results{}, failures{}, wanted{}, received{}, whole{}, rounds{};
};

// More is not noted.
struct CountedFull {};

// Of the model at the end: what the lines said last, and the file that there is.
struct ModelSeen {
    std::string digest{}, metric{}, sha256{};
    std::uint64_t bytes = 0;
    std::string missing{};               // why there is no file
    std::string place{};                 // of the file, in the folder of the run; empty: it is elsewhere
    std::string tensors{};               // why its tensors could not be compared: nothing was wrong with them
    std::string no_tensors{};            // why it has none like the twins'
    std::string tensors_place{};         // as place, of the file that has them
    std::optional<double> difference{};  // the largest between a value of it and of a twin's
    std::optional<double> twins_differ{};  // the largest between two twins
    std::string tensor{};                  // the one that differs most
};

// What went one way over a connection between a collaborator and a port of the aggregator, and then the other way, as the
// router passed it on: bytes of new data behind TCP's header.
struct Delivered {
    std::uint16_t local_port = 0, port = 0;
    Nanoseconds from_ns{0}, to_ns{0};
    std::uint64_t up = 0, down = 0;
    Nanoseconds down_ns{0};  // when what came down was more than answers are
};

// Packets that would have shown it were not seen, or there was more than is noted.
struct DeliveriesMissed {
    std::uint64_t packets = 0;
};

}  // namespace netcut::event
