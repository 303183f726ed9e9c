// SPDX-License-Identifier: Apache-2.0
//
// Where the machine has control groups, all runs of a user together have no more memory than the user may.
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <thread>

#include "base/io.h"
#include "base/json.h"
#include "e2e/daemon.h"

namespace netcut::test::NETCUT_FILE {
namespace {

const std::string groups = "/sys/fs/cgroup";

bool write_to(const std::string& file, const std::string& text) {
    const Fd fd(::open(file.c_str(), O_WRONLY | O_CLOEXEC));
    return fd && ::write(fd.get(), text.data(), text.size()) == static_cast<ssize_t>(text.size());
}

// A group that a daemon has to itself, as systemd gives its units one.
class OwnGroup {
  public:
    OwnGroup() {
        const std::string controllers = slurp(groups + "/cgroup.controllers");
        there_ = contains(controllers, "memory") && contains(controllers, "pids") &&
                 write_to(groups + "/cgroup.subtree_control", "+memory +pids") &&
                 ::mkdir(path_.c_str(), 0755) == 0;
    }
    ~OwnGroup() {
        ::rmdir((path_ + "/netcut-fld").c_str());
        ::rmdir(path_.c_str());
    }
    bool is_there() const { return there_; }
    const std::string& path() const { return path_; }
    std::vector<std::string> groups_below() const {
        std::vector<std::string> names;
        for (const auto& entry : std::filesystem::directory_iterator(path_))
            if (entry.is_directory()) names.push_back(entry.path().filename());
        return names;
    }

  private:
    const std::string path_ = groups + "/netcut-test-" + std::to_string(::getpid());
    bool there_ = false;
};

TEST(DaemonMemory, OfAllRunsOfAUserIsBounded) {
    NETCUT_E2E();
    const OwnGroup group;
    if (!group.is_there()) GTEST_SKIP() << "this machine has no cgroup v2 with the memory controller";
    Daemon daemon("limits: {memory: 300MiB}\n",
                  [&] {
                      ::umask(077);  // as its unit has it
                      if (!write_to(group.path() + "/cgroup.procs", "0")) ::_exit(126);
                  },
                  "netcut-fld", {"--delegated"});
    const std::string greedy =
        "python3 -c 'import time; x = bytearray(200 << 20); print(\"has\"); time.sleep(300)'";
    const std::string first = daemon.start_run(alice, greedy, {"--cols", "1", "--out", "first"});
    ASSERT_TRUE(daemon.wait_for_state(alice, first, "ended") || daemon.wait_for_state(alice, first, "ended"))
        << "its two nodes have more than the user may";
    EXPECT_TRUE(contains(daemon.show(alice, first).at("reason"), "signal 9"))
        << daemon.show(alice, first).dump(2);
    const std::string second = daemon.start_run(bob, "sleep 300");
    EXPECT_EQ(daemon.show(bob, second).at("state"), "running") << "the limit is each user's own";
    EXPECT_EQ(slurp(group.path() + "/user-" + std::to_string(bob) + "/memory.max"), "314572800\n");
    const Json checks = daemon.ask(alice, "GET", "/doctor").json().at("checks");
    EXPECT_TRUE(std::any_of(checks.begin(), checks.end(), [](const Json& check) {
        return check == Json{{"name", "memory"}, {"can", true}};
    })) << checks.dump(2);
    EXPECT_EQ(daemon.run(bob, {"stop", second}).status, 0);
    for (int i = 0; i < 100 * time_scale() && group.groups_below().size() > 1; ++i)
        std::this_thread::sleep_for(50ms);
    EXPECT_EQ(group.groups_below(), std::vector<std::string>{"netcut-fld"}) << "those of runs go with them";
}

TEST(DaemonMemory, WithoutControlGroupsTheDaemonSaysThatItIsNotBounded) {
    NETCUT_E2E();
    Daemon daemon;
    const Json checks = daemon.ask(alice, "GET", "/doctor").json().at("checks");
    const auto found = std::find_if(checks.begin(), checks.end(),
                                    [](const Json& check) { return check.at("name") == "memory"; });
    ASSERT_NE(found, checks.end());
    EXPECT_EQ(found->at("can"), false);
    EXPECT_TRUE(contains(found->at("why"), "no control group")) << found->dump();
}

}  // namespace
}  // namespace netcut::test::NETCUT_FILE
