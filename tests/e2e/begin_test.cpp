// SPDX-License-Identifier: Apache-2.0
//
// What a run is asked to do to its nodes, and from when on it is judged.
#include <gmock/gmock.h>

#include <fstream>

#include "base/json.h"
#include "e2e/tool.h"

namespace netcut::test::NETCUT_FILE {
namespace {

using testing::HasSubstr;

TEST(Hang, IsLookedForOnceTheAggregatorIsReady) {
    NETCUT_E2E();
    const Folder folder;
    std::ofstream(folder / "scenario.yaml")
        << "name: slow start\ncollaborators: 1\nready: ready\nhang_after: " << slowed(1500ms)
        << "\naggregator: {command: \"sh -c 'sleep " << 2.5 * time_scale()
        << "; echo ready; sleep 0.3'\"}\ncollaborator: {command: sleep 0.1}\n"
           "faults: [{kind: drop, on: start, for: 50ms}]\n";
    const Finished finished = run_tool({"run", folder / "scenario.yaml", "--out", folder / "run"});
    EXPECT_EQ(finished.status, 0) << finished.out << finished.err;
    EXPECT_EQ(read_verdict(folder / "run").at("verdict"), "recovered");
}

TEST(Cut, OptionsOfItAddOneBesideTheFaultsOfTheCommandLine) {
    NETCUT_E2E();
    const Folder folder;
    const Finished finished =
        run_tool({"run", "--cols", "1", "--aggregator", "sh -c 'echo one; sleep 0.4; echo two; sleep 0.4'",
                  "--collaborator", "sleep 1", "--watch", "aggregator", "--cut-on", "one",
                  "--reconnect-after", "100ms", "--kind", "unplug", "--fault",
                  "{name: other, kind: drop, nodes: [aggregator], on: {log: two}, for: 100ms}", "--out",
                  folder / "run"});
    EXPECT_EQ(finished.status, 0) << finished.out << finished.err;
    const Json verdict = read_verdict(folder / "run");
    ASSERT_EQ(verdict.at("faults").size(), 2U) << verdict.dump(2);
    EXPECT_EQ(verdict.at("faults")[0].at("kind"), "unplug");
    EXPECT_EQ(verdict.at("faults")[0].at("nodes")[0].at("node"), "collaborator1");
    EXPECT_EQ(verdict.at("faults")[1].at("fault"), "other");
    EXPECT_EQ(verdict.at("faults")[1].at("kind"), "drop");
    EXPECT_EQ(verdict.at("faults")[1].at("nodes")[0].at("node"), "aggregator");
}

TEST(Experiments, KindsMayHaveOptionsAndTheFabricMayBeABridge) {
    NETCUT_E2E();
    const Folder folder;
    std::ofstream(folder / "scenario.yaml")
        << "name: one\ncollaborators: 1\naggregator: {command: sleep 0.5}\n"
           "collaborator: {command: \"sh -c 'echo go; sleep 0.5'\"}\n"
           "experiments: [{name: M, what: at once, fault: {on: {log: go}}}]\n";
    const Finished finished =
        run_tool({"experiments", folder / "scenario.yaml", "--kinds", "drop,unplug(new-mac,no-announce)",
                  "--fabric", "bridge", "--for", "100ms", "--jobs", "2", "--out", folder / "all"});
    EXPECT_EQ(finished.status, 0) << finished.out << finished.err;
    EXPECT_THAT(finished.out, HasSubstr("unplug(new-mac,no-announce) 100ms"));
    const std::string scenario =
        slurp(folder / "all/runs/M-unplug_new-mac_no-announce__100ms-1/scenario.yaml");
    EXPECT_THAT(scenario, testing::AllOf(HasSubstr("kind: bridge"), HasSubstr("mac: new"),
                                         HasSubstr("announce: false")));
    EXPECT_THAT(slurp(folder / "all/experiments.csv"), HasSubstr("\"unplug(new-mac,no-announce)\""));
}

}  // namespace
}  // namespace netcut::test::NETCUT_FILE
