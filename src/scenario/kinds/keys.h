// SPDX-License-Identifier: Apache-2.0
//
// What definitions of fault kinds are made of: types of keys, the keys that several kinds have, and the values that
// a fault has for them.
#pragma once

#include <fmt/format.h>

#include "base/error.h"
#include "base/time.h"
#include "fault/plan.h"
#include "scenario/fault_check.h"
#include "scenario/fault_kind.h"
#include "scenario/fault_spec.h"
#include "scenario/scenario.h"
#include "scenario/value_schema.h"
#include "scenario/words.h"

namespace netcut {

using Keys = std::vector<FaultKey>;
Keys operator+(Keys keys, const Keys& more);

// Which packets: see docs/faults.md.
FaultKey direction_key();
FaultKey peers_key();
FaultKey port_key();
Keys flow_filter();    // direction, peers, port
Keys packet_filter();  // and only, beyond
FaultKey beyond_key();
PacketFilter filter_of(const Scenario& scenario, const FaultSpec& fault);

// Types. `what` stands for the value in errors: "read the direction 'x': it is none of: ...".
KeyType duration_type();
KeyType bytes_type();
KeyType share_type();
KeyType rate_type();
KeyType boolean_type();
KeyType number_type(std::uint64_t least, std::uint64_t most);
KeyType words_type(const std::string& what, const std::vector<std::string>& words);
KeyType nodes_type();
KeyType groups_type();
template <typename Parse>
KeyType text_type(Parse parse, const std::string& schema = text_schema()) {
    return {KeyType::Shape::scalar,
            [parse](const std::string&, const std::string& text) -> Result<void> {
                NETCUT_TRY(parse(text));
                return {};
            },
            schema};
}

// Of a value that was checked when it was read.
template <typename Parse>
auto value_of(const FaultSpec& fault, const char* key, Parse parse) {
    const std::string text = fault.text(key);
    return text.empty() ? std::nullopt : std::optional(parse(text).value());
}
inline Nanoseconds time_of(const FaultSpec& fault, const char* key) {
    return value_of(fault, key, parse_duration).value_or(Nanoseconds(0));
}
inline double share_of(const FaultSpec& fault, const char* key) {
    return value_of(fault, key, parse_share).value_or(0);
}
std::uint64_t number_of(const FaultSpec& fault, const char* key);  // 0: none
bool is_true(const FaultSpec& fault, const char* key);

Result<void> check_time(const FaultSpec& fault, const char* key, bool needed);
PacketAction leave_alone(const FaultSpec& fault);

}  // namespace netcut
