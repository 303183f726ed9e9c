// SPDX-License-Identifier: Apache-2.0
// Defects that can be planted in the aggregator, so that one sees what it looks like when an update is lost or counted
// twice, and the whole federation reports success. They strike in a round in which one collaborator is late.
#pragma once

#include <chrono>
#include <cstddef>
#include <optional>
#include <vector>

#include "average.h"

namespace netcut::reference {

enum class Defect {
    none,
    drop_update,  // the late update is left out of the average
    count_twice,  // it is averaged twice
    half_update,  // only the first half of it is averaged
    stale_model,  // in the round after, the late collaborator gets the model of this round once more
    skip_late     // the round goes on without it
};

struct DefectOptions {
    Defect defect = Defect::none;
    std::chrono::milliseconds late_after{1000};  // behind all others
};

// What is averaged of an update, and how much of it has come, as the aggregator logs it.
struct Part {
    unsigned collaborator = 0;
    Update update;
    std::size_t bytes = 0, whole = 0;
};

// Of these updates, with the defect for that of `late`. `before`: the model with which the round began.
std::vector<Part> parts_of(const Updates& updates, const Model& before, Defect defect,
                           std::optional<unsigned> late);

// Their mean; `before` if there are none.
Model average_parts(const std::vector<Part>& parts, const Model& before);

}  // namespace netcut::reference
