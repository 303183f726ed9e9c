// SPDX-License-Identifier: Apache-2.0
#include "netcut/scenario.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "netcut/node.h"

namespace netcut::test {
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
  - {kind: drop, direction: up, on: {log: x}, for: 250ms}
timeout: 5m
hang_after: 30s
grace: 1s
user: nobody
tty: true
)yaml");
    ASSERT_TRUE(check(scenario));
    EXPECT_THAT(scenario.collaborator.command, ElementsAre("go", "with spaces", "{name}"));
    EXPECT_FALSE(scenario.faults[0].duration);
    EXPECT_EQ(scenario.faults[1].duration, Nanoseconds(250ms));
    EXPECT_EQ(scenario.faults[1].name, "cut2");
    EXPECT_THAT(scenario.faults[1].nodes, ElementsAre("collaborator3")) << "the last one by default";
    EXPECT_EQ(scenario.faults[1].trigger.node, "collaborator3") << "its own log by default";
    const std::string written = write_yaml(scenario);
    Scenario again = read(written);
    ASSERT_TRUE(check(again));
    EXPECT_EQ(write_yaml(again), written);
}

TEST(Scenario, LaterTextsOverlayEarlierOnes) {
    Scenario scenario = read(template_text("reference").value());
    ASSERT_TRUE(read_yaml(scenario, "collaborators: 7\nparameters: {rounds: 9}\n", "mine.yaml"));
    EXPECT_EQ(scenario.collaborators, 7U);
    EXPECT_EQ(scenario.parameters.at("rounds"), "9");
    EXPECT_EQ(scenario.parameters.at("epochs"), "2");
    EXPECT_TRUE(check(scenario));
}

TEST(Scenario, EveryTemplateIsComplete) {
    for (const std::string& name : template_names()) {
        Scenario scenario = read(template_text(name).value());
        const auto checked = check(scenario);
        EXPECT_TRUE(checked) << name << ": " << (checked ? "" : checked.error().text());
    }
}

TEST(Scenario, MistakesAreNamedWithTheirPlace) {
    EXPECT_THAT(
        error_of("colaborators: 3\n"),
        HasSubstr("test.yaml:1:1: the scenario has no key 'colaborators' (did you mean 'collaborators'?)"));
    EXPECT_THAT(error_of("fabric:\n  mtu: big\n"), HasSubstr("test.yaml:2:8"));
    EXPECT_THAT(error_of("faults:\n  - on:\n      log: a\n      nth: 0\n"), HasSubstr("test.yaml:4:12"));
    EXPECT_THAT(error_of("aggregator: {command: [a, {b: c}]}\n"), HasSubstr("single value"));
    EXPECT_THAT(error_of("a: &x [*x\n"), HasSubstr("no YAML"));
    EXPECT_THAT(error_of("x: {\n"), HasSubstr("no YAML"));
    EXPECT_THAT(error_of(std::string(plain) + "faults: [{on: {log: 're:['}}]\n"), HasSubstr("re:["));
    EXPECT_THAT(error_of(std::string(plain) + "faults: [{on: {log: x, node: nobody}}]\n"),
                HasSubstr("watch nobody"));
    EXPECT_THAT(error_of(std::string(plain) + "faults: [{nodes: [aggregator, aggregator], on: {log: x}}]\n"),
                HasSubstr("twice"));
    EXPECT_EQ(error_of(plain), "none");
}

TEST(Expand, FillsInWordsAndSplitsParameters) {
    Scenario scenario = read(plain);
    scenario.parameters = {{"rounds", "5"}, {"args", "--a 'b c'"}, {"none", ""}};
    const ExpandContext context{"collaborator2", 2, "/w", "/b"};
    const auto expanded =
        expand({"{bin}/x", "--name={name}-{index}", "{args}", "{none}", "{rounds}", "{\"json\": {{1}}", "{}"},
               scenario, context);
    ASSERT_TRUE(expanded);
    EXPECT_THAT(*expanded,
                ElementsAre("/b/x", "--name=collaborator2-2", "--a", "b c", "5", "{\"json\": {1}}", "{}"));
    EXPECT_THAT(expand({"{round}"}, scenario, context).error().text(), HasSubstr("did you mean {rounds}"));
}

TEST(SplitCommand, QuotesAndBackslashesAsInAShell) {
    EXPECT_THAT(*split_command("a 'b c' \"d \\\" e\" f\\ g '' h'i'j"),
                ElementsAre("a", "b c", "d \" e", "f g", "", "hij"));
    for (const char* bad : {"", "   ", "'open", "a \"open", "''"}) EXPECT_FALSE(split_command(bad)) << bad;
}

TEST(Rate, ReadsAsTcDoes) {
    EXPECT_EQ(*parse_rate("100mbit"), 100'000'000U);
    EXPECT_EQ(*parse_rate("1.5gbit"), 1'500'000'000U);
    for (const char* bad : {"", "100", "mbit", "-1mbit", "1bit", "99gbit", "nanmbit", "1mbps"})
        EXPECT_FALSE(parse_rate(bad)) << bad;
}

}  // namespace
}  // namespace netcut::test
