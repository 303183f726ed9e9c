// SPDX-License-Identifier: Apache-2.0
//
// The main job: a federation is cut, healed and judged, with every kind of cut and network.
#include <fstream>

#include "base/json.h"
#include "e2e/tool.h"

namespace netcut::test::NETCUT_FILE {
namespace {

struct Case {
    const char* name;
    Arguments options;
};
void PrintTo(const Case& parameter, std::ostream* out) {
    *out << parameter.name;
}

class RecoveryTest : public testing::TestWithParam<Case> {};

INSTANTIATE_TEST_SUITE_P(
    Cuts, RecoveryTest,
    testing::Values(Case{"Drop", {}}, Case{"DropUp", {"--direction", "up"}},
                    Case{"DropDown", {"--direction", "down"}}, Case{"Down", {"--kind", "down"}},
                    Case{"DownAtRouter",
                         {"--kind", "down", "--down-at", "router", "--set", "channel=kept", "--set",
                          "on-error=deadline"}},
                    Case{"Unplug", {"--kind", "unplug"}},
                    Case{"UnplugNewAddressAndMac", {"--kind", "unplug", "--new-ip", "--new-mac"}},
                    Case{"BridgeDrop", {"--fabric", "bridge"}},
                    Case{"BridgeDown", {"--fabric", "bridge", "--kind", "down"}},
                    Case{"BridgeUnplug", {"--fabric", "bridge", "--kind", "unplug"}},
                    Case{"Ip4", {"--ip", "4"}}, Case{"Ip6", {"--ip", "6"}},
                    Case{"Ip6Unplug", {"--ip", "6", "--kind", "unplug"}},
                    Case{"BridgeIp6Down", {"--fabric", "bridge", "--ip", "6", "--kind", "down"}},
                    Case{"KeptChannel", {"--set", "channel=kept", "--set", "on-error=deadline"}},
                    Case{"SmallMtuAndRate", {"--mtu", "1280", "--rate", "50mbit"}}, Case{"Tty", {"--tty"}}),
    [](const auto& info) { return std::string(info.param.name); });

// The undisturbed run that all others are compared with.
const std::string& undisturbed_hash() {
    static const std::string hash = [] {
        const Folder folder;
        const Finished finished = run_tool(small_reference(folder / "run", {"--set", "channel=kept"}));
        EXPECT_EQ(finished.status, 0) << finished.out << finished.err;
        EXPECT_EQ(read_verdict(folder / "run").at("verdict"), "undisturbed");
        return model_hash(folder / "run");
    }();
    return hash;
}

TEST_P(RecoveryTest, LosesPacketsRecoversAndTrainsTheSameModel) {
    NETCUT_E2E_WITH_REFERENCE();
    const Folder folder;
    // In the middle of training, so that the upload begins inside the cut.
    const double lasts = 1.5 * time_scale();
    Arguments options = {"--cut-on",          "round 2: training, epoch 2",
                         "--reconnect-after", std::to_string(1500 * time_scale()) + "ms",
                         "--max-cuts",        "1"};
    options.insert(options.end(), GetParam().options.begin(), GetParam().options.end());
    const Finished finished = run_tool(small_reference(folder / "run", options));
    ASSERT_EQ(finished.status, 0) << finished.out << finished.err;
    const Json verdict = read_verdict(folder / "run");
    EXPECT_EQ(verdict.at("verdict"), "recovered") << verdict.dump(2);
    EXPECT_GT(verdict.at("packets_lost"), 0) << verdict.dump(2);
    ASSERT_TRUE(verdict.at("time_to_recover_s").is_number()) << verdict.dump(2);
    EXPECT_LT(verdict.at("time_to_recover_s"), 20 * time_scale());
    EXPECT_NEAR(verdict.at("faults")[0]["lasted_s"].get<double>(), lasts, lasts / 3);
    EXPECT_EQ(model_hash(folder / "run").size(), 64U);
    EXPECT_EQ(model_hash(folder / "run"), undisturbed_hash());
}

TEST(Run, CutsAtMostAsOftenAsAsked) {
    NETCUT_E2E_WITH_REFERENCE();
    const Folder folder;
    const Finished finished =
        run_tool(small_reference(folder / "run", {"--cut-on", "training, epoch 1", "--reconnect-after",
                                                  "300ms", "--max-cuts", "2", "--nth", "2"}));
    ASSERT_EQ(finished.status, 0) << finished.out << finished.err;
    const Json verdict = read_verdict(folder / "run");
    ASSERT_EQ(verdict.at("faults").size(), 2U);
    EXPECT_NE(verdict.at("faults")[0]["trigger"]["line"].get<std::string>().find("round 2"),
              std::string::npos);
    EXPECT_NE(verdict.at("faults")[1]["trigger"]["line"].get<std::string>().find("round 3"),
              std::string::npos);
}

TEST(Run, AnotherNodesLogMayTriggerAndADelayIsKept) {
    NETCUT_E2E_WITH_REFERENCE();
    const Folder folder;
    const Finished finished = run_tool(small_reference(
        folder / "run", {"--watch", "aggregator", "--cut", "collaborator1", "--cut-on",
                         "re:round 2 of \\d+ begins", "--delay", "200ms", "--reconnect-after", "300ms"}));
    ASSERT_EQ(finished.status, 0) << finished.out << finished.err;
    double matched = -1;
    for (const Json& event : read_journal(folder / "run")) {
        if (event["event"] == "trigger.matched") {
            EXPECT_EQ(event["node"], "aggregator");
            matched = event["t_ns"].get<double>();
        }
        if (event["event"] == "fault.fired") {
            EXPECT_EQ(event["details"]["nodes"][0], "collaborator1");
            EXPECT_GE(event["t_ns"].get<double>() - matched, 200e6);
        }
    }
    EXPECT_GT(matched, 0);
}

TEST(Run, ScenarioFileSaysAllOfItAndTheResolvedOneRepeatsIt) {
    NETCUT_E2E_WITH_REFERENCE();
    const Folder folder;
    std::ofstream(folder / "scenario.yaml")
        << "name: from-file\ntemplate: reference\ncollaborators: 2\n"
           "parameters: {rounds: 3, pace: 200ms}\n"
           "faults:\n  - kind: drop\n    on: {log: 'round 2: training'}\n    for: 500ms\n";
    const Finished first = run_tool({"run", folder / "scenario.yaml", "--out", folder / "first"});
    ASSERT_EQ(first.status, 0) << first.out << first.err;
    const Finished second = run_tool({"run", folder / "first/scenario.yaml", "--out", folder / "second"});
    ASSERT_EQ(second.status, 0) << second.out << second.err;
    EXPECT_EQ(slurp(folder / "first/scenario.yaml"), slurp(folder / "second/scenario.yaml"));
    EXPECT_EQ(read_verdict(folder / "second").at("name"), "from-file");
    EXPECT_EQ(model_hash(folder / "first"), model_hash(folder / "second"));
}

TEST(Run, TwoAtOnceDoNotDisturbEachOther) {
    NETCUT_E2E_WITH_REFERENCE();
    const Folder folder;
    const Arguments cut = {"--cut-on", "round 2: training, epoch 2", "--reconnect-after", "1s"};
    Tool one(small_reference(folder / "one", cut));
    Tool two(small_reference(folder / "two", cut));
    EXPECT_EQ(one.wait().status, 0);
    EXPECT_EQ(two.wait().status, 0);
    EXPECT_EQ(read_verdict(folder / "one").at("verdict"), "recovered");
    EXPECT_EQ(read_verdict(folder / "two").at("verdict"), "recovered");
    EXPECT_EQ(model_hash(folder / "one"), undisturbed_hash());
    EXPECT_EQ(model_hash(folder / "two"), undisturbed_hash());
}

TEST(Run, NothingOfItIsInTheHostsNetwork) {
    NETCUT_E2E_WITH_REFERENCE();
    const Folder folder;
    const std::string before = host_state();
    for (const char* kind : {"drop", "unplug"}) {
        Tool tool(small_reference(
            folder / kind, {"--cut-on", "round 2: training", "--kind", kind, "--reconnect-after", "2s"}));
        ASSERT_TRUE(tool.wait_for_output("cut 1"));
        EXPECT_EQ(host_state(), before) << "during a cut";
        EXPECT_EQ(tool.wait().status, 0);
        EXPECT_EQ(host_state(), before) << "after the run";
        EXPECT_TRUE(tool.leaves_no_process());
    }
}

}  // namespace
}  // namespace netcut::test::NETCUT_FILE
