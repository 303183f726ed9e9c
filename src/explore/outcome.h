// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>

#include "base/json.h"
#include "scenario/judgement.h"

namespace netcut {

struct RunOutcome {
    std::string id;  // empty: it was not made
    int exit_status = 0;
    Json verdict{};         // as in verdict.json; null if the run made none
    std::string message{};  // then: the end of what it said
    bool reused = false;    // it had been made before
    double took_s = 0;      // from its start to its end; 0: not known

    Judgement judgement() const;  // of a run that made no verdict: error
    std::string word() const;     // of its judgement, or not_noticed
    bool survived() const;        // it was hit by the fault, and went on; or there was none
    bool unnoticed() const;
    bool fatal() const;                                              // crashed, hung or left
    bool judged() const { return judgement() != Judgement::error; }  // it says something about the federation
    // Of word(): the time to recover, who crashed and how, who hangs; may be empty.
    std::string detail() const;
    // The state in which it hangs, if it was waited for as long as hang_after says; else empty.
    std::string hang_waited_for() const;
    std::optional<double> seconds_to_recover() const;
    // That it was not the moment that was asked for, but a later one; else empty.
    std::string late_text() const;
    // The verdict's word of the model; empty: it was not asked for.
    std::string safety_word() const;
    // What is wrong with the model of a run that went on; else empty.
    std::string safety_text() const;
};

}  // namespace netcut
