// SPDX-License-Identifier: Apache-2.0
// Federated averaging.
#pragma once

#include <cstdint>
#include <map>
#include <vector>

#include "model.h"

namespace netcut::reference {

// What one collaborator made of a round.
struct Update {
    Model model;
    std::uint64_t samples;
    unsigned base = 0;  // the round whose model was trained
};

// By collaborator: the map's order is the order of the additions, whatever the order of arrival was.
using Updates = std::map<unsigned, Update>;

// The mean of the models, weighted by their sample counts. Needs one update at least, all of one width.
Model average(const std::vector<const Update*>& updates);
Model average(const Updates& updates);

}  // namespace netcut::reference
