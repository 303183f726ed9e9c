// SPDX-License-Identifier: Apache-2.0
//
// Ends of a node's process tree, and its further lives.
#include <poll.h>

#include <csignal>

#include "base/io.h"
#include "kernel/netns.h"
#include "kernel/subject.h"

namespace netcut::test::NETCUT_FILE {
namespace {

class NodeLife : public testing::Test {
  protected:
    void SetUp() override {
        if (::geteuid() != 0) GTEST_SKIP() << "needs root: it makes network namespaces";
    }
};

// Ignores what can be ignored, and leaves its session.
const std::string stubborn =
    "trap '' TERM INT HUP QUIT; setsid sleep 300 & (sleep 300 &) ; cat /etc/hosts; echo ready; "
    "while :; do sleep 0.02; done";

std::size_t occurrences(const std::string& text, const std::string& word) {
    std::size_t count = 0;
    for (std::size_t at = 0; (at = text.find(word, at)) != std::string::npos; ++at) ++count;
    return count;
}

TEST_F(NodeLife, SigkillToTheTreeEndsItAndIsReportedAsSuch) {
    for (const char* user : {"root", "nobody"}) {
        Subject subject({"sh", "-c", stubborn}, false, user);
        subject.start();
        ASSERT_TRUE(subject.until_printed("ready"));
        must(subject.node().signal_tree(SIGKILL));
        ASSERT_TRUE(subject.until_exit());
        EXPECT_EQ(subject.exit->text(), "signal 9 (Killed)");
        EXPECT_FALSE(subject.node().running());
        EXPECT_TRUE(leaves_no_process(subject.mark()));
    }
}

TEST_F(NodeLife, SigkillToAPausedTreeEndsIt) {
    Subject subject({"sh", "-c", stubborn}, true);
    subject.start();
    ASSERT_TRUE(subject.until_printed("ready"));
    ASSERT_TRUE(subject.pause());
    must(subject.node().signal_tree(SIGKILL));
    ASSERT_TRUE(subject.until_exit());
    EXPECT_EQ(subject.exit->text(), "signal 9 (Killed)");
    EXPECT_FALSE(subject.node().paused());
    EXPECT_TRUE(leaves_no_process(subject.mark()));
}

TEST_F(NodeLife, OtherSignalsReachTheWholeTree) {
    Subject subject = Subject::shell(
        "sh -c 'trap \"echo child usr2\" USR2; echo child ready; while :; do sleep 0.02; done' &\n"
        "trap 'echo parent usr2' USR2; echo parent ready; while :; do sleep 0.02 || :; done");
    subject.start();
    ASSERT_TRUE(subject.until_printed("parent ready"));
    ASSERT_TRUE(subject.until_printed("child ready"));
    must(subject.node().signal_tree(SIGUSR2));
    EXPECT_TRUE(subject.until_printed("child usr2"));
    EXPECT_TRUE(subject.until_printed("parent usr2"));
    must(subject.node().signal_tree(SIGABRT));
    ASSERT_TRUE(subject.until_exit());
    EXPECT_EQ(subject.exit->text(), "signal 6 (Aborted)");
}

// Whoever started the tool may wait for the end of a pipe that the tool has inherited.
TEST_F(NodeLife, NodesKeepNothingOpenThatTheToolWasStartedWith) {
    int ends[2];
    ASSERT_EQ(::pipe2(ends, 0), 0);
    const Fd read_end(ends[0]);
    Fd write_end(ends[1]);
    Subject subject = Subject::shell("echo ready; sleep 300");
    subject.start();
    ASSERT_TRUE(subject.until_printed("ready"));
    write_end.reset();
    pollfd watched{read_end.get(), 0, 0};
    EXPECT_EQ(::poll(&watched, 1, 0), 1);
    EXPECT_EQ(watched.revents, POLLHUP);
    EXPECT_TRUE(subject.node().running());
}

TEST_F(NodeLife, SignalsThatMakeNoSenseAreRefused) {
    Subject subject = Subject::shell("sleep 100");
    EXPECT_FALSE(subject.node().signal_tree(SIGKILL)) << "not running";
    subject.start();
    for (const int number : {SIGSTOP, SIGCONT, 0, -9, 1000}) EXPECT_FALSE(subject.node().signal_tree(number));
    ASSERT_FALSE(subject.node().start(must(NetNs::create()), Fd(), Fd())) << "it runs";
    EXPECT_TRUE(subject.node().running());
}

TEST_F(NodeLife, BeginsAnewAfterAKillAsOftenAsOneLikes) {
    Subject subject = Subject::shell(stubborn);
    for (int life = 1; life <= 4; ++life) {
        subject.out.clear();
        must(subject.node().rewrite_hosts("10.0.0." + std::to_string(life) + " somebody\n"));
        subject.start();
        ASSERT_TRUE(subject.until_printed("ready"));
        EXPECT_NE(subject.out.find("10.0.0." + std::to_string(life) + " somebody"), std::string::npos);
        EXPECT_EQ(occurrences(subject.out, "somebody"), 1U) << subject.out;
        EXPECT_FALSE(subject.node().paused());
        if (life % 2 == 0) {
            ASSERT_TRUE(subject.pause());
        }
        must(subject.node().signal_tree(SIGKILL));
        ASSERT_TRUE(subject.until_exit());
        EXPECT_EQ(subject.exit->text(), "signal 9 (Killed)");
        EXPECT_TRUE(leaves_no_process(subject.mark()));
    }
    EXPECT_EQ(occurrences(subject.log(), "ready\n"), 4U) << subject.log();
    EXPECT_EQ(occurrences(subject.log(), "somebody\n"), 4U);
}

TEST_F(NodeLife, MayBeginInsideOfTheCallbackThatToldOfTheEndOfTheLast) {
    Subject subject = Subject::shell("echo alive; exit 3");
    int lives = 1;
    subject.on_exit = [&] {
        EXPECT_EQ(subject.exit->text(), "exit code 3");
        if (++lives <= 5) subject.start();
    };
    subject.start();
    ASSERT_TRUE(subject.until([&] { return lives == 6; }));
    EXPECT_EQ(occurrences(subject.out, "alive"), 5U);
    EXPECT_EQ(subject.log(), "alive\nalive\nalive\nalive\nalive\n");
}

TEST_F(NodeLife, MayEndWithTheNodeInsideOfThatCallback) {
    Subject subject = Subject::shell("echo alive; exit 3");
    subject.on_exit = [&] { subject.destroy(); };
    subject.start();
    ASSERT_TRUE(subject.until_exit());
    subject.run_for(50ms);
    EXPECT_TRUE(leaves_no_process(subject.mark()));
}

TEST_F(NodeLife, IsNotTouchedByWhatTheLastOneLeftOpen) {
    // A process outside of the tree that holds the output open is emulated by this one.
    Subject subject = Subject::shell("echo alive; sleep 1");
    subject.start();
    ASSERT_TRUE(subject.until_printed("alive"));
    Fd held;
    for_marked(subject.mark(), [&](const std::filesystem::path& process) {
        if (proc_file(process / "comm") == "sh\n")
            held = Fd(::open((process / "fd/1").c_str(), O_WRONLY | O_CLOEXEC));
    });
    ASSERT_TRUE(held);
    ASSERT_TRUE(subject.until_exit()) << "in spite of it, after a second";
    subject.out.clear();
    subject.start();
    ASSERT_TRUE(subject.until_printed("alive"));
    held.reset();
    ASSERT_TRUE(subject.until_exit());
    EXPECT_EQ(occurrences(subject.out, "alive"), 1U);
}

// As the same user, also as root, one may not look into the first process, nor stop or kill it.
TEST_F(NodeLife, TheFirstProcessIsOutOfTheTreesReach) {
    for (const char* user : {"root", "nobody"}) {
        Subject subject({"sh", "-c",
                         "kill -9 1; kill -STOP 1; readlink /proc/1/fd/* && echo SEEN; "
                         "cat /proc/1/environ >/dev/null 2>&1 && echo READ; echo ready; sleep 100"},
                        false, user);
        subject.start();
        ASSERT_TRUE(subject.until_printed("ready"));
        EXPECT_EQ(subject.out, "ready\n");
        ASSERT_TRUE(subject.pause());
        ASSERT_TRUE(subject.resume());
    }
}

}  // namespace
}  // namespace netcut::test::NETCUT_FILE
