// SPDX-License-Identifier: Apache-2.0
//
// Scenarios that are too much, or hold what they cannot leave behind, are refused at once.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <time.h>

#include "base/error.h"
#include "base/time.h"
#include "scenario/check.h"
#include "scenario/fault_spec.h"
#include "scenario/scenario.h"
#include "scenario/text_check.h"
#include "scenario/triggers.h"
#include "scenario/yaml.h"

namespace netcut::test::NETCUT_FILE {
namespace {

using testing::HasSubstr;

Result<Scenario> read(const std::string& yaml) {
    Scenario scenario;
    NETCUT_TRY(read_yaml(scenario, yaml, "s.yaml"));
    NETCUT_TRY(check(scenario));
    return scenario;
}

const std::string roles = "aggregator: {command: [a]}\ncollaborator: {command: [b]}\n";

std::string why(const std::string& yaml) {
    const auto scenario = read(yaml);
    return scenario ? "nothing is wrong" : scenario.error().text();
}

// Of a processor: how long others have it does not count.
Nanoseconds time_used() {
    timespec time{};
    ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
    return std::chrono::seconds(time.tv_sec) + Nanoseconds(time.tv_nsec);
}

Nanoseconds time_to_read(const std::string& yaml) {
    const Nanoseconds begin = time_used();
    EXPECT_EQ(why(yaml), "nothing is wrong");
    return time_used() - begin;
}

TEST(ScenarioBounds, AliasesCountAsWhatTheyStandFor) {
    std::string yaml = roles + "env: {a: &a " + std::string(20'000, 'x');
    for (int i = 0; i < 10'000; ++i) yaml += ", v" + std::to_string(i) + ": *a";
    EXPECT_THAT(why(yaml + "}\n"), HasSubstr("with its aliases filled in, it has more than 2 MiB"));
    EXPECT_EQ(why(roles + "env: {a: &a x, b: *a}\n"), "nothing is wrong");
}

TEST(ScenarioBounds, AnAliasCannotStandWithinItself) {
    EXPECT_THAT(why(roles + "faults: &a [*a]\n"), HasSubstr("s.yaml:3:13: an alias stands within"));
}

TEST(ScenarioBounds, AliasesOfAliasesThatGrowWithoutEndAreRefused) {
    std::string yaml = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n";
    for (int i = 1; i < 30; ++i) {
        const std::string before = "*a" + std::to_string(i - 1);
        yaml += "a" + std::to_string(i) + ": &a" + std::to_string(i) + " [" + before;
        for (int j = 1; j < 10; ++j) yaml += ", " + before;
        yaml += "]\n";
    }
    EXPECT_THAT(why(yaml), HasSubstr("filled in"));
}

TEST(ScenarioBounds, DeepAndLargeTextsAreRefused) {
    EXPECT_THAT(why(std::string(100, '[') + std::string(100, ']')), HasSubstr("nests more than 64 deep"));
    EXPECT_THAT(why("description: " + std::string(5'000'000, 'x')), HasSubstr("more than 4 MiB"));
    EXPECT_THAT(why("faults: [" +
                    [] {
                        std::string zeros;
                        for (int i = 0; i < 500'000; ++i) zeros += "0,";
                        return zeros;
                    }() +
                    "]"),
                HasSubstr("more than 2 MiB"));
}

std::string many_faults(int count, const std::string& keys) {
    std::string yaml = roles + "faults:\n";
    for (int i = 0; i < count; ++i) yaml += "  - {name: f" + std::to_string(i) + ", " + keys + "}\n";
    return yaml;
}

TEST(ScenarioBounds, ThereAreSoManyFaultsAtMost) {
    EXPECT_EQ(why(many_faults(2000, "kind: drop, on: {log: x}")), "nothing is wrong");
    EXPECT_THAT(why(many_faults(2001, "kind: drop, on: {log: x}")), HasSubstr("2000 at most"));
    EXPECT_THAT(why(many_faults(2, "kind: drop, on: {log: x}, flap: {period: 1s, count: 600000}")),
                HasSubstr("1000000 times at most"));
    EXPECT_THAT(why("collaborators: 4096\n" +
                    many_faults(1500, "kind: drop, on: {log: x}, nodes: [all], peers: [all]")),
                HasSubstr("too many nodes"));
}

// Ten times as many took a thousand times as long.
TEST(ScenarioBounds, TheTimeToReadManyFaultsIsNotThatOfTheirPairs) {
    for (const bool in_turn : {false, true}) {
        const auto yaml = [&](int count) {
            if (!in_turn) return many_faults(count, "kind: drop, on: {log: x}, nodes: [collaborator2]");
            std::string text = roles + "faults:\n  - {name: f0, kind: down, on: start}\n";
            for (int i = 1; i < count; ++i)
                text += "  - {name: f" + std::to_string(i) + ", kind: down, on: {after: f" +
                        std::to_string(i - 1) + "}}\n";
            return text;
        };
        Nanoseconds few = Nanoseconds::max();
        for (int i = 0; i < 3; ++i) few = std::min(few, time_to_read(yaml(200)));
        EXPECT_LT(time_to_read(yaml(2000)), 40 * few) << in_turn;
    }
}

TEST(ScenarioBounds, FaultsInTheWayOfEachOtherAreFoundAmongMany) {
    std::string yaml = many_faults(1000, "kind: drop, on: {log: x}");
    yaml += "  - {name: one, kind: down, on: {log: x}}\n  - {name: two, kind: unplug, on: {log: y}}\n";
    EXPECT_THAT(why(yaml), HasSubstr("the fault 'one' takes the link of collaborator2 away too"));
    EXPECT_THAT(why(roles + "faults:\n  - {name: one, kind: pause, on: {log: x}}\n"
                            "  - {name: two, kind: restart, on: {with: one}}\n"),
                HasSubstr("the fault 'one' (pause) acts on the processes"));
    EXPECT_THAT(
        why(roles + "faults:\n  - {name: a, kind: drop, on: {after: c}}\n  - {name: b, kind: drop, on: "
                    "{after: a}}\n  - {name: c, kind: drop, on: {after: b}}\n"),
        HasSubstr("a fault cannot wait for itself"));
}

TEST(ScenarioTexts, NulAndWhatIsNoCharacterAreRefusedWhereTheyStand) {
    EXPECT_THAT(why(roles + "env: {a: \"x\\0y\"}\n"), HasSubstr("s.yaml:3:10: env: it has a NUL character"));
    EXPECT_THAT(why("aggregator: {command: [\"/bin/tr\\0ue\"]}\n"),
                HasSubstr("s.yaml:1:24: command: it has a NUL"));
    EXPECT_THAT(why(roles + "\"a\\0b\": x\n"), HasSubstr("s.yaml:3:1: a key: it has a NUL"));
    EXPECT_THAT(why(roles + "ready: \"\\uFFFF\"\n"), HasSubstr("ready: it has U+FFFF"));
    EXPECT_THAT(why(roles + "progress: \"re:\"\n"), HasSubstr("it would match every line"));
    EXPECT_THAT(why(roles + "ready: caf\xe9\n"), HasSubstr("it is no UTF-8"));
}

TEST(ScenarioTexts, OptionsToo) {
    Scenario scenario = read(roles).value();
    scenario.ready = "caf\xe9";
    const auto checked = check(scenario);
    ASSERT_FALSE(checked);
    EXPECT_EQ(checked.error().kind, Error::Kind::usage);
    EXPECT_THAT(checked.error().text(), HasSubstr("no UTF-8"));
}

TEST(ScenarioTexts, NamesAreThoseThatFilesAndScreensCanHave) {
    for (const std::string name :
         {"cut", "a b", "größe", "x: [y]", "~", "null", "#1", "- a", "'", "%", "日本語"}) {
        EXPECT_TRUE(check_name(name, "the run")) << name;
        Scenario scenario = read(roles).value();
        scenario.name = name;
        FaultSpec& fault = scenario.faults.emplace_back();
        fault.name = name;
        fault.trigger.kind = FaultTrigger::Kind::start;
        ASSERT_TRUE(check(scenario)) << name;
        const Scenario again = read(write_yaml(scenario)).value();
        EXPECT_EQ(again.name, name);
        EXPECT_EQ(again.faults.front().name, name);
    }
    for (const std::string& name : {std::string(), std::string("a/b"), std::string(".a"), std::string("a\nb"),
                                    std::string("a\0b", 3), std::string("\x1b[31m"),
                                    std::string("x\xc2\x9b"
                                                "31m"),
                                    std::string("\xe2\x80\xae"), std::string("\xff"),
                                    std::string("\xef\xbf\xbf"), std::string(201, 'x')}) {
        const auto named = check_name(name, "the run");
        ASSERT_FALSE(named) << name;
        EXPECT_EQ(named.error().kind, Error::Kind::usage);
    }
}

// What a run leaves as scenario.yaml is what it carried out.
TEST(ScenarioTexts, EveryTextThatIsTakenReadsBack) {
    for (const std::string text : {"a\tb",
                                   "line\nline\n",
                                   "\r",
                                   "\x1b[31m",
                                   "\x7f",
                                   "\xc2\x85",
                                   "\xc2\xa0",
                                   "  a  ",
                                   "\xef\xbb\xbf"
                                   "a",
                                   "\xe2\x80\xa8",
                                   "\"'\\",
                                   "{name}}",
                                   "*",
                                   "&a",
                                   "!a",
                                   "|",
                                   ">",
                                   "%",
                                   "@",
                                   "`",
                                   "1e3",
                                   "true",
                                   ": ",
                                   "a #b"}) {
        Scenario scenario = read(roles).value();
        scenario.aggregator.command = {"a", text};
        scenario.env["X"] = text;
        scenario.end = "x" + text;
        const auto again = read(write_yaml(scenario));
        ASSERT_TRUE(again) << again.error().text();
        EXPECT_EQ(again->aggregator.command, scenario.aggregator.command);
        EXPECT_EQ(again->env, scenario.env);
        EXPECT_EQ(again->end, scenario.end);
    }
}

}  // namespace
}  // namespace netcut::test::NETCUT_FILE
