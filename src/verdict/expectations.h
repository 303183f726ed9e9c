// SPDX-License-Identifier: Apache-2.0
//
// Whether a run did what its scenario expects. Pure.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "record/facts.h"
#include "safety/safety.h"
#include "scenario/scenario.h"
#include "verdict/verdict.h"

namespace netcut {

// One thing that the scenario expects, and whether it was so.
struct Expected {
    std::string what;
    bool met = false;
    std::string found;  // instead; empty if it was met
};

std::vector<Expected> judge_expectations(const Facts& facts, const Verdict& verdict,
                                         const Expectations& expect, const Safety& safety = {});
// Whether the run did what was expected; none if expectations do not decide about it.
std::optional<bool> passed(const Verdict& verdict, const Expectations& expect,
                           const std::vector<Expected>& expected);
// The first thing to say of a run, for people: that, or else the verdict's word.
std::string headline(const Verdict& verdict, const Expectations& expect,
                     const std::vector<Expected>& expected);
// Expectations decide where the run says something about the federation: a hang that was expected is a
// success. A fault that never fired, an interruption or a defect stays what it is.
int exit_status_of(const Verdict& verdict, const Expectations& expect, const std::vector<Expected>& expected);
// As above; where the scenario asks for safety, a run that is not known to be as undisturbed has failed.
int exit_status_of(const Verdict& verdict, const Scenario& scenario, const std::vector<Expected>& expected,
                   const Safety& safety);

}  // namespace netcut
