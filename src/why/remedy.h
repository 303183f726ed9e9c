// SPDX-License-Identifier: Apache-2.0
//
// What would have helped against a hang: as a sentence (remedy_of(), why/cause.h), and what of that can be tried as data, a
// change of `tcp:` that a scenario takes. Pure.
#pragma once

#include <array>
#include <string>
#include <vector>

#include "base/time.h"
#include "base/words.h"
#include "scenario/scenario.h"
#include "why/cause.h"

namespace netcut {

// By the cause.
enum class Hope { helps, may_help, cannot_help };
inline constexpr std::array<EnumWord<Hope>, 3> hope_words = {{
    {Hope::helps, "should help"},
    {Hope::may_help, "may help"},
    {Hope::cannot_help, "cannot help"},
}};
constexpr const auto& words_of(Hope) {
    return hope_words;
}

struct Trial {
    std::string name;  // "keepalive 10s at collaborator2"
    std::string what;  // why that may help, or cannot
    Hope hope = Hope::helps;
    TcpSpec change{};  // added to the scenario's
};

// None: nothing of what helps is a matter of TCP. Their times fit into `hang_after`, so that a run which they save is not
// given up before.
std::vector<Trial> trials_of(const Explanation& why, Nanoseconds hang_after);
// What helps and cannot be tried from outside, since the program or its surroundings would have to change.
std::string untried_of(const Explanation& why);
// "tcp: [{nodes: [collaborator2], keepalive: 10s}]", as it stands in a scenario.
std::string text_of(const TcpSpec& change);

}  // namespace netcut
