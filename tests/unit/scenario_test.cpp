// SPDX-License-Identifier: Apache-2.0

#include "scenario/scenario.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/time.h"
#include "explore/experiments.h"
#include "fault/fault.h"
#include "fault/needs.h"
#include "scenario/check.h"
#include "scenario/expand.h"
#include "scenario/fault_kind.h"
#include "scenario/plan.h"
#include "scenario/template.h"
#include "scenario/triggers.h"
#include "scenario/yaml.h"

namespace netcut::test::NETCUT_FILE {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using namespace std::chrono_literals;

Scenario read(const std::string& yaml) {
    Scenario scenario;
    const auto result = read_yaml(scenario, yaml, "test.yaml");
    if (!result) throw std::runtime_error(result.error().text());
    return scenario;
}

std::string error_of(const std::string& yaml) {
    Scenario scenario;
    if (auto result = read_yaml(scenario, yaml, "test.yaml"); !result) return result.error().text();
    if (auto result = check(scenario); !result) return result.error().text();
    return "none";
}

Scenario reference() {
    Scenario scenario;
    const auto result = read_template(scenario, "reference");
    if (!result) throw std::runtime_error(result.error().text());
    return scenario;
}

constexpr const char* plain = "aggregator: {command: a}\ncollaborator: {command: c}\n";

TEST(Scenario, EveryKeyIsReadAndWrittenBack) {
    Scenario scenario = read(R"yaml(
name: all
collaborators: 3
fabric: {kind: bridge, ip: 6, mtu: 1400, rate: 10mbit, shaper: htb, queue: 50ms, single_segments: true}
aggregator: {command: [run, --all], env: {A: b}, cwd: /tmp, aliases: [x.example]}
collaborator: {command: "go 'with spaces' {name}"}
prepare: make ready
parameters: {depth: 3}
ready: listening
progress: "re:round ([0-9]+)"
faults:
  - {name: one, kind: unplug, nodes: [collaborator1, collaborator2], address: new, mac: new, announce: false,
     on: {log: "round * begins", node: aggregator, nth: 2, delay: 1s}, for: never, times: 4}
  - {kind: drop, direction: up, beyond: 64KiB, on: {log: x}, for: 250ms}
  - {kind: drop, on: {phase: sending, after: 64KiB, node: collaborator2, round: 3, nth: 2,
     armed_by: {log: begins, node: aggregator}}}
  - {kind: drop, on: {phase: computing, after: 200ms, delay: 1s, armed_by: exchange}}
  - {kind: drop, on: {phase: reply-lost}}
expect: {verdict: crashed, recovered_within: 2s, finished: true, nobody_crashed: true, rounds: 3,
         logs: [{node: collaborator1, line: "re:a(b)", equals: b}, {line: c}]}
timeout: 5m
hang_after: 30s
grace: 1s
user: nobody
tty: true
env: {C: "{depth}"}
workspace: /srv/workspace
files: /srv/template
)yaml");
    ASSERT_TRUE(check(scenario));
    EXPECT_THAT(scenario.collaborator.command, ElementsAre("go", "with spaces", "{name}"));
    EXPECT_FALSE(scenario.faults[0].duration);
    EXPECT_EQ(scenario.faults[1].duration, Nanoseconds(250ms));
    EXPECT_EQ(scenario.faults[1].name, "cut2");
    EXPECT_EQ(scenario.faults[1].text("beyond"), "64KiB");
    EXPECT_THAT(scenario.faults[1].nodes, ElementsAre("collaborator3")) << "the last one by default";
    EXPECT_EQ(scenario.faults[1].trigger.node, "collaborator3") << "its own log by default";
    const PhaseMoment& sending = scenario.faults[2].trigger.phase;
    EXPECT_EQ(sending.kind, PhaseMoment::Kind::sending);
    EXPECT_EQ(sending.bytes, 65536U);
    EXPECT_EQ(sending.round, 3U);
    EXPECT_EQ(sending.armed_by_node, "aggregator");
    EXPECT_EQ(scenario.faults[3].trigger.phase.time, Nanoseconds(200ms));
    EXPECT_TRUE(scenario.faults[3].trigger.phase.after_exchange);
    EXPECT_EQ(scenario.faults[4].trigger.phase.bytes, 16384U) << "more than what a poll sends";
    EXPECT_EQ(scenario.faults[4].trigger.node, "collaborator3");
    const std::string written = write_yaml(scenario);
    Scenario again = read(written);
    ASSERT_TRUE(check(again));
    EXPECT_EQ(write_yaml(again), written);
}

TEST(Scenario, AnUplinkIsOfNodesThatThereAre) {
    const std::string nodes = "collaborators: 2\naggregator: {command: a}\ncollaborator: {command: c}\n";
    Scenario all = read(nodes + "fabric: {uplink: all}\n");
    ASSERT_TRUE(check(all));
    EXPECT_THAT(all.fabric.uplink, ElementsAre("aggregator", "collaborator1", "collaborator2"));
    Scenario again = read(write_yaml(all));
    EXPECT_EQ(again.fabric.uplink, all.fabric.uplink);
    Scenario unknown = read(nodes + "fabric: {uplink: [collaborator3]}\n");
    EXPECT_FALSE(check(unknown));
    Scenario bridge = read(nodes + "fabric: {kind: bridge, uplink: [collaborator1]}\n");
    EXPECT_FALSE(check(bridge));
}

TEST(Scenario, ProgressMarksTheBeginOrTheEndOfARound) {
    const std::string nodes = "aggregator: {command: a}\ncollaborator: {command: c}\n";
    const Scenario scenario = read(nodes + "progress: {line: 're:round ([0-9]+) done', marks: end}\n");
    EXPECT_EQ(scenario.progress, "re:round ([0-9]+) done");
    EXPECT_EQ(scenario.progress_marks, RoundMark::end);
    EXPECT_EQ(read(write_yaml(scenario)).progress_marks, RoundMark::end);
    EXPECT_EQ(read(nodes + "progress: round\n").progress_marks, RoundMark::begin);
    EXPECT_THAT(error_of(nodes + "progress: {line: x, marks: middle}\n"), HasSubstr("begin, end"));
}

TEST(Scenario, KnowsWhetherAParameterIsUsed) {
    const Scenario scenario = read(
        "parameters: {depth: 3, width: 4, other: '5'}\nenv: {A: 'x{width}'}\n"
        "aggregator: {command: a}\ncollaborator: {command: 'c {depth}'}\n");
    EXPECT_TRUE(uses_parameter(scenario, "depth"));
    EXPECT_TRUE(uses_parameter(scenario, "width"));
    EXPECT_FALSE(uses_parameter(scenario, "other"));
}

TEST(Scenario, ExpectationsAreChecked) {
    EXPECT_THAT(error_of(std::string(plain) + "expect: {verdict: great}\n"),
                HasSubstr("there is none of that name"));
    EXPECT_THAT(error_of(std::string(plain) + "expect: {rounds: 2}\n"),
                HasSubstr("nothing says what a round is"));
    EXPECT_THAT(error_of(std::string(plain) + "expect: {logs: [{node: x, line: y}]}\n"),
                HasSubstr("there is no such node"));
    EXPECT_THAT(error_of(std::string(plain) + "expect: {logs: [{equals: y}]}\n"), HasSubstr("test.yaml:3"));
}

TEST(Scenario, EveryExperimentOfATemplateCanBeMade) {
    const Scenario base = reference();
    ASSERT_EQ(base.experiments.size(), 5U);
    for (const ExperimentSpec& experiment : base.experiments)
        for (const FaultKind* kind : {fault_kind("drop"), fault_kind("down"), fault_kind("unplug")}) {
            const auto scenario = experiment_scenario(base, experiment, {kind, 5s});
            ASSERT_TRUE(scenario) << experiment.name << ": " << scenario.error().text();
            Scenario again = read(write_yaml(*scenario));
            EXPECT_TRUE(check(again));
            EXPECT_EQ(again.faults[0].kind, kind);
            EXPECT_EQ(again.faults[0].trigger.pattern.find('{'), std::string::npos);
        }
}

TEST(Scenario, ParametersMayHaveAValueForEachNode) {
    Scenario scenario = read(std::string("aggregator: {command: a}\ncollaborator: {command: 'c {pace}'}\n") +
                             "parameters: {pace: '{index}s'}\n");
    const auto words = expand(scenario.collaborator.command, scenario, {"collaborator3", 3, "w", "b", "p"});
    EXPECT_THAT(words.value(), ElementsAre("c", "3s"));
    scenario.parameters["pace"] = "{pace}";
    EXPECT_FALSE(expand(scenario.collaborator.command, scenario, {"collaborator3", 3, "w", "b", "p"}));
}

TEST(Scenario, NeedsTheShapersThatItUses) {
    Scenario scenario = read(std::string(plain) + "fabric: {rate: 1mbit, shaper: htb}\n");
    EXPECT_THAT(needs_of(scenario), ElementsAre(Need::htb));
    scenario = read(std::string(plain) + "fabric: {rate: 1mbit}\n");
    EXPECT_THAT(needs_of(scenario), ElementsAre(Need::tbf));
    scenario = read(std::string(plain) + "faults: [{kind: rate, rate: 1mbit, on: start}]\n");
    EXPECT_THAT(needs_of(scenario), testing::UnorderedElementsAre(Need::htb, Need::redirect));
    EXPECT_THAT(needs_of(read(plain)), testing::IsEmpty());
}

TEST(Scenario, LaterTextsOverlayEarlierOnes) {
    Scenario scenario = reference();
    ASSERT_TRUE(read_yaml(scenario, "collaborators: 7\nparameters: {rounds: 9}\n", "mine.yaml"));
    EXPECT_EQ(scenario.collaborators, 7U);
    EXPECT_EQ(scenario.parameters.at("rounds"), "9");
    EXPECT_EQ(scenario.parameters.at("epochs"), "2");
    EXPECT_TRUE(check(scenario));
}

TEST(Scenario, EveryTemplateIsComplete) {
    for (const std::string& name : template_names()) {
        Scenario scenario;
        if (!read_template(scenario, name)) {
            scenario = {};
            ASSERT_TRUE(read_template(scenario, name + "/variant"));
        }
        for (auto& [parameter, value] : scenario.parameters)  // what the user has to say
            if (value.empty()) value = "x";
        const auto checked = check(scenario);
        EXPECT_TRUE(checked) << name << ": " << (checked ? "" : checked.error().text());
    }
}

TEST(Scenario, MistakesAreShownInTheirLine) {
    EXPECT_THAT(error_of("name: x\nfabric: {mtu: big}\n"),
                HasSubstr("\n    fabric: {mtu: big}\n                  ^"));
    EXPECT_THAT(error_of("faults:\n  - {on: {log: round 2: training}}\n"),
                AllOf(HasSubstr("test.yaml:2:"), HasSubstr("needs quotes"),
                      HasSubstr("\n      - {on: {log: round 2")));
    EXPECT_THAT(error_of("collaborator: {command: c.py --id {index}}\n"), HasSubstr("needs quotes"));
    EXPECT_THAT(error_of("fabric:\n\tmtu: 1500\n"), HasSubstr("not with tabs"));
    EXPECT_THAT(error_of("aggregator: python3 server.py\n"), HasSubstr("write 'aggregator: {command: ...}'"));
    EXPECT_THAT(error_of("faults:\n  - {node: x}\n"), HasSubstr("did you mean 'nodes'?"));
    EXPECT_THAT(error_of("x: " + std::string(500, 'y') + "\n"), Not(HasSubstr("yyy")));
}

TEST(Scenario, MistakesAreNamedWithTheirPlace) {
    EXPECT_THAT(
        error_of("colaborators: 3\n"),
        HasSubstr("test.yaml:1:1: the scenario has no key 'colaborators' (did you mean 'collaborators'?)"));
    EXPECT_THAT(error_of("fabric:\n  mtu: big\n"), HasSubstr("test.yaml:2:8"));
    EXPECT_THAT(error_of("faults:\n  - on:\n      log: a\n      nth: 0\n"), HasSubstr("test.yaml:4:12"));
    EXPECT_THAT(error_of("aggregator: {command: [a, {b: c}]}\n"), HasSubstr("single value"));
    EXPECT_THAT(error_of("a: &x [*x\n"), HasSubstr("an alias stands within"));
    EXPECT_THAT(error_of("x: {\n"), HasSubstr("not YAML"));
    EXPECT_THAT(error_of(std::string(plain) + "faults: [{on: {log: 're:['}}]\n"), HasSubstr("re:["));
    EXPECT_THAT(error_of(std::string(plain) + "faults: [{on: {log: x, node: nobody}}]\n"),
                HasSubstr("watch nobody"));
    EXPECT_THAT(error_of(std::string(plain) + "faults: [{nodes: [aggregator, aggregator], on: {log: x}}]\n"),
                HasSubstr("twice"));
    EXPECT_EQ(error_of(plain), "none");
}

TEST(Scenario, NoKeyIsGivenTwiceAndNoSecondDocumentPassedOver) {
    EXPECT_THAT(error_of("name: a\ncollaborators: 2\nname: b\n"),
                HasSubstr("test.yaml:3:1: the key 'name' is given twice (the first is at test.yaml:1:1)"));
    EXPECT_THAT(error_of("faults:\n  - {kind: drop, on: start, kind: down}\n"), HasSubstr("test.yaml:2:29"));
    EXPECT_THAT(error_of("faults: [{on: {log: a, log: b}}]\n"), HasSubstr("test.yaml:1:24"));
    EXPECT_THAT(error_of("parameters: {depth: 1, depth: 2}\n"), HasSubstr("test.yaml:1:24"));
    EXPECT_THAT(error_of("aggregator: {command: a, env: {A: b, A: c}}\n"), HasSubstr("test.yaml:1:38"));
    EXPECT_THAT(error_of("parameters: {[depth]: 1}\n"), HasSubstr("test.yaml:1:14: a name in parameters"));
    EXPECT_THAT(error_of(std::string(plain) + "---\nname: b\n"),
                HasSubstr("test.yaml:4:1: a second document begins here"));
    EXPECT_THAT(error_of(std::string(plain) + "---\n"), HasSubstr("a second document"));
    EXPECT_EQ(error_of("%YAML 1.2\n---\n" + std::string(plain) + "...\n"), "none");
}

TEST(Scenario, PhasesThatCannotBe) {
    const auto of = [](const std::string& on) {
        return error_of(std::string(plain) + "faults: [{kind: drop, on: {" + on + "}}]\n");
    };
    EXPECT_THAT(of("phase: sendng"), HasSubstr("did you mean 'sending'"));
    EXPECT_THAT(of("phase: computing, after: 64KiB"), HasSubstr("no bytes pass while a node is computing"));
    EXPECT_THAT(of("phase: idle, after: 64KiB"), HasSubstr("no bytes pass while a node is idle"));
    EXPECT_THAT(of("phase: reply-lost, after: 2s"), HasSubstr("not after a time"));
    EXPECT_THAT(of("phase: sending, after: soon"), HasSubstr("neither a time nor a number of bytes"));
    EXPECT_THAT(of("phase: sending, delay: 1s"), HasSubstr("no delay"));
    EXPECT_THAT(of("phase: sending, round: 2"), HasSubstr("nothing says which log lines tell the round"));
    EXPECT_THAT(of("phase: sending, log: x"), HasSubstr("not on several"));
    EXPECT_THAT(of("phase: sending, armed_by: {node: aggregator}"), HasSubstr("which log line arms it"));
    EXPECT_THAT(of("phase: sending, armed_by: {log: 're:['}"), HasSubstr("re:["));
    EXPECT_THAT(of("phase: waiting, node: nobody"), HasSubstr("watch nobody"));
    EXPECT_THAT(of("after: other"), HasSubstr("there is no fault 'other'"));
    EXPECT_THAT(error_of(std::string(plain) + "faults: [{when: syn, on: {phase: sending}}]\n"),
                HasSubstr("a moment on the wire already"));
    EXPECT_EQ(of("phase: sending, after: 20ms, delay: 1s"), "none");
}

TEST(Expand, FillsInWordsAndSplitsParameters) {
    Scenario scenario = read(plain);
    scenario.parameters = {{"rounds", "5"}, {"args", "--a 'b c'"}, {"none", ""}};
    const ExpandContext context{"collaborator2", 2, "/w", "/b", "/p"};
    const auto expanded =
        expand({"{bin}/x", "--name={name}-{index}", "{args}", "{none}", "{rounds}", "{\"json\": {{1}}", "{}"},
               scenario, context);
    ASSERT_TRUE(expanded);
    EXPECT_THAT(*expanded,
                ElementsAre("/b/x", "--name=collaborator2-2", "--a", "b c", "5", "{\"json\": {1}}", "{}"));
    EXPECT_THAT(expand({"{round}"}, scenario, context).error().text(), HasSubstr("did you mean {rounds}"));
}

TEST(Fault, WhatItWaitsForIsToldForPeople) {
    Scenario openfl;
    ASSERT_TRUE(read_template(openfl, "openfl/x"));
    std::map<std::string, std::string> texts;
    for (const ExperimentSpec& moment : openfl.experiments) texts[moment.name] = begin_text(moment.fault);
    EXPECT_THAT(texts.at("B"), HasSubstr("in the phase idle 2s"));
    EXPECT_THAT(texts.at("C"), testing::EndsWith(", then at sent 65536"));
    EXPECT_THAT(texts.at("C'"), AllOf(HasSubstr("in the phase reply-lost 65536"), HasSubstr("after 'Collab"),
                                      testing::EndsWith("of aggregator")));
}

}  // namespace
}  // namespace netcut::test::NETCUT_FILE
