// SPDX-License-Identifier: Apache-2.0
//
// Records that older versions have written: fields of today are missing there, and verdicts follow older rules.
#pragma once

#include "netcut/evidence.h"

namespace netcut {

// By the journal's first line; 0 if it does not say.
int schema_of(const std::vector<Event>& events);
inline bool is_older_record(const std::vector<Event>& events) {
    const int schema = schema_of(events);
    return schema > 0 && schema < record_schema;
}

// What was thrown because a field is not there.
bool is_missing_field(const std::exception& error);

// From both verdicts: what follows from rules that have changed, and from `wanted` what `found` has not.
void leave_out_what_changed(Json& found, Json& wanted);

}  // namespace netcut
