// SPDX-License-Identifier: Apache-2.0
//
// Commands beside nodes: each byte of what they print arrives, at the pace of who reads it.
#include <fcntl.h>
#include <signal.h>

#include <fstream>
#include <thread>

#include "base/json.h"
#include "e2e/daemon.h"
#include "e2e/daemon_load.h"
#include "e2e/terminal.h"

namespace netcut::test::NETCUT_FILE {
namespace {

// A run of alice's that waits until it is stopped.
class DaemonExec : public testing::Test {
  protected:
    void SetUp() override {
        NETCUT_E2E();
        daemon_ = std::make_unique<Daemon>();
        id_ = daemon_->start_run(alice, "sleep 1000", {"--out", "run", "--hang-after", "600s"});
        for (int i = 0; i < 200 * time_scale() && !started(); ++i) std::this_thread::sleep_for(50ms);
        ASSERT_TRUE(started());
    }
    bool started() const {
        const Json nodes = daemon_->ask(alice, "GET", "/runs/" + id_ + "/nodes").json();
        return nodes.is_object() && nodes.at("nodes").at(0).at("state") == "running";
    }
    std::unique_ptr<Tool> begin(const std::string& script) const {
        return daemon_->begin(alice, {"exec", id_, "aggregator", "sh", "-c", script});
    }
    std::string file(const std::string& name) const { return daemon_->home(alice) + "/" + name; }

    std::unique_ptr<Daemon> daemon_;
    std::string id_;
};

TEST_F(DaemonExec, LosesNoByteAndEndsWithTheStatusOfTheCommand) {
    const Finished finished =
        begin("head -c 3000000 /dev/urandom | tee copy; printf 'last \\303'; exit 7")->wait();
    EXPECT_EQ(finished.status, 7) << finished.err;
    const std::string copy = slurp(file("copy"));
    ASSERT_EQ(copy.size(), 3'000'000U);
    EXPECT_TRUE(finished.out == copy + "last \303") << finished.out.size() << " bytes came";
    EXPECT_EQ(begin("kill -9 $$")->wait().status, 128 + SIGKILL);
}

TEST_F(DaemonExec, WaitsForASlowReaderAndNobodyElseDoes) {
    const auto slow = begin("yes 0123456789abcdef | head -c 20000000; echo done >&2");
    std::this_thread::sleep_for(1s);
    EXPECT_EQ(begin("echo quick")->wait().out, "quick\n") << "beside it";
    EXPECT_EQ(daemon_->run(alice, {"cut", id_, "--for", "10ms"}).status, 0);
    const Finished finished = slow->wait();
    EXPECT_EQ(finished.status, 0);
    EXPECT_EQ(finished.err, "done\n");
    EXPECT_EQ(finished.out.size(), 20'000'000U);
}

TEST_F(DaemonExec, WhatNobodyReadsIsNotKept) {
    std::vector<std::unique_ptr<Tool>> commands;
    for (int i = 0; i < 6; ++i) commands.push_back(begin("exec yes"));
    std::this_thread::sleep_for(2s);
    for (const pid_t pid : daemon_->process().processes())
        EXPECT_LT(memory_kib(pid, "VmHWM"), 80'000) << slurp("/proc/" + std::to_string(pid) + "/cmdline");
    EXPECT_EQ(daemon_->run(alice, {"stop", id_}).status, 0);
    EXPECT_EQ(daemon_->show(alice, id_).at("state"), "ended") << "it is not lost";
    for (const auto& command : commands) {
        const Finished finished = command->wait();
        EXPECT_EQ(finished.status, 3) << "the end of the command is not known";
        EXPECT_TRUE(contains(finished.err, "the run was over before it")) << finished.err;
    }
}

TEST_F(DaemonExec, CommandEndsWithItsClient) {
    const auto client =
        begin("touch begun; trap '' HUP TERM; while :; do echo going >> ticks; sleep 0.05; done");
    for (int i = 0; i < 200 * time_scale() && slurp(file("ticks")).empty(); ++i)
        std::this_thread::sleep_for(50ms);
    ASSERT_FALSE(slurp(file("ticks")).empty());
    client->signal(SIGKILL);
    client->wait();
    std::size_t size = 0;
    for (int i = 0; i < 100 * time_scale() && size != slurp(file("ticks")).size(); ++i) {
        size = slurp(file("ticks")).size();
        std::this_thread::sleep_for(200ms);
    }
    EXPECT_EQ(slurp(file("ticks")).size(), size) << "it ticks no more";
}

TEST_F(DaemonExec, GivesACommandATerminalAndAnInput) {
    const auto as_alice = [this] {
        become(alice, {daemon_group});
        if (::chdir(daemon_->home(alice).c_str()) != 0) ::_exit(126);
    };
    Terminal terminal({"exec", "--socket", daemon_->socket(), "-it", id_, "aggregator", "sh"}, as_alice);
    terminal.type("stty size; echo $TERM\n");
    EXPECT_TRUE(terminal.shows("33 99")) << terminal.screen();
    EXPECT_TRUE(terminal.shows("vt220")) << terminal.screen();
    EXPECT_TRUE(terminal.is_raw());
    terminal.type("sleep 100\n");
    std::this_thread::sleep_for(300ms);
    terminal.type("\3");
    terminal.type("echo $((6 * 7)); exit 9\n");
    EXPECT_TRUE(terminal.shows("42")) << terminal.screen();
    EXPECT_EQ(terminal.wait(), 9) << terminal.screen();
    EXPECT_FALSE(terminal.is_raw());
    const std::string text(300'000, 'x');
    std::ofstream(file("text")) << text;
    const std::string input = file("text");
    Tool counted({"exec", "--socket", daemon_->socket(), "-i", id_, "aggregator", "wc", "-c"}, [&] {
        as_alice();
        ::dup2(::open(input.c_str(), O_RDONLY), 0);
    });
    EXPECT_EQ(counted.wait().out, "300000\n");
}

TEST_F(DaemonExec, LetsACommandSeePacketsInItsNodesNetworkAlone) {
    const Finished finished = daemon_->run(
        alice, {"exec", "--capture-rights", id_, "aggregator", "sh", "-c",
                "grep -E 'Cap(Eff|Bnd)' /proc/self/status; unshare -m true 2>/dev/null && echo mounted"});
    EXPECT_EQ(finished.out, "CapEff:\t0000000000002000\nCapBnd:\t0000000000002000\n") << finished.err;
}

}  // namespace
}  // namespace netcut::test::NETCUT_FILE
