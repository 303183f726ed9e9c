// SPDX-License-Identifier: Apache-2.0
//
// Commands beside the nodes of one's own run: with an input, with a terminal, with the right to see packets.
#include <fcntl.h>
#include <poll.h>
#include <pty.h>
#include <signal.h>
#include <sys/wait.h>
#include <termios.h>

#include <fstream>

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

// What a person has in front of them: `exec -it` in a terminal.
class Terminal {
  public:
    Terminal(const Arguments& arguments, const std::function<void()>& before_exec) {
        const winsize size{33, 99, 0, 0};
        pid_ = ::forkpty(&master_, nullptr, nullptr, &size);
        if (pid_ != 0) return;
        before_exec();
        std::vector<std::string> words = {std::string(NETCUT_BUILD_DIR) + "/netcut-fl"};
        words.insert(words.end(), arguments.begin(), arguments.end());
        std::vector<char*> argv;
        for (std::string& word : words) argv.push_back(word.data());
        argv.push_back(nullptr);
        ::setenv("TERM", "vt220", 1);
        ::execv(argv[0], argv.data());
        ::_exit(127);
    }
    ~Terminal() {
        ::kill(pid_, SIGKILL);
        ::waitpid(pid_, nullptr, 0);
        ::close(master_);
    }
    Terminal(const Terminal&) = delete;
    Terminal& operator=(const Terminal&) = delete;

    void type(const std::string& text) const { (void)!::write(master_, text.data(), text.size()); }
    bool shows(const std::string& text) {
        for (int i = 0; i < 400 * time_scale() && !contains(screen_, text); ++i) {
            pollfd watched{master_, POLLIN, 0};
            char bytes[4096];
            if (::poll(&watched, 1, 50) <= 0) continue;
            const ssize_t count = ::read(master_, bytes, sizeof(bytes));
            if (count <= 0) break;
            screen_.append(bytes, static_cast<std::size_t>(count));
        }
        return contains(screen_, text);
    }
    bool is_raw() const {
        termios now{};
        return ::tcgetattr(master_, &now) == 0 && (now.c_lflag & (ICANON | ECHO | ISIG)) == 0;
    }
    void resize(unsigned short rows, unsigned short columns) const {
        const winsize size{rows, columns, 0, 0};
        ::ioctl(master_, TIOCSWINSZ, &size);
    }
    void signal(int number) const { ::kill(pid_, number); }
    int wait() {
        int status = 0;
        for (int i = 0; i < 400 * time_scale(); ++i) {
            shows("\1");  // what never comes: reads the rest
            if (::waitpid(pid_, &status, WNOHANG) == pid_)
                return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
        }
        return -1;
    }
    const std::string& screen() const { return screen_; }

  private:
    pid_t pid_ = -1;
    int master_ = -1;
    std::string screen_;
};

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
