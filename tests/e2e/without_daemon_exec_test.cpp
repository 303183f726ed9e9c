// SPDX-License-Identifier: Apache-2.0
//
// Commands beside the nodes of one's own run: with an input, with a terminal, with the right to see packets.
#include <fcntl.h>
#include <signal.h>

#include <fstream>

#include "e2e/terminal.h"
#include "e2e/without_daemon.h"

namespace netcut::test::NETCUT_FILE {
namespace {

class OwnRunExec : public OwnRun {};
INSTANTIATE_TEST_SUITE_P(Of, OwnRunExec, testing::Values(Caller::root, Caller::user, Caller::sudo), name_of);

TEST_P(OwnRunExec, GivesACommandAnInput) {
    const std::string file = folder_ / "numbers";
    std::ofstream(file) << std::string(300'000, 'x') << "\nlast\n";
    const auto counted = Tool({"exec", "-i", "run", "aggregator", "wc", "-c"}, [&] {
                             as(GetParam(), folder_.path())();
                             const int fd = ::open(file.c_str(), O_RDONLY);
                             ::dup2(fd, 0);
                         }).wait(30s);
    EXPECT_EQ(counted.out, "300006\n") << counted.err;
    EXPECT_EQ(ask({"exec", "run", "aggregator", "cat"}).out, "") << "without -i it has none";
}

TEST_P(OwnRunExec, LetsACommandSeePacketsAndNothingMore) {
    const Finished plain =
        ask({"exec", "run", "aggregator", "python3", "-c", "import socket; socket.socket(17, 3, 0x300)"});
    EXPECT_TRUE(contains(plain.err, "PermissionError")) << plain.err;
    const Finished finished = ask({"exec", "--capture-rights", "run", "aggregator", "sh", "-c",
                                   "grep CapEff /proc/self/status; python3 -c 'import socket; "
                                   "socket.socket(17, 3, 0x300)' && echo seen; "
                                   "ip link set eth0 down 2>/dev/null && echo down"});
    EXPECT_EQ(finished.out, "CapEff:\t0000000000002000\nseen\n") << finished.err;
    EXPECT_TRUE(journal_has("\"captures\":true"));
}

TEST_P(OwnRunExec, GivesACommandATerminal) {
    Terminal terminal({"exec", "-it", "run", "collaborator1", "sh"}, as(GetParam(), folder_.path()));
    terminal.type("stty size; echo $TERM; tty; PS1=ready:\n");
    EXPECT_TRUE(terminal.shows("33 99")) << terminal.screen();
    EXPECT_TRUE(terminal.shows("vt220")) << terminal.screen();
    EXPECT_TRUE(terminal.shows("/dev/pts/")) << terminal.screen();
    EXPECT_TRUE(terminal.is_raw());
    terminal.resize(21, 77);
    for (int i = 0; i < 50 && !contains(terminal.screen(), "21 77"); ++i) {
        terminal.type("stty size\n");
        std::this_thread::sleep_for(100ms);
        terminal.shows("ready:");
    }
    EXPECT_TRUE(terminal.shows("21 77")) << terminal.screen();
    terminal.type("sleep 100; echo interr''upted\n");
    std::this_thread::sleep_for(300ms);
    terminal.type("\3");  // Ctrl-C is the command's
    terminal.type("echo $((6 * 7))\n");
    EXPECT_TRUE(terminal.shows("42")) << terminal.screen();
    terminal.type("exit 9\n");
    EXPECT_EQ(terminal.wait(), 9) << terminal.screen();
    EXPECT_FALSE(terminal.is_raw()) << "it is put back";
}

TEST_P(OwnRunExec, PutsTheTerminalBackWhateverEndsIt) {
    for (const int signal : {SIGTERM, SIGHUP, SIGSEGV}) {
        Terminal terminal({"exec", "-it", "run", "collaborator1", "sh"}, as(GetParam(), folder_.path()));
        terminal.type("echo be''gun\n");
        ASSERT_TRUE(terminal.shows("begun"));
        EXPECT_TRUE(terminal.is_raw());
        terminal.signal(signal);
        EXPECT_EQ(terminal.wait(), 128 + signal);
        EXPECT_FALSE(terminal.is_raw()) << signal;
    }
    Terminal terminal({"exec", "-it", "run", "collaborator1", "sh"}, as(GetParam(), folder_.path()));
    terminal.type("echo be''gun\n");
    ASSERT_TRUE(terminal.shows("begun"));
    tool_->signal(SIGKILL);  // the run
    EXPECT_EQ(terminal.wait(), 3);
    EXPECT_FALSE(terminal.is_raw());
    EXPECT_TRUE(terminal.shows("the run was over before it")) << terminal.screen();
}

}  // namespace
}  // namespace netcut::test::NETCUT_FILE
