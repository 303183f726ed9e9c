// SPDX-License-Identifier: Apache-2.0
//
// Nothing is left behind, whenever the tool is killed.
#include <signal.h>

#include <random>
#include <thread>

#include "e2e/tool.h"

namespace netcut::test {
namespace {

TEST(Sigkill, AtFiftyRandomMomentsOfARunNothingIsLeft) {
    NETCUT_E2E();
    const Folder folder;
    const std::string before = host_state();
    std::mt19937 random(20260301);
    const auto start = [&](int i) {
        // Nodes that fork, detach from their session and ignore all that can be ignored.
        const std::string node =
            "sh -c 'trap \"\" TERM INT HUP; setsid sleep 300 & (sleep 300 &) ; echo round 2; sleep 300'";
        const char* kind = i % 3 == 0 ? "drop" : i % 3 == 1 ? "down" : "unplug";
        return Tool({"run", "--out", folder / std::to_string(i), "--cols", "4", "--aggregator", node,
                     "--collaborator", node, "--cut-on", "round 2", "--kind", kind, "--reconnect-after",
                     "60s"});
    };
    const auto begin = std::chrono::steady_clock::now();
    {
        Tool whole = start(50);
        ASSERT_TRUE(whole.wait_for_output("cut 1"));
    }
    const auto until_cut = std::chrono::steady_clock::now() - begin;
    int during_cut = 0;
    for (int i = 0; i < 50; ++i) {
        Tool tool = start(i);
        // From set-up to well into the cut.
        std::this_thread::sleep_for(until_cut * (random() % 1000) / 500);
        tool.signal(SIGKILL);
        const Finished finished = tool.wait();
        if (finished.out.find("cut 1") != std::string::npos) ++during_cut;
        ASSERT_TRUE(tool.leaves_no_process()) << "after kill " << i;
        ASSERT_EQ(host_state(), before) << "after kill " << i;
    }
    EXPECT_GT(during_cut, 5) << "some kills must hit a run that is under way";
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
}  // namespace netcut::test
