// SPDX-License-Identifier: Apache-2.0
#include "verify/older_record.h"

#include <algorithm>
#include <set>

namespace netcut {
namespace {

// Of the verdict, wherever they are in it.
const std::set<std::string> by_changed_rules = {
    "schema",   "verdict",      "reason",    "headline",       "exit_status",       "passed",
    "expected", "noticed",      "rounds",    "network_back_s", "sent_again_s",      "received_again_s",
    "finished", "after_faults", "half_open", "conversations",  "time_to_recover_s", "other_conversations"};

void leave_out_rules(Json& value) {
    if (value.is_object())
        for (auto entry = value.begin(); entry != value.end();)
            entry = by_changed_rules.contains(entry.key()) ? value.erase(entry) : std::next(entry);
    if (value.is_structured())
        for (Json& below : value) leave_out_rules(below);
}

void leave_out_missing(Json& wanted, const Json& found) {
    if (wanted.is_object() && found.is_object())
        for (auto entry = wanted.begin(); entry != wanted.end();) {
            if (!found.contains(entry.key())) {
                entry = wanted.erase(entry);
                continue;
            }
            leave_out_missing(entry.value(), found.at(entry.key()));
            ++entry;
        }
    if (wanted.is_array() && found.is_array())
        for (std::size_t i = 0; i < std::min(wanted.size(), found.size()); ++i)
            leave_out_missing(wanted[i], found[i]);
}

}  // namespace

void leave_out_what_changed(Json& found, Json& wanted) {
    leave_out_rules(found);
    leave_out_rules(wanted);
    leave_out_missing(wanted, found);
}

}  // namespace netcut
