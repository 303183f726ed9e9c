// SPDX-License-Identifier: Apache-2.0
//
// Commands beside nodes: each byte of what they print arrives, at the pace of who reads it.
#include <signal.h>

#include <fstream>
#include <thread>

#include "base/json.h"
#include "e2e/daemon.h"
#include "e2e/daemon_load.h"

namespace netcut::test::NETCUT_FILE {
namespace {

// A run of alice's that waits until it is stopped.
class DaemonExec : public testing::Test {
  protected:
    void SetUp() override {
        NETCUT_E2E();
        daemon_ = std::make_unique<Daemon>();
        id_ = daemon_->start_run(alice, "sleep 1000", {"--out", "run"});
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

}  // namespace
}  // namespace netcut::test::NETCUT_FILE
