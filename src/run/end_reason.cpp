// SPDX-License-Identifier: Apache-2.0
#include <array>

#include "netcut/run.h"

namespace netcut {
namespace {

struct EndName {
    EndReason reason;
    const char* word;  // the journal's
    const char* text;  // for people
};
constexpr std::array<EndName, 8> end_names = {{
    {EndReason::all_exited, "all-exited", "all nodes ended"},
    {EndReason::finished, "finished", "the end line came"},
    {EndReason::collaborators_ended, "collaborators-ended", "all collaborators ended"},
    {EndReason::not_ready, "not-ready", "the readiness line did not come in time"},
    {EndReason::hung, "hung", "no progress"},
    {EndReason::timeout, "timeout", "the run's time is over"},
    {EndReason::interrupted, "interrupted", "a signal"},
    {EndReason::failed, "failed", "an error"},
}};

const EndName& name_of(EndReason reason) {
    for (const EndName& name : end_names)
        if (name.reason == reason) return name;
    return end_names.back();
}

}  // namespace

const char* end_word(EndReason reason) {
    return name_of(reason).word;
}

const char* end_text(EndReason reason) {
    return name_of(reason).text;
}

std::optional<EndReason> parse_end_word(const std::string& word) {
    for (const EndName& name : end_names)
        if (word == name.word) return name.reason;
    return {};
}

}  // namespace netcut
