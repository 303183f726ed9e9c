// SPDX-License-Identifier: Apache-2.0
//
// Reads journals, which nodes may have written to. What has not the form of an event is left at its default value, and
// `wrong` says so: who is strict looks at that, and who is tolerant does not.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "record/event.h"
#include "record/json_access.h"

namespace netcut {

struct ReadEvent {
    std::optional<Event> event;  // none: it has no time or no name
    std::string wrong;           // the first thing that is not as it must be; empty: nothing
    // That is something which an older netcut-fl did not write, or by other rules.
    bool may_be_older = false;
};
ReadEvent read_event(std::string_view line);

struct ReadJournal {
    std::vector<Event> events;
    std::vector<std::string> wrong;  // with the number of the line; the first ones
    // If an older netcut-fl has written it: how many lines have not all that is written today. They are not wrong.
    std::size_t lacking = 0;
};
ReadJournal read_journal(std::string_view text);

// Of one event, by its name; says in `read` what is wrong.
event::Any read_details_of(const std::string& name, ParsedEvent&& details, ReadEvent& read);

// A schema of 0 is that of a journal without a beginning.
constexpr bool is_older_schema(int schema) {
    return schema > 0 && schema < record_schema;
}

}  // namespace netcut
