// SPDX-License-Identifier: Apache-2.0
//
// What happens to packets that we hold ourselves, as data.
#pragma once

#include <cstdint>
#include <map>
#include <optional>

#include "base/time.h"
#include "hold/hold_list.h"
#include "hold/loss_draws.h"
#include "link/trace.h"

namespace netcut {

// A path on which packets follow each other no faster than so many bits a second (layer 3), each sender's by themselves. The
// rate grows from `from`, at the first packet, to `to`, by the same factor in each second of `grows`.
struct Pace {
    double from = 0, to = 0;  // bits a second
    Nanoseconds grows{0};     // 0: it is `from` all the time
};

// What the trace of a node's link does to packets besides its rate. They stay in their order.
struct LinkHold {
    TracePlay play;
    LossDraws losses;
};

// One direction of one fault, or of links. A packet waits for each of these that there is.
struct HoldSpec {
    HoldList list;
    bool stalls = false;  // nothing passes before end()
    std::optional<Pace> pace;
    std::map<std::uint64_t, LinkHold> links;  // by their nodes: other packets pass
    bool by_receiver = false;                 // whose link it is; else its sender's
};

}  // namespace netcut
