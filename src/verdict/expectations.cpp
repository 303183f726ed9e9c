// SPDX-License-Identifier: Apache-2.0
#include "verdict/expectations.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/time.h"
#include "scenario/judgement.h"
#include "verdict/conclusions.h"
#include "verdict/tally.h"

namespace netcut {
namespace {

// A server that would never end by itself need not, where the scenario says that its work is done.
bool need_not_end(const Facts& facts, const NodeOutcome& node) {
    return facts.end == EndReason::collaborators_ended && &node == &facts.nodes.front() && node.stopped_by_us;
}

bool crashed(const NodeOutcome& node) {
    return !node.stopped_by_us && !node.killed_by_fault && node.exit && !node.exit->success();
}

template <typename Is>
std::string names_of(const Facts& facts, Is is) {
    std::vector<std::string> names;
    for (const NodeOutcome& node : facts.nodes)
        if (is(node)) names.push_back(node.name);
    return fmt::format("{}", fmt::join(names, ", "));
}

Expected expect_verdict(const Verdict& verdict, const std::string& wanted) {
    const bool met = verdict.word() == wanted;
    return {"the verdict is " + wanted, met,
            met ? "" : fmt::format("{}: {}", verdict.word(), verdict.reason)};
}

// What broke it first is enough: a fault that did not heal, or a node whose work did not go on or was too slow.
std::string slow_recovery(const Facts& facts, Nanoseconds within) {
    if (facts.outcomes.empty()) return "no fault was fired";
    for (const FaultOutcome& outcome : facts.outcomes) {
        if (!outcome.healed) return outcome.fault + " did not heal";
        for (const auto& [node, recovery] : outcome.recovery) {
            if (!has_met(outcome, node)) continue;
            if (const std::string why = unresolved_text(recovery); !why.empty())
                return fmt::format("{} did not go on after {}: {}", node, outcome.fault, why);
            if (const auto resumed = recovery.work_resumed(); resumed && *resumed > within)
                return fmt::format("{} took {:.3f} s after {}", node, seconds(*resumed), outcome.fault);
        }
    }
    return {};
}

Expected expect_log(const Facts& facts, const LogExpectation& log, std::size_t number) {
    Expected expected{fmt::format("{} prints '{}'", log.node, log.pattern), false, "no such line came"};
    if (!log.equals.empty()) expected.what += fmt::format(", and it is '{}'", log.equals);
    const auto value = facts.log_values.find(number);
    if (value == facts.log_values.end()) return expected;
    expected.met = log.equals.empty() || value->second == log.equals;
    expected.found = expected.met ? "" : fmt::format("'{}'", value->second);
    return expected;
}

// Of the model, or of what was counted. What nothing tells is not as expected.
std::string what_differs(const Safety& safety, bool of_model, bool is_known) {
    std::vector<std::string> texts;
    for (const Finding& one : safety.findings)
        if (is_of_model(one.kind) == of_model && texts.size() < 5) texts.push_back(one.text);
    if (!texts.empty()) return fmt::format("{}", fmt::join(texts, "; "));
    if (is_known) return {};
    return safety.unjudged.empty() ? "nothing tells of it"
                                   : fmt::format("{}", fmt::join(safety.unjudged, "; "));
}

}  // namespace

std::vector<Expected> judge_expectations(const Facts& facts, const Verdict& verdict,
                                         const Expectations& expect, const Safety& safety) {
    std::vector<Expected> all;
    const auto add = [&all](std::string what, const std::string& wrong) {
        all.push_back({std::move(what), wrong.empty(), wrong});
    };
    if (!expect.verdict.empty()) all.push_back(expect_verdict(verdict, expect.verdict));
    if (expect.recovered_within)
        add(fmt::format("work goes on within {}", duration_text(*expect.recovered_within)),
            slow_recovery(facts, *expect.recovered_within));
    if (expect.finished) {
        const auto conclusions = conclude(facts);
        const std::string others = names_of(facts, [&](const NodeOutcome& node) {
            return !has_finished(node, conclusions) && !need_not_end(facts, node);
        });
        add("all nodes finish", others.empty() ? "" : others + " did not");
    }
    if (expect.nobody_crashed) {
        const std::string names = names_of(facts, crashed);
        add("nobody crashes", names.empty() ? "" : names + " crashed");
    }
    if (expect.rounds > 0) {
        const std::size_t count = facts.rounds.rounds.size();
        add(fmt::format("at least {} rounds are finished", expect.rounds),
            count >= expect.rounds ? "" : fmt::format("{} were", count));
    }
    if (expect.model_as_undisturbed)
        add("the model is as undisturbed", what_differs(safety, true, safety.model_is_known));
    if (expect.counted_once)
        add("each update is counted once", what_differs(safety, false, safety.counted_is_known));
    for (std::size_t i = 0; i < expect.logs.size(); ++i) all.push_back(expect_log(facts, expect.logs[i], i));
    return all;
}

std::optional<bool> passed(const Verdict& verdict, const Expectations& expect,
                           const std::vector<Expected>& expected) {
    const bool of_the_federation =
        verdict.judgement != Judgement::error && verdict.judgement != Judgement::not_triggered;
    if (expected.empty() || (!of_the_federation && expect.verdict != verdict.word())) return {};
    return std::all_of(expected.begin(), expected.end(), [](const Expected& one) { return one.met; });
}

std::string headline(const Verdict& verdict, const Expectations& expect,
                     const std::vector<Expected>& expected) {
    const auto has_passed = passed(verdict, expect, expected);
    if (!has_passed) return verdict.word();
    if (*has_passed && !expect.verdict.empty()) return fmt::format("Passed: {}, as expected", verdict.word());
    const auto so_many = std::count_if(expected.begin(), expected.end(),
                                       [&](const Expected& one) { return one.met == *has_passed; });
    return fmt::format("{}: {} of {} expectation{}", *has_passed ? "Passed" : "Failed", so_many,
                       expected.size(), expected.size() == 1 ? "" : "s");
}

int exit_status_of(const Verdict& verdict, const Expectations& expect,
                   const std::vector<Expected>& expected) {
    const auto has_passed = passed(verdict, expect, expected);
    return !has_passed ? verdict.exit_status : *has_passed ? 0 : 1;
}

int exit_status_of(const Verdict& verdict, const Scenario& scenario, const std::vector<Expected>& expected,
                   const Safety& safety) {
    const int status = exit_status_of(verdict, scenario.expect, expected);
    if (status != 0 || !scenario.safety || safety.is_good()) return status;
    return 1;
}

}  // namespace netcut
