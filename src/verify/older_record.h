// SPDX-License-Identifier: Apache-2.0
//
// Records that older versions have written: fields of today are missing there, and verdicts follow older rules.
#pragma once

#include "base/json.h"
#include "record/reader.h"
#include "record/run_state.h"

namespace netcut {

inline bool is_older_record(const RunState& state) {
    return state.begun() && is_older_schema(state.begun()->schema);
}

// From both verdicts: what follows from rules that have changed, and from `wanted` what `found` has not.
void leave_out_what_changed(Json& found, Json& wanted);

}  // namespace netcut
