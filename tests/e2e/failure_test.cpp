// SPDX-License-Identifier: Apache-2.0
//
// Federations that do not recover, and runs that end early.
#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include <thread>

#include "base/error.h"
#include "base/json.h"
#include "e2e/process.h"
#include "e2e/tool.h"

namespace netcut::test::NETCUT_FILE {
namespace {

const Arguments upload_whole_reply_lost = {  // moment C': the deadliest one
    "--cols",
    "2",
    "--watch",
    "aggregator",
    "--cut-on",
    "round 2: results from collaborator2 are complete",
    "--delay",
    "300ms",
    "--reconnect-after",
    "6s",
    "--hang-after",
    slowed(6s)};

Arguments with(Arguments base, const Arguments& more) {
    base.insert(base.end(), more.begin(), more.end());
    return base;
}

TEST(Failure, CollaboratorThatGivesUpIsACrash) {
    NETCUT_E2E_WITH_REFERENCE();
    const Folder folder;
    const Finished finished =
        run_tool(small_reference(folder / "run", {"--set", "on-error=none", "--kind", "unplug", "--cut-on",
                                                  "round 2: training, epoch 2", "--reconnect-after", "2s",
                                                  "--hang-after", slowed(3s)}));
    EXPECT_EQ(finished.status, 1) << finished.out << finished.err;
    const Json verdict = read_verdict(folder / "run");
    EXPECT_EQ(verdict.at("verdict"), "crashed");
    const std::string reason = verdict.at("reason");
    EXPECT_NE(reason.find("collaborator4 ended with exit code 1 after the fault"), std::string::npos)
        << reason;
    EXPECT_NE(finished.out.find("crashed"), std::string::npos);
}

TEST(Failure, HalfOpenConnectionIsAHangAndTheScreenSaysWhichSocket) {
    NETCUT_E2E_WITH_REFERENCE();
    const Folder folder;
    for (const char* on_error : {"none", "resend"}) {
        const std::string run = folder / on_error;
        const Finished finished = run_tool(small_reference(
            run,
            with(upload_whole_reply_lost, {"--set", std::string("on-error=") + on_error, "--set",
                                           "aggregator-args=--server-delay 1s --server-user-timeout 2s"})));
        EXPECT_EQ(finished.status, 1) << finished.out << finished.err;
        const Json verdict = read_verdict(run);
        EXPECT_EQ(verdict.at("verdict"), "hung") << verdict.dump(2);
        ASSERT_FALSE(verdict.at("half_open").empty());
        EXPECT_EQ(verdict.at("half_open")[0]["node"], "collaborator2");
        EXPECT_EQ(verdict.at("half_open")[0]["peer"], "aggregator");
        EXPECT_NE(finished.out.find("half-open collaborator2"), std::string::npos) << finished.out;
    }
}

TEST(Failure, DeadlinesAndKeepaliveSurviveTheSameCut) {
    NETCUT_E2E_WITH_REFERENCE();
    const Folder folder;
    const Finished finished = run_tool(small_reference(
        folder / "run", with(upload_whole_reply_lost,
                             {"--set", "on-error=deadline", "--set",
                              "aggregator-args=--server-delay 1s --server-user-timeout 2s --keepalive"})));
    EXPECT_EQ(finished.status, 0) << finished.out << finished.err;
    EXPECT_EQ(read_verdict(folder / "run").at("verdict"), "recovered");
}

TEST(Failure, CutWithoutAnEndIsAHang) {
    NETCUT_E2E_WITH_REFERENCE();
    const Folder folder;
    const Finished finished =
        run_tool(small_reference(folder / "run", {"--cut-on", "round 2: training", "--reconnect-after",
                                                  "never", "--hang-after", slowed(4s)}));
    EXPECT_EQ(finished.status, 1) << finished.out << finished.err;
    const Json verdict = read_verdict(folder / "run");
    EXPECT_EQ(verdict.at("verdict"), "hung");
    EXPECT_TRUE(verdict.at("faults")[0]["healed_s"].is_null());
    EXPECT_GT(verdict.at("packets_lost"), 0);
}

TEST(Failure, PatternThatNeverComesIsNotTriggered) {
    NETCUT_E2E();
    const Folder folder;
    const Finished finished = run_tool({"run", "--out", folder / "run", "--aggregator", "sleep 0.3",
                                        "--collaborator", "sleep 0.3", "--cut-on", "no such line"});
    EXPECT_EQ(finished.status, 4) << finished.out << finished.err;
    EXPECT_EQ(read_verdict(folder / "run").at("verdict"), "not-triggered");
}

TEST(Failure, NodeThatFailsBeforeAnyFaultIsNamed) {
    NETCUT_E2E();
    const Folder folder;
    const Finished finished = run_tool({"run", "--out", folder / "run", "--aggregator", "sleep 0.2",
                                        "--collaborator", "sh -c 'exit 7'", "--cut-on", "x"});
    EXPECT_EQ(finished.status, 1);
    const std::string reason = read_verdict(folder / "run").at("reason");
    EXPECT_NE(reason.find("exit code 7, before any fault"), std::string::npos) << reason;
}

TEST(Failure, CollaboratorsThatWereNeverStartedAreNoSuccess) {
    NETCUT_E2E();
    const Folder folder;
    const Finished finished = run_tool({"run", "--out", folder / "run", "--aggregator", "true",
                                        "--collaborator", "true", "--ready-on", "listening"});
    EXPECT_EQ(finished.status, 1) << finished.out;
    EXPECT_EQ(read_verdict(folder / "run").at("nodes").at(1).at("ended"), "never started");
}

TEST(Failure, HangOfAnAggregatorThatIsCutBeforeItIsReadyIsFound) {
    NETCUT_E2E();
    const Folder folder;
    const Finished finished =
        run_tool({"run", "--out", folder / "run", "--aggregator", "sh -c 'echo go; sleep 60'",
                  "--collaborator", "true", "--ready-on", "never", "--cut", "aggregator", "--cut-on", "go",
                  "--reconnect-after", "100ms", "--ready-within", slowed(1s)});
    EXPECT_EQ(finished.status, 1) << finished.out;
    EXPECT_EQ(read_verdict(folder / "run").at("verdict"), "hung");
}

TEST(Failure, EveryNodeThatIsKilledAfterItsGraceIsRecorded) {
    NETCUT_E2E();
    const Folder folder;
    const std::string deaf = "sh -c 'trap \"\" TERM; echo deaf; sleep 60'";
    Tool tool({"run", "--out", folder / "run", "--cols", "4", "--aggregator", deaf, "--collaborator", deaf,
               "--grace", "200ms"});
    for (const char* node :
         {"aggregator", "collaborator1", "collaborator2", "collaborator3", "collaborator4"}) {
        const std::string log = folder / ("run/logs/" + std::string(node) + ".out");
        for (int i = 0; i < 2000 && slurp(log) != "deaf\n"; ++i) std::this_thread::sleep_for(10ms);
        ASSERT_EQ(slurp(log), "deaf\n") << node;
    }
    tool.signal(SIGTERM);
    tool.wait();
    int exits = 0;
    for (const Json& event : read_journal(folder / "run"))
        exits += event.at("event") == "node.exited" ? 1 : 0;
    EXPECT_EQ(exits, 5);
}

TEST(Failure, StoppedFirstProcessesDoNotKeepTheRun) {
    NETCUT_E2E();
    const Folder folder;
    Tool tool({"run", "--out", folder / "run", "--cols", "1", "--aggregator", "sleep 60", "--collaborator",
               "sleep 60", "--grace", "200ms", "--timeout", "1s"});
    ASSERT_TRUE(tool.wait_for_output("collaborator1 started"));
    for (const pid_t pid : tool.processes())
        if (pid != tool.pid()) ::kill(pid, SIGSTOP);
    EXPECT_EQ(tool.wait(20s).status, 1);
    // Nobody but root may stop root's process.
    for (const pid_t pid : tool.processes())
        if (program_of(pid) == keeper_program) ::kill(pid, SIGCONT);
    EXPECT_TRUE(tool.leaves_no_process());
}

TEST(Failure, ReaderThatDoesNotReadDoesNotDelayAHeal) {
    NETCUT_E2E();
    const Folder folder;
    int full[2];
    ASSERT_EQ(::pipe2(full, O_CLOEXEC), 0);
    ::fcntl(full[1], F_SETFL, O_NONBLOCK);
    while (::write(full[1], "x", 1) == 1) {
    }
    ::fcntl(full[1], F_SETFL, 0);
    Tool tool(
        {"run", "--out", folder / "run", "--aggregator", "sleep 2", "--collaborator",
         "sh -c 'echo go; sleep 2'", "--cut-on", "go", "--kind", "unplug", "--reconnect-after", "500ms"},
        [&] { ::dup2(full[1], 1); });
    ::close(full[1]);
    std::this_thread::sleep_for(5s);
    ::close(full[0]);
    EXPECT_EQ(tool.wait(30s).status, 0);
    EXPECT_LT(read_verdict(folder / "run").at("faults").at(0).at("lasted_s"), 1.5);
}

TEST(Failure, TheRunsTimeoutEndsIt) {
    NETCUT_E2E();
    const Folder folder;
    Tool tool({"run", "--out", folder / "run", "--aggregator", "sleep 60", "--collaborator", "sleep 60",
               "--timeout", "1s"});
    EXPECT_EQ(tool.wait(20s).status, 1);
    EXPECT_EQ(read_verdict(folder / "run").at("verdict"), "hung");
    EXPECT_TRUE(tool.leaves_no_process());
}

class SignalTest : public testing::TestWithParam<int> {};
INSTANTIATE_TEST_SUITE_P(Signals, SignalTest, testing::Values(SIGINT, SIGTERM, SIGHUP));

TEST_P(SignalTest, EndsTheRunInOrder) {
    NETCUT_E2E();
    const Folder folder;
    Tool tool({"run", "--out", folder / "run", "--aggregator",
               "sh -c 'trap \"echo told; exit 3\" TERM; echo up; while :; do sleep 0.1; done'",
               "--collaborator", "sleep 60"});
    const std::string log = folder / "run/logs/aggregator.out";
    ASSERT_TRUE(tool.wait_for_output("collaborator2 started"));
    for (int i = 0; i < 100 * time_scale() && slurp(log).empty(); ++i) std::this_thread::sleep_for(50ms);
    tool.signal(GetParam());
    EXPECT_EQ(tool.wait(20s).status, 128 + GetParam());
    EXPECT_EQ(slurp(log), "up\ntold\n") << "nodes are asked before they are killed";
    EXPECT_EQ(read_verdict(folder / "run").at("verdict"), "error");
    EXPECT_TRUE(tool.leaves_no_process());
}

TEST(Failure, SecondCtrlCDoesNotWaitForTheGrace) {
    NETCUT_E2E();
    const Folder folder;
    Tool tool({"run", "--out", folder / "run", "--grace", "1h", "--aggregator",
               "sh -c 'trap : TERM; echo deaf; while :; do sleep 0.1; done'", "--collaborator", "sleep 60"});
    ASSERT_TRUE(tool.wait_for_output("collaborator2 started"));
    std::this_thread::sleep_for(300ms);
    tool.signal(SIGINT);
    ASSERT_TRUE(tool.wait_for_output("stopping"));
    tool.signal(SIGINT);
    EXPECT_EQ(tool.wait(20s).status, 130);
    EXPECT_TRUE(tool.leaves_no_process());
}

}  // namespace
}  // namespace netcut::test::NETCUT_FILE
