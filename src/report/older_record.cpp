// SPDX-License-Identifier: Apache-2.0
#include "report/older_record.h"

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

int schema_of(const std::vector<Event>& events) {
    if (events.empty() || events.front().name != "run.begun") return 0;
    const Json& details = events.front().details;
    const auto schema = details.find("schema");
    return schema != details.end() && schema->is_number_integer() ? schema->get<int>() : 0;
}

bool is_missing_field(const std::exception& error) {
    constexpr int no_such_key = 403;  // of nlohmann-json
    const auto* of_json = dynamic_cast<const Json::out_of_range*>(&error);
    return of_json != nullptr && of_json->id == no_such_key;
}

void leave_out_what_changed(Json& found, Json& wanted) {
    leave_out_rules(found);
    leave_out_rules(wanted);
    leave_out_missing(wanted, found);
}

}  // namespace netcut
