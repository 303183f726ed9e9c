// SPDX-License-Identifier: Apache-2.0
//
// Pauses of a node's process tree.
#include <spawn.h>
#include <sys/wait.h>

#include <csignal>
#include <cstdlib>

#include "base/time.h"
#include "kernel/subject.h"
#include "node/node.h"

namespace netcut::test::NETCUT_FILE {
namespace {

// Counts every 20 ms, while children fork children and end all the time, a few of them at once.
const std::string fork_storm =
    "storm() { while :; do (/bin/true & (:) & wait); done; }\nstorm & storm & storm &\n"
    "i=0; while :; do i=$((i+1)); echo count $i; sleep 0.02; done";

class NodePause : public testing::Test {
  protected:
    void SetUp() override {
        if (::geteuid() != 0) GTEST_SKIP() << "needs root: it makes network namespaces";
    }
};

void expect_standstill(Subject& subject) {
    const std::string printed = subject.out;
    for (int i = 0; i < 10; ++i) {
        const std::string states = subject.states();
        EXPECT_TRUE(all_stopped(states)) << states;
        subject.run_for(20ms);
    }
    EXPECT_EQ(subject.out, printed);
}

TEST_F(NodePause, StopsAForkStormAtOnceAndResumesIt) {
    Subject subject = Subject::shell(fork_storm);
    subject.start();
    ASSERT_TRUE(subject.until_printed("count 5\n"));
    for (int i = 0; i < 20; ++i) {
        const auto asked = Clock::now();
        ASSERT_TRUE(subject.pause());
        EXPECT_TRUE(subject.node().paused());
        const Pause pause = subject.pauses.back();
        EXPECT_EQ(pause.unstopped, 0);
        EXPECT_GE(pause.processes, 4);
        EXPECT_GE(pause.signalled, asked);
        EXPECT_GE(pause.stopped, pause.signalled);
        EXPECT_LE(pause.stopped, Clock::now());
        if (i == 0) expect_standstill(subject);
        EXPECT_TRUE(all_stopped(subject.states())) << subject.states();
        ASSERT_TRUE(subject.resume());
        EXPECT_TRUE(subject.until_it_prints());
    }
    EXPECT_EQ(subject.resumes.size(), 20U);
}

TEST_F(NodePause, OfAnotherUser) {
    Subject subject({"sh", "-c", fork_storm}, false, "nobody");
    subject.start();
    ASSERT_TRUE(subject.until_printed("count 3\n"));
    ASSERT_TRUE(subject.pause());
    EXPECT_EQ(subject.pauses.back().unstopped, 0);
    expect_standstill(subject);
    ASSERT_TRUE(subject.resume());
    EXPECT_TRUE(subject.until_it_prints());
}

// A user namespace gives a process rights, but none to leave the tree.
TEST_F(NodePause, OfANodeThatMakesNamespacesOfItsOwn) {
    Subject subject({"unshare", "--user", "--map-root-user", "--pid", "--fork", "sh", "-c",
                     "trap '' TERM CONT; " + fork_storm},
                    false, "nobody");
    subject.start();
    if (!subject.until([&] { return subject.exit || subject.out.find("count 3\n") != std::string::npos; }) ||
        subject.exit)
        GTEST_SKIP() << "this kernel has no user namespaces for users: " << subject.out;
    ASSERT_TRUE(subject.pause());
    EXPECT_EQ(subject.pauses.back().unstopped, 0);
    expect_standstill(subject);
    ASSERT_TRUE(subject.resume());
    EXPECT_TRUE(subject.until_it_prints());
    must(subject.node().signal_tree(SIGKILL));
    ASSERT_TRUE(subject.until_exit());
    EXPECT_TRUE(leaves_no_process(subject.mark()));
}

TEST_F(NodePause, OfANodeWithATerminal) {
    Subject subject({"sh", "-c", fork_storm}, true);
    subject.start();
    ASSERT_TRUE(subject.until_printed("count 3\r\n"));
    ASSERT_TRUE(subject.pause());
    expect_standstill(subject);
    ASSERT_TRUE(subject.resume());
    EXPECT_TRUE(subject.until_it_prints());
}

TEST_F(NodePause, EndsWithItsLeaseThoughNobodyRunsTheIoContext) {
    Subject subject = Subject::shell(fork_storm);
    subject.start();
    ASSERT_TRUE(subject.until_printed("count 3\n"));
    ASSERT_TRUE(subject.pause(1s));
    EXPECT_TRUE(all_stopped(subject.states())) << subject.states();
    const auto deadline = Clock::now() + 20s;
    while (all_stopped(subject.states()) && Clock::now() < deadline) std::this_thread::sleep_for(10ms);
    EXPECT_FALSE(all_stopped(subject.states()));
    EXPECT_TRUE(subject.node().paused()) << "not read yet";
    ASSERT_TRUE(subject.until([&] { return !subject.node().paused(); }));
    ASSERT_EQ(subject.resumes.size(), 1U);
    const auto lasted = subject.resumes.front() - subject.pauses.front().signalled;
    EXPECT_GE(lasted, 1s);
    EXPECT_LT(lasted, 2s);
}

// Runs a node in a process of its own, pauses it for `lease`, and stops that process.
pid_t stopped_owner(const std::string& mark, std::optional<Nanoseconds> lease) {
    const pid_t owner = ::fork();
    if (owner == 0) {
        Subject subject({"sh", "-c", fork_storm}, false, "root", mark);
        subject.start();
        if (!subject.until_printed("count 3\n") || !subject.pause(lease)) ::_exit(1);
        ::raise(SIGSTOP);
        ::_exit(0);
    }
    int status = 0;
    ::waitpid(owner, &status, WUNTRACED);
    EXPECT_TRUE(WIFSTOPPED(status));
    return owner;
}

TEST_F(NodePause, EndsWithItsLeaseWhenTheOwnerIsStopped) {
    const std::string mark = new_mark();
    const pid_t owner = stopped_owner(mark, 500ms);
    bool resumed = false;
    for (int i = 0; i < 100 && !resumed; ++i) {
        std::this_thread::sleep_for(20ms);
        resumed = !all_stopped(tree_states(mark));
    }
    EXPECT_TRUE(resumed);
    ::kill(owner, SIGKILL);
    ::waitpid(owner, nullptr, 0);
    EXPECT_TRUE(leaves_no_process(mark));
}

TEST_F(NodePause, WithoutEndLeavesNothingWhenTheOwnerIsKilled) {
    const std::string mark = new_mark();
    const pid_t owner = stopped_owner(mark, {});
    EXPECT_TRUE(all_stopped(tree_states(mark)));
    ::kill(owner, SIGKILL);
    ::waitpid(owner, nullptr, 0);
    EXPECT_TRUE(leaves_no_process(mark));
}

TEST_F(NodePause, TwiceHasTheLastLeaseAndResumeTwiceIsHarmless) {
    Subject subject = Subject::shell(fork_storm);
    subject.start();
    ASSERT_TRUE(subject.until_printed("count 3\n"));
    must(subject.node().resume());
    ASSERT_TRUE(subject.pause(200ms));
    ASSERT_TRUE(subject.pause());
    subject.run_for(500ms);
    EXPECT_TRUE(subject.node().paused()) << "the second has no end";
    EXPECT_TRUE(all_stopped(subject.states())) << subject.states();
    ASSERT_TRUE(subject.resume());
    ASSERT_TRUE(subject.resume());
    EXPECT_TRUE(subject.until_it_prints());
    EXPECT_EQ(subject.pauses.size(), 2U);
    EXPECT_EQ(subject.resumes.size(), 1U);
}

TEST_F(NodePause, IsNotEndedBySigcont) {
    Subject subject = Subject::shell(fork_storm);
    subject.start();
    ASSERT_TRUE(subject.until_printed("count 3\n"));
    ASSERT_TRUE(subject.pause());
    subject.node().signal(SIGCONT);
    expect_standstill(subject);
}

TEST_F(NodePause, WorksWhileTheOuterProcessIsStopped) {
    Subject subject = Subject::shell(fork_storm);
    subject.start();
    ASSERT_TRUE(subject.until_printed("count 3\n"));
    const auto init = init_processes(subject.mark());
    ASSERT_EQ(init.size(), 2U);
    ::kill(init.front(), SIGSTOP);
    ASSERT_TRUE(subject.pause(2s));  // long enough to be looked at
    EXPECT_TRUE(all_stopped(subject.states())) << subject.states();
    EXPECT_TRUE(subject.until([&] { return !subject.node().paused(); }));
    ASSERT_TRUE(subject.pause());
    subject.node().kill();
    ASSERT_TRUE(subject.until_exit());
    EXPECT_TRUE(leaves_no_process(subject.mark()));
}

TEST_F(NodePause, DoesNotKeepAKillOff) {
    Subject subject = Subject::shell("trap '' TERM HUP; " + fork_storm);
    subject.start();
    ASSERT_TRUE(subject.until_printed("count 3\n"));
    ASSERT_TRUE(subject.pause());
    subject.node().kill();
    ASSERT_TRUE(subject.until_exit());
    EXPECT_EQ(subject.exit->text(), "signal 9 (Killed)");
    EXPECT_FALSE(subject.node().paused());
    EXPECT_TRUE(leaves_no_process(subject.mark()));
}

TEST_F(NodePause, EndsBeforeARequestToEndSoThatTheTreeEndsInOrder) {
    Subject subject = Subject::shell(
        "sh -c 'trap \"echo child bye; exit 0\" TERM; echo child ready; while :; do sleep 0.02; done' &\n"
        "trap 'wait; echo parent bye; exit 7' TERM; echo parent ready; while :; do sleep 0.02; done");
    subject.start();
    ASSERT_TRUE(subject.until_printed("parent ready"));
    ASSERT_TRUE(subject.until_printed("child ready"));
    ASSERT_TRUE(subject.pause());
    subject.node().signal(SIGTERM);
    ASSERT_TRUE(subject.until_exit());
    EXPECT_EQ(subject.exit->text(), "exit code 7");
    EXPECT_NE(subject.out.find("child bye"), std::string::npos) << subject.out;
    EXPECT_NE(subject.out.find("parent bye"), std::string::npos) << subject.out;
    EXPECT_EQ(subject.resumes.size(), 1U);
}

TEST_F(NodePause, OfANodeThatIgnoresSigtermEndsAtTheRequestAndTheNodeGoesOn) {
    Subject subject = Subject::shell("trap '' TERM; i=0; while :; do echo on; sleep 0.02; done");
    subject.start();
    ASSERT_TRUE(subject.until_printed("on"));
    ASSERT_TRUE(subject.pause());
    must(subject.node().signal_tree(SIGTERM));
    ASSERT_TRUE(subject.until([&] { return !subject.node().paused(); }));
    EXPECT_TRUE(subject.until_it_prints());
    subject.node().kill();
    ASSERT_TRUE(subject.until_exit());
    EXPECT_EQ(subject.exit->text(), "signal 9 (Killed)");
}

TEST_F(NodePause, DestroyingThePausedNodeLeavesNoProcess) {
    Subject subject = Subject::shell(fork_storm);
    subject.start();
    ASSERT_TRUE(subject.until_printed("count 3\n"));
    ASSERT_TRUE(subject.pause());
    subject.destroy();
    EXPECT_TRUE(leaves_no_process(subject.mark()));
}

// Is not a test, but the node of the one below: a thread prints, while the first one is nearly always within
// vfork(), where it sees no signal.
TEST(NodePauseProgram, DISABLED_PrintsWhileItsFirstThreadVforks) {
    if (std::getenv(mark_variable) == nullptr) return;
    std::thread([] {
        for (;;) {
            if (::write(1, "thread\n", 7) < 0) ::_exit(1);
            std::this_thread::sleep_for(5ms);
        }
    }).detach();
    for (;;) {
        if (::vfork() == 0) {
            ::usleep(2'000'000);
            ::_exit(0);
        }
    }
}

TEST_F(NodePause, StopsTheOtherThreadsOfAProcessWhoseFirstOneIsInVfork) {
    // Whatever share of the tests this one belongs to.
    Subject subject({"env", "-u", "GTEST_TOTAL_SHARDS", "-u", "GTEST_SHARD_INDEX",
                     std::filesystem::read_symlink("/proc/self/exe"), "--gtest_also_run_disabled_tests",
                     "--gtest_filter=NodePauseProgram.*"});
    subject.start();
    ASSERT_TRUE(subject.until_printed("thread\n"));
    subject.run_for(100ms);
    ASSERT_NE(subject.states().find('D'), std::string::npos) << subject.states();
    ASSERT_TRUE(subject.pause());
    EXPECT_EQ(subject.pauses.back().unstopped, 0);
    const std::string printed = subject.out;
    subject.run_for(300ms);
    EXPECT_EQ(subject.out, printed);
    EXPECT_TRUE(all_stopped(subject.states())) << subject.states();
    ASSERT_TRUE(subject.resume());
    EXPECT_TRUE(subject.until_it_prints());
}

TEST_F(NodePause, IsRefusedWhenItMakesNoSense) {
    Subject subject = Subject::shell("sleep 100");
    EXPECT_FALSE(subject.node().pause({})) << "not running";
    EXPECT_TRUE(subject.node().resume());
    subject.start();
    EXPECT_FALSE(subject.node().pause(0ns));
    EXPECT_FALSE(subject.node().pause(-1ns));
    ASSERT_TRUE(subject.pause(Nanoseconds::max())) << "also when it comes before the command";
    EXPECT_TRUE(all_stopped(subject.states()));
}

}  // namespace
}  // namespace netcut::test::NETCUT_FILE
