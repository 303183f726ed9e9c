// SPDX-License-Identifier: Apache-2.0
//
// Facts of made-up runs in which collaborator1 was cut off.
#pragma once

#include <string>

#include "base/time.h"
#include "node/exit_status.h"
#include "record/facts.h"
#include "report/final_screen.h"
#include "verdict/verdict.h"
#include "verdict/verdict_json.h"

namespace netcut::test {

using namespace std::chrono_literals;

inline NodeOutcome ended(const std::string& name, int code, bool after_fault = true) {
    NodeOutcome node{name, true, ExitStatus{false, code}, false, after_fault};
    node.ended = 60s;
    return node;
}

inline NodeOutcome stopped(const std::string& name) {
    return {name, true, ExitStatus{true, 15}, true, true};
}

inline std::string shown(const Facts& facts) {
    return final_screen(verdict_json(facts, judge(facts), {}), "/runs/x", false);
}

// A cut of collaborator1 that lost packets and from which data came back.
inline Facts cut_and_back() {
    Facts facts;
    facts.faults_asked = 1;
    facts.waited_for_progress = 60s;
    facts.nodes = {ended("aggregator", 0), ended("collaborator1", 0), ended("collaborator2", 0)};
    FaultOutcome cut;
    cut.fault = "cut";
    cut.fired = 1s;
    cut.healed = 3s;
    cut.losses["collaborator1"] = {3, 2, 1};
    cut.recovery["collaborator1"] = {100ms, 250ms};
    cut.recovery["collaborator1"].worked = 250ms;
    facts.outcomes = {cut};
    return facts;
}

// Three cycles, 400 ms apart. No data went between the first two: there was no time for it.
inline Facts flapped() {
    Facts facts = cut_and_back();
    const FaultOutcome cut = facts.outcomes[0];
    facts.outcomes.clear();
    for (std::size_t cycle = 1; cycle <= 3; ++cycle) {
        FaultOutcome& outcome = facts.outcomes.emplace_back(cut);
        outcome.cycle = cycle;
        outcome.cycles = 3;
        outcome.fired = 1s + cycle * 400ms;
        outcome.healed = outcome.fired + 200ms;
        if (cycle == 1) outcome.recovery["collaborator1"] = {};
    }
    return facts;
}

}  // namespace netcut::test
