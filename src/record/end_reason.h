// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>

#include "base/words.h"

namespace netcut {

enum class EndReason {
    all_exited,
    finished,             // the scenario's end line came
    collaborators_ended,  // all of them, and the scenario ends with them
    not_ready,            // its readiness line did not come in time
    hung,
    timeout,
    interrupted,
    failed
};
inline constexpr std::array<EnumWord<EndReason>, 8> end_words = {{
    {EndReason::all_exited, "all-exited"},
    {EndReason::finished, "finished"},
    {EndReason::collaborators_ended, "collaborators-ended"},
    {EndReason::not_ready, "not-ready"},
    {EndReason::hung, "hung"},
    {EndReason::timeout, "timeout"},
    {EndReason::interrupted, "interrupted"},
    {EndReason::failed, "failed"},
}};
constexpr const auto& words_of(EndReason) {
    return end_words;
}
const char* end_text(EndReason reason);  // for people

// Its nodes ended by themselves, or the scenario says that its work was done.
constexpr bool is_done(EndReason reason) {
    return reason == EndReason::all_exited || reason == EndReason::finished ||
           reason == EndReason::collaborators_ended;
}

}  // namespace netcut
