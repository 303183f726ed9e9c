// SPDX-License-Identifier: Apache-2.0
//
// A disk of one user that does not answer, as a network disk that is gone, keeps the daemon from nothing.
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <sys/mount.h>
#include <unistd.h>

#include <thread>

#include "base/io.h"
#include "base/json.h"
#include "e2e/daemon.h"

namespace netcut::test::NETCUT_FILE {
namespace {

// A FUSE whose server answers nothing, until it goes. Only in a mount namespace of this process's own.
class HungDisk {
  public:
    explicit HungDisk(const std::string& folder)
        : folder_(folder), server_(::open("/dev/fuse", O_RDWR | O_CLOEXEC)) {
        const std::string options =
            "fd=" + std::to_string(server_.get()) + ",rootmode=40000,user_id=0,group_id=0,allow_other";
        if (::mount("hung", folder_.c_str(), "fuse", MS_NOSUID | MS_NODEV, options.c_str()) != 0)
            throw std::runtime_error("cannot mount a FUSE");
    }
    ~HungDisk() {
        server_.reset();  // whoever waits for an answer now gets an error
        ::umount2(folder_.c_str(), MNT_DETACH);
    }
    HungDisk(const HungDisk&) = delete;
    HungDisk& operator=(const HungDisk&) = delete;

  private:
    std::string folder_;
    Fd server_;
};

bool may_mount_apart() {
    return ::access("/dev/fuse", R_OK | W_OK) == 0 && ::unshare(CLONE_NEWNS) == 0 &&
           ::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) == 0;
}

// curl by alice, who waits for the answer.
std::unique_ptr<Tool> begin_request(const Daemon& daemon, const std::string& target,
                                    const Arguments& more = {}) {
    Arguments arguments = {"-s", "--unix-socket", daemon.socket(), "http://netcut-fl" + target};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return daemon.begin_program(alice, "/usr/bin/curl", arguments);
}

std::string first_run_of(const Daemon& daemon, uid_t user) {
    for (int i = 0; i < 200 * time_scale(); ++i) {
        const Json runs = daemon.ask(user, "GET", "/runs").json().at("runs");
        if (!runs.empty()) return runs.at(0).at("id");
        std::this_thread::sleep_for(50ms);
    }
    return {};
}

#define NETCUT_NEEDS_FUSE() \
    if (!may_mount_apart()) GTEST_SKIP() << "needs /dev/fuse and a mount namespace"

TEST(DaemonDisk, ReaderOfALogThatDoesNotComeKeepsNobodyWaiting) {
    NETCUT_E2E();
    NETCUT_NEEDS_FUSE();
    Daemon daemon;
    const std::string id = daemon.start_run(alice, "echo mine", {"--out", "run"});
    ASSERT_TRUE(daemon.wait_for_state(alice, id, "ended"));
    const std::string target = "/runs/" + id + "/nodes/aggregator/logs";
    EXPECT_EQ(daemon.ask(alice, "GET", target).body, "mine\n");
    const HungDisk disk(daemon.home(alice) + "/run");
    const auto log = begin_request(daemon, target);
    const auto events = begin_request(daemon, "/runs/" + id + "/events?follow=1");
    for (int i = 0; i < 10; ++i) {
        EXPECT_TRUE(daemon.serves(bob));
        std::this_thread::sleep_for(50ms);
    }
    EXPECT_EQ(log->processes().size() + events->processes().size(), 2U) << "they wait";
    daemon.process().signal(SIGTERM);
    EXPECT_EQ(daemon.process().wait(20s).status, 0) << "it can be ended all the same";
}

TEST(DaemonDisk, RunThatWaitsForItsFolderCanBeStopped) {
    NETCUT_E2E();
    NETCUT_NEEDS_FUSE();
    Daemon daemon("limits: {runs: 1}\n");
    const std::string folder = daemon.home(alice) + "/hung";
    std::filesystem::create_directory(folder);
    const HungDisk disk(folder);
    const Json order = {{"scenario", "aggregator: {command: 'true'}\ncollaborator: {command: 'true'}\n"},
                        {"cwd", folder}};
    const auto request = begin_request(daemon, "/runs", {"--data-binary", order.dump()});
    const std::string id = first_run_of(daemon, alice);
    ASSERT_FALSE(id.empty());
    EXPECT_EQ(daemon.show(alice, id).at("state"), "starting");
    EXPECT_TRUE(daemon.serves(bob));
    EXPECT_EQ(daemon.ask(alice, "POST", "/runs/" + id + "/stop").status, 200);
    EXPECT_TRUE(contains(request->wait(20s).out, "it was stopped before it had begun"));
    EXPECT_TRUE(daemon.ask(alice, "GET", "/runs").json().at("runs").empty());
    const std::string next = daemon.start_run(alice, "true");
    EXPECT_TRUE(daemon.wait_for_state(alice, next, "ended")) << "her limit of runs is not used up";
}

}  // namespace
}  // namespace netcut::test::NETCUT_FILE
