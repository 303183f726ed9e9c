// SPDX-License-Identifier: Apache-2.0
//
// Where no worker can be started as the user: the client hears why, and nothing is left of it.
#include <sched.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include <cerrno>
#include <fstream>

#include "base/json.h"
#include "e2e/daemon.h"

namespace netcut::test::NETCUT_FILE {
namespace {

class DaemonLaunch : public testing::Test {
  protected:
    void SetUp() override {
        NETCUT_E2E();
        std::filesystem::create_directory(programs_);
        for (const char* program : {"/netcut-fld", "/netcut-fl-launch", "/netcut-fl-worker"})
            std::filesystem::copy_file(NETCUT_BUILD_DIR + std::string(program), programs_ + program);
    }
    void start(std::function<void()> before_exec = {}) {
        daemon_ = std::make_unique<Daemon>("", std::move(before_exec), programs_ + "/netcut-fld");
        host_before_ = host_state();
    }
    void put_in_place_of(const std::string& program, const std::string& script) const {
        std::filesystem::remove(programs_ + program);
        std::ofstream(programs_ + program) << "#!/bin/sh\n" << script << "\n";
        ::chmod((programs_ + program).c_str(), 0755);
    }
    // A run of alice's is refused with this status of HTTP and exit status, and each is told the reason.
    void expect_refused(int http_status, int exit_status, const std::string& reason) const {
        const Json order = {
            {"scenario",
             "collaborators: 1\naggregator: {command: 'true'}\ncollaborator: {command: 'true'}\n"},
            {"cwd", daemon_->home(alice)},
            {"out", "run"}};
        const auto answer = daemon_->ask(alice, "POST", "/runs", order.dump());
        EXPECT_EQ(answer.status, http_status) << answer.body;
        EXPECT_TRUE(contains(answer.body, reason)) << answer.body;
        const Finished finished =
            daemon_->run(alice, {"run", "--out", "run", "--aggregator", "true", "--collaborator", "true"});
        EXPECT_EQ(finished.status, exit_status) << finished.err;
        EXPECT_TRUE(contains(finished.err, reason)) << finished.err;

        EXPECT_TRUE(daemon_->has_no_run_left());
        EXPECT_EQ(host_state(), host_before_);
        EXPECT_FALSE(std::filesystem::exists(daemon_->home(alice) + "/run"));
        EXPECT_TRUE(daemon_->ask(0, "GET", "/runs").json().at("runs").empty());
        for (const auto& entry : std::filesystem::directory_iterator(daemon_->state()))
            EXPECT_EQ(entry.path().filename(), "lock") << "of runs nothing is kept";
        EXPECT_TRUE(daemon_->serves(bob));
    }

    Folder folder_;
    const std::string programs_ = folder_ / "programs";
    std::unique_ptr<Daemon> daemon_;
    std::string host_before_;
};

TEST_F(DaemonLaunch, WithoutUserNamespacesItSaysSo) {
    start([] { refuse_call(SYS_unshare, CLONE_NEWUSER, ENOSPC); });
    expect_refused(503, 3, "make a user namespace, to run as the user: No space left on device");
}

TEST_F(DaemonLaunch, WithoutMountNamespacesItSaysSo) {
    start([] { refuse_call(SYS_unshare, CLONE_NEWNS, EPERM); });
    expect_refused(503, 3, "make a mount namespace, to run as the user: Operation not permitted");
}

TEST_F(DaemonLaunch, WithoutItsProgramItSaysSo) {
    std::filesystem::remove(programs_ + "/netcut-fl-launch");
    start();
    expect_refused(503, 3, "netcut-fl-launch: No such file or directory");
}

TEST_F(DaemonLaunch, WithoutAWorkerItSaysSo) {
    std::filesystem::remove(programs_ + "/netcut-fl-worker");
    start();
    expect_refused(503, 3, "execute the worker, to run as the user: No such file or directory");
}

TEST_F(DaemonLaunch, KilledItSaysSo) {
    put_in_place_of("/netcut-fl-launch", "kill -KILL $$");
    start();
    expect_refused(500, 5, "its worker ended with signal 9");
}

TEST_F(DaemonLaunch, WorkerThatEndsBeforeItHasBegunIsToldOf) {
    put_in_place_of("/netcut-fl-worker", "exit 7");
    start();
    expect_refused(500, 5, "its worker ended with exit code 7");
}

}  // namespace
}  // namespace netcut::test::NETCUT_FILE
