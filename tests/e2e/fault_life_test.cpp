// SPDX-License-Identifier: Apache-2.0
//
// How often a fault is fired, and what the journal tells of its life.
#include <gmock/gmock.h>

#include <algorithm>

#include "base/json.h"
#include "e2e/tool.h"

namespace netcut::test::NETCUT_FILE {
namespace {

std::vector<Json> events(const std::string& run_folder, const std::string& name) {
    std::vector<Json> found;
    for (const Json& event : read_journal(run_folder))
        if (event.at("event") == name) found.push_back(event);
    return found;
}

TEST(FaultLife, AMomentIsWaitedForAgainAfterEachHeal) {
    NETCUT_E2E_WITH_REFERENCE();
    const Folder folder;
    const Finished finished = run_tool(small_reference(
        folder / "run", {"--fault", "{kind: drop, when: sent-packets 10, for: 50ms, times: 3}"}));
    ASSERT_EQ(finished.status, 0) << finished.out << finished.err;
    EXPECT_EQ(events(folder / "run", "trigger.tripped").size(), 3U);
    EXPECT_EQ(events(folder / "run", "fault.armed").size(), 3U);
    EXPECT_EQ(read_verdict(folder / "run").at("faults").size(), 3U);
    const auto healed = events(folder / "run", "fault.healed");
    EXPECT_EQ(healed.size(), 3U);
    for (const Json& event : healed) EXPECT_GT(event.at("details").at("took_us"), 0) << event;
}

// Who sends a datagram every 20 ms sends some in each cycle.
TEST(FaultLife, ALossBeginsItsListAnewInEachFlap) {
    NETCUT_E2E();
    const Folder folder;
    const std::string programs = std::string(NETCUT_BUILD_DIR) + "/";
    const Finished finished =
        run_tool({"run", "--out", folder / "run", "--cols", "1", "--ready-on", "ready", "--aggregator",
                  programs + "netcut_datagrams echo 1 7000", "--collaborator",
                  programs + "netcut_heartbeat aggregator 7000 120 60000", "--fault",
                  "{kind: loss, model: 'packets 1', direction: up, on: {log: beat 20}, flap: {period: 400ms, "
                  "count: 3}}"});
    ASSERT_EQ(finished.status, 0) << finished.out << finished.err;
    std::vector<int> lost;
    for (const Json& event : events(folder / "run", "fault.healed"))
        for (const auto& [node, packets] : event.at("details").at("packets_lost").items())
            lost.push_back(packets.get<int>());
    EXPECT_THAT(lost, testing::ElementsAre(1, 1, 1)) << finished.out;
}

TEST(FaultLife, APauseTellsOfTheProcessesThatStandStill) {
    NETCUT_E2E_WITH_REFERENCE();
    const Folder folder;
    const Finished finished = run_tool(small_reference(
        folder / "run", {"--fault", "{kind: pause, on: {log: 'round 2: training'}, for: 300ms}"}));
    ASSERT_EQ(finished.status, 0) << finished.out << finished.err;
    const auto paused = events(folder / "run", "node.paused");
    const auto resumed = events(folder / "run", "node.resumed");
    ASSERT_EQ(paused.size(), 1U);
    ASSERT_EQ(resumed.size(), 1U);
    EXPECT_EQ(paused[0].at("node"), resumed[0].at("node"));
    EXPECT_EQ(paused[0].at("fault"), "cut");
    EXPECT_GE(paused[0].at("details").at("processes"), 1);
    EXPECT_EQ(paused[0].at("details").at("unstopped"), 0);
    EXPECT_GT(paused[0].at("details").at("took_us"), 0);
    const auto stood_still = resumed[0].at("t_ns").get<double>() - paused[0].at("t_ns").get<double>();
    EXPECT_GT(stood_still / 1e9, 0.2);
    const Json node = read_verdict(folder / "run").at("faults")[0].at("nodes")[0];
    EXPECT_EQ(node.at("pause").at("unstopped"), 0);
    EXPECT_NE(finished.out.find("processes stood still"), std::string::npos) << finished.out;
}

}  // namespace
}  // namespace netcut::test::NETCUT_FILE
