// SPDX-License-Identifier: Apache-2.0
//
// Nothing is left behind, whenever the tool is killed.
#include <signal.h>

#include <thread>

#include "base/json.h"
#include "e2e/random_kills.h"

namespace netcut::test::NETCUT_FILE {
namespace {

TEST(Sigkill, AtRandomMomentsOfARunNothingIsLeft) {
    NETCUT_E2E();
    const Folder folder;
    const std::string before = host_state();
    RandomKills kills(20260301);
    Tool whole(kills.next_run(folder / "whole"));
    ASSERT_TRUE(kills.learn(whole));
    for (unsigned i = 0; i < kills.count(); ++i) {
        const std::string out = folder / std::to_string(i);
        Tool tool(kills.next_run(out));
        kills.wait(tool);
        tool.signal(SIGKILL);
        tool.wait();
        ASSERT_TRUE(tool.leaves_no_process()) << "after kill " << i;
        ASSERT_EQ(host_state(), before) << "after kill " << i;
        kills.look_at(out);
    }
    kills.expect_variety();
}

TEST(Sigkill, AlsoOfTheReferenceFederationInTheMiddleOfACut) {
    NETCUT_E2E_WITH_REFERENCE();
    const Folder folder;
    const std::string before = host_state();
    for (int i = 0; i < 3; ++i) {
        Tool tool(small_reference(folder / std::to_string(i),
                                  {"--cut-on", "round 2: training", "--reconnect-after", "30s"}));
        ASSERT_TRUE(tool.wait_for_output("cut 1"));
        ASSERT_GT(tool.processes().size(), 10U) << "the tool, and three processes a node";
        tool.signal(SIGKILL);
        tool.wait();
        EXPECT_TRUE(tool.leaves_no_process());
        EXPECT_EQ(host_state(), before);
        for (const Json& event : read_journal(folder / std::to_string(i)))
            EXPECT_TRUE(event.contains("t_ns"));
    }
}

TEST(Sigkill, AProxyEndsWithItsRun) {
    NETCUT_E2E();
    const Folder folder;
    const std::string before = host_state();
    Tool tool({"run", "--out", folder / "run", "--cols", "1", "--site",
               "a: {nodes: collaborators, proxy: connect}", "--aggregator", "sleep 100", "--collaborator",
               "sleep 100"});
    ASSERT_TRUE(tool.wait_for_output("collaborator1 started"));
    unsigned proxies = 0;
    for (const pid_t pid : tool.processes())
        proxies += slurp("/proc/" + std::to_string(pid) + "/comm") == "netcut-fl-proxy\n" ? 1 : 0;
    EXPECT_EQ(proxies, 1U);
    tool.signal(SIGKILL);
    tool.wait();
    EXPECT_TRUE(tool.leaves_no_process());
    EXPECT_EQ(host_state(), before);
}

TEST(Sigkill, OfOneNodesFirstProcessEndsThatNodeAlone) {
    NETCUT_E2E();
    const Folder folder;
    Tool tool({"run", "--out", folder / "run", "--cols", "1", "--aggregator", "sleep 2", "--collaborator",
               "sh -c 'echo $$; sleep 100'"});
    ASSERT_TRUE(tool.wait_for_output("collaborator1 started"));
    std::this_thread::sleep_for(100ms);
    int killed = 0;
    for (const pid_t pid : tool.processes()) {
        const std::string command = slurp("/proc/" + std::to_string(pid) + "/cmdline");
        if (command.find("netcut-fl-init") == std::string::npos ||
            command.find("collaborator1") == std::string::npos)
            continue;
        ::kill(pid, SIGKILL);
        ++killed;
        break;  // the outer one has the lower number: its death must take the inner one with it
    }
    ASSERT_EQ(killed, 1);
    EXPECT_EQ(tool.wait(20s).status, 1);
    EXPECT_TRUE(tool.leaves_no_process());
    const std::string reason = read_verdict(folder / "run").at("reason");
    EXPECT_NE(reason.find("collaborator1 ended with signal 9"), std::string::npos) << reason;
}

}  // namespace
}  // namespace netcut::test::NETCUT_FILE
