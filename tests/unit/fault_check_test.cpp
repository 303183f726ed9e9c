// SPDX-License-Identifier: Apache-2.0
//
// Faults of a scenario that cannot be: each is refused at its place.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "fault/fault.h"
#include "scenario/check.h"
#include "scenario/scenario.h"
#include "scenario/triggers.h"
#include "scenario/yaml.h"

namespace netcut::test::NETCUT_FILE {
namespace {

using testing::HasSubstr;

constexpr const char* plain = "aggregator: {command: a}\ncollaborator: {command: c}\n";

Scenario read(const std::string& yaml) {
    Scenario scenario;
    const auto result = read_yaml(scenario, yaml, "test.yaml");
    if (!result) throw std::runtime_error(result.error().text());
    return scenario;
}

// The error of a scenario with these entries of `faults`, each on a line of its own from the fifth on.
std::string fault_error(const std::vector<std::string>& faults, const std::string& fabric = "{}") {
    std::string yaml = plain + ("fabric: " + fabric + "\nfaults:\n");
    for (const std::string& fault : faults) yaml += "- {" + fault + "}\n";
    Scenario scenario;
    if (auto result = read_yaml(scenario, yaml, "test.yaml"); !result) return result.error().text();
    if (auto result = check(scenario); !result) return result.error().text();
    return "none";
}

// That the last of these faults is refused at `place` in its text, because of `why`.
void expect_refused(const std::vector<std::string>& faults, const std::string& place, const std::string& why,
                    const std::string& fabric = "{}") {
    const std::string& fault = faults.back();
    const std::size_t column = fault.find(place) + std::string("- {").size() + 1;
    ASSERT_NE(fault.find(place), std::string::npos) << fault;
    EXPECT_THAT(fault_error(faults, fabric), HasSubstr("test.yaml:" + std::to_string(faults.size() + 4) +
                                                       ":" + std::to_string(column) + ": " + why))
        << fault;
}

TEST(Fault, ValuesThatTheKernelCannotKeepAreRefusedAtTheirPlace) {
    expect_refused({"kind: jitter, jitter: 2200ms, engine: netem, on: start"}, "2200ms",
                   "2.2s is more than netem can keep, which is 2.147 s");
    EXPECT_EQ(fault_error({"kind: jitter, jitter: 2100ms, engine: netem, on: start"}), "none");
    EXPECT_EQ(fault_error({"kind: jitter, jitter: 2200ms, on: start"}), "none");
    expect_refused({"kind: jitter, jitter: 1s, engine: netem, seed: 3, on: start"}, "3", "netem has no seed");
    expect_refused({"kind: drip, bytes: 0, on: start"}, "0", "nothing would ever pass");
    expect_refused({"kind: slow-start, from: 2mbit, to: 1mbit, on: start"}, "1mbit", "it is slower than");
    expect_refused({"kind: delay, delay: 11m, on: start"}, "11m", "11m is longer than 10m");
    expect_refused({"kind: dns, answer: late, delay: 11m, on: start"}, "11m", "11m is longer than 10m");
    EXPECT_THAT(fault_error({"kind: reorder, share: 5%, on: start"}), HasSubstr("5:3: there is no delay"));
    EXPECT_THAT(fault_error({"kind: reorder, gap: 3, on: start"}), HasSubstr("5:3: there is no delay"));
    EXPECT_EQ(fault_error({"kind: reorder, gap: 3, delay: 10ms, on: start"}), "none");
    EXPECT_THAT(fault_error({"kind: reorder, delay: 10ms, on: start"}), HasSubstr("no packet is meant"));
    expect_refused({"kind: corrupt, share: 0%, on: start"}, "0%", "no packet is meant");
}

TEST(Fault, QueueThatNoFrameFitsIsRefused) {
    const auto rate = [](const std::string& keys) { return "kind: rate, rate: 1mbit, on: start, " + keys; };
    expect_refused({rate("burst: 1513")}, "1513", "a packet of the MTU has 1514 bytes");
    expect_refused({rate("queue: 1.5k")}, "1.5k", "a packet of the MTU has 1514 bytes");
    EXPECT_EQ(fault_error({rate("burst: 1514, queue: 1514")}), "none");
    expect_refused({rate("burst: 1514")}, "1514", "a packet of the MTU has 1515 bytes", "{mtu: 1501}");
    expect_refused({rate("queue: 0s")}, "0s", "a queue of no time");
    expect_refused({rate("queue: 3GB")}, "3GB", "at this rate, more than 1 GB");
    expect_refused({"kind: rate, rate: 16gbit, queue: 1s, on: start"}, "1s", "at this rate, more than 1 GB");
}

TEST(Fault, QueueOfFewBytesHoldsSingleSegments) {
    const auto segments = [](const std::string& more) {
        Scenario scenario = read(plain + more + "\n");
        EXPECT_TRUE(check(scenario));
        return scenario.fabric.single_segments;
    };
    const auto of_fault = [&](const std::string& rate, const std::string& queue) {
        return segments("faults: [{kind: rate, rate: " + rate + ", on: start, queue: " + queue + "}]");
    };
    EXPECT_TRUE(of_fault("10mbit", "10KiB")) << "or none of the unsegmented ones would pass";
    EXPECT_TRUE(of_fault("1mbit", "100ms"));
    EXPECT_FALSE(of_fault("10mbit", "100ms"));
    EXPECT_TRUE(segments("fabric: {rate: 10mbit, queue: 10ms}"));
    EXPECT_FALSE(segments("fabric: {rate: 10mbit}"));
}

TEST(Fault, SharesTimesAndPeriodsThatCannotBeAreRefusedAtTheirPlace) {
    for (const char* bad : {"101%", "-1%", "1e3%", "nan%", "5", "5%%", "0x5%"}) {
        expect_refused({std::string("kind: duplicate, on: start, share: ") + bad}, bad,
                       "read the percentage");
        expect_refused(
            {std::string("kind: drop, on: start, flap: {period: 1s, count: 2, duty: ") + bad + "}"}, bad,
            "read the percentage");
    }
    expect_refused({"kind: duplicate, share: 5%, on: start, correlation: 101%"}, "101%",
                   "read the percentage");
    expect_refused({"kind: loss, on: start, model: burst 1% 101%"}, "burst",
                   "read the loss model 'burst 1% 101%': at column 10: r = '101%' is above 100%");
    expect_refused({"kind: loss, model: every 3, on: start, period: 100"}, "100",
                   "list what 'every 3' loses of 100 packets: the list repeats");
    expect_refused({"kind: loss, model: 'packets 3,17-19', on: start, period: 10"}, "10",
                   "list what 'packets 3,17-19' loses of 10 packets: packet 19 is beyond the period");
    for (const char* kind : {"kind: drop, on: start, for: ", "kind: idle-timeout, on: start, after: ",
                             "kind: delay, on: start, delay: ", "kind: jitter, on: start, jitter: ",
                             "kind: drop, on: {log: x}, when: silence "})
        EXPECT_THAT(fault_error({kind + std::string("-1s")}), HasSubstr("it is negative")) << kind;
    expect_refused({"kind: drop, on: {log: x, delay: -1s}"}, "-1s", "read the duration");
    expect_refused({"kind: down, port: 80, on: start"}, "80", "the kind down has no 'port'");
}

TEST(Fault, FlapThatTheKernelCannotKeepUpWithIsRefused) {
    const auto flap = [](const std::string& keys) { return "kind: drop, on: start, flap: {" + keys + "}"; };
    EXPECT_EQ(fault_error({flap("period: 100ms, count: 3")}), "none");
    expect_refused({flap("period: 100ms, duty: 0.5%, count: 3")}, "{", "with this period");
    expect_refused({flap("period: 100ms, jitter: 100%, count: 3")}, "{", "with this period");
    expect_refused({flap("period: 1ms, count: 3")}, "{", "its period is at least 2ms");
    expect_refused({flap("period: 1s, count: 2000000000")}, "2000000000", "read count");
}

TEST(Fault, LineOfAFileIsWaitedForInThatFile) {
    Scenario scenario =
        read(plain + std::string("faults: [{on: {file: 'log/{name}.txt', line: round 2}}]\n"));
    ASSERT_TRUE(check(scenario));
    const Scenario again = read(write_yaml(scenario));
    EXPECT_EQ(again.faults[0].trigger, scenario.faults[0].trigger);
    EXPECT_EQ(begin_text(again.faults[0]), "on 'round 2' in log/{name}.txt of collaborator2");
    EXPECT_THAT(fault_error({"on: {file: x.log}"}), HasSubstr("nothing says which line of the file"));
    EXPECT_THAT(fault_error({"on: {file: x.log, line: 're:('}"}), HasSubstr("5:"));
    EXPECT_THAT(fault_error({"on: {file: '{nme}', line: x}"}), HasSubstr("nme"));
    EXPECT_THAT(fault_error({"on: {file: x.log, line: x, log: y}"}), HasSubstr("not on several"));
    EXPECT_THAT(fault_error({"on: {line: x}"}), HasSubstr("on has no key 'line'"));
}

TEST(Fault, FaultThatWaitsForWhatNeverComesIsRefused) {
    EXPECT_THAT(fault_error({"name: a, on: {after: b}", "name: b, on: {with: a}"}),
                HasSubstr("5:17: a fault cannot wait for itself"));
    expect_refused({"name: a, on: {after: a}"}, "{", "a fault cannot wait for itself");
    expect_refused({"name: a, on: {with: c}"}, "{", "there is no fault 'c'");
    expect_refused({"name: a, on: start, for: never", "name: b, on: {after: a}"}, "{",
                   "the fault 'a' never heals");
    expect_refused({"name: a, kind: kill, on: start", "name: b, on: {after: a}"}, "{",
                   "the fault 'a' never heals");
    expect_refused({"name: a, on: start", "name: b, on: {with: a, nth: 2}"}, "{",
                   "the fault 'a' happens once");
    EXPECT_EQ(
        fault_error({"name: a, on: start, flap: {period: 1s, count: 2}", "name: b, on: {after: a, nth: 2}"}),
        "none");
}

TEST(Fault, ContradictionsOnOneNodeAreRefused) {
    const std::string later = "on: {log: y}";
    const std::string same = "on: {log: x}";
    const std::string with = "on: {with: a}";
    const std::string after = "on: {after: a}";
    const auto both = [](const std::string& one, const std::string& other, const std::string& when) {
        return std::vector<std::string>{"name: a, nodes: [collaborator1], on: {log: x}, kind: " + one,
                                        "nodes: [collaborator1], " + when + ", kind: " + other};
    };
    for (const char* other : {"down", "unplug", "renumber"}) {
        expect_refused(both("down", other, later), "[",
                       "the fault 'a' takes the link of collaborator1 away too");
        EXPECT_EQ(fault_error(both("down", other, after)), "none") << other;
    }
    expect_refused(both("pause", "pause", later), "[", "the fault 'a' pauses collaborator1 too");
    EXPECT_EQ(fault_error(both("pause", "pause", after)), "none");
    for (const std::string& when : {same, with})
        expect_refused(both("pause", "restart", when), "[",
                       "the fault 'a' (pause) acts on the processes of collaborator1 at the same moment");
    EXPECT_EQ(fault_error(both("pause", "restart", later)), "none");
    EXPECT_EQ(fault_error(both("drop", "pause", same)), "none") << "these are different things";
    EXPECT_EQ(fault_error(both("drop", "loss, model: iid 1%", same)), "none");
    EXPECT_THAT(fault_error(both("down, times: 3", "unplug", after)), HasSubstr("on: {after: a, nth: 3}"));
    EXPECT_EQ(fault_error(both("down, times: 3", "unplug", "on: {after: a, nth: 3}")), "none");
}

}  // namespace
}  // namespace netcut::test::NETCUT_FILE
