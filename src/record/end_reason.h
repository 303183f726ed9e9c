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
struct EndWord {
    EndReason value;
    const char *word, *text;  // `text`: for people
};
inline constexpr std::array<EndWord, 8> end_words = {{
    {EndReason::all_exited, "all-exited", "all nodes ended"},
    {EndReason::finished, "finished", "the end line came"},
    {EndReason::collaborators_ended, "collaborators-ended", "all collaborators ended"},
    {EndReason::not_ready, "not-ready", "the readiness line did not come in time"},
    {EndReason::hung, "hung", "no progress"},
    {EndReason::timeout, "timeout", "the run's time is over"},
    {EndReason::interrupted, "interrupted", "a signal"},
    {EndReason::failed, "failed", "an error"},
}};
constexpr const auto& words_of(EndReason) {
    return end_words;
}
constexpr const char* end_text(EndReason reason) {
    for (const EndWord& end : end_words)
        if (end.value == reason) return end.text;
    return "";
}

// Its nodes ended by themselves, or the scenario says that its work was done.
constexpr bool is_done(EndReason reason) {
    return reason == EndReason::all_exited || reason == EndReason::finished ||
           reason == EndReason::collaborators_ended;
}

}  // namespace netcut
