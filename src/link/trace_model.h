// SPDX-License-Identifier: Apache-2.0
//
// Traces that a model and a seed make, the same on every machine. They have the shape of what such links do, and the mean
// that is asked for; who needs a certain network takes a trace that was measured there.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/random.h"
#include "base/time.h"
#include "link/trace.h"

namespace netcut {

struct TraceModel {
    const char* name;
    const char* meaning;
    Nanoseconds length;  // if none is asked for
    double mean;         // bits a second, likewise
    // Steps whose rates are in any unit.
    std::function<std::vector<TraceStep>(Random&, Nanoseconds length)> make;
};
const std::vector<TraceModel>& trace_models();
std::vector<std::string> trace_model_names();
// Null if there is none of that name.
const TraceModel* trace_model(const std::string& name);

// `length` and `mean` of 0 are the model's.
LinkTrace make_trace(const TraceModel& model, std::uint64_t seed, Nanoseconds length, double mean);

}  // namespace netcut
