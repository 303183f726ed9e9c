// SPDX-License-Identifier: Apache-2.0
//
// `sudo netcut-fl run`: the tool is root until all is read and prepared, and the run's user alone from then on.
#include <sched.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include <fstream>
#include <set>
#include <thread>

#include "base/io.h"
#include "e2e/process.h"
#include "e2e/tool.h"

namespace netcut::test::NETCUT_FILE {
namespace {

namespace fs = std::filesystem;

// As sudo leaves it. 0: a shell of root's.
std::function<void()> called_by(uid_t user) {
    return [user] {
        if (user != 0) ::setenv("SUDO_UID", std::to_string(user).c_str(), 1);
    };
}

// A folder that is this user's.
void give(const Folder& folder, uid_t user) {
    ASSERT_EQ(::chown(folder.path().c_str(), user, user), 0);
}

std::string rights_of(const std::string& run) {
    return read_journal(run).front().at("details").at("rights");
}

void expect_little_of_keeper(pid_t pid) {
    // CAP_NET_ADMIN, CAP_SYS_NICE
    for (const char* set : {"CapPrm", "CapEff"}) EXPECT_EQ(status_of(pid, set), "0000000000801000") << set;
    for (const char* set : {"CapInh", "CapBnd", "CapAmb"})
        EXPECT_EQ(status_of(pid, set), "0000000000000000") << set;
    EXPECT_EQ(status_of(pid, "NoNewPrivs"), "1");
    EXPECT_EQ(status_of(pid, "Seccomp"), "2");
    std::vector<std::string> open;
    for (const auto& entry : fs::directory_iterator("/proc/" + std::to_string(pid) + "/fd"))
        open.push_back(fs::read_symlink(entry.path()));
    ASSERT_EQ(open.size(), 1U);
    EXPECT_TRUE(open.front().starts_with("socket:")) << open.front();
}

// The kinds of processes that were seen.
std::set<std::string> expect_rights_in(const Tool& tool, uid_t user) {
    std::set<std::string> kinds;
    for (const pid_t pid : tool.processes()) {
        const std::string name = program_of(pid);
        if (name == keeper_program)
            expect_little_of_keeper(pid);
        else if (!expect_rights_of_user(pid, name, user, std::to_string(user)))
            continue;
        kinds.insert(name);
    }
    return kinds;
}

void expect_rights_at(const char* stage, const Tool& tool, uid_t user, std::set<std::string> wanted) {
    for (int i = 0; i < 400 * time_scale() && !wanted.empty(); ++i) {
        for (const std::string& kind : expect_rights_in(tool, user)) wanted.erase(kind);
        std::this_thread::sleep_for(5ms);
    }
    EXPECT_TRUE(wanted.empty()) << stage << ": no " << *wanted.begin() << " was seen";
}

bool waits_for(const std::string& run, const std::string& text) {
    for (int i = 0; i < 1000 * time_scale(); ++i) {
        if (contains(slurp(run + "/journal.jsonl"), text)) return true;
        std::this_thread::sleep_for(10ms);
    }
    return false;
}

class SudoRun : public testing::TestWithParam<uid_t> {};
INSTANTIATE_TEST_SUITE_P(Of, SudoRun, testing::Values(ordinary_user, 0),
                         [](const auto& info) { return info.param == 0 ? "Root" : "AUser"; });

TEST_P(SudoRun, HasItsUsersRightsAtEveryStage) {
    NETCUT_E2E();
    const uid_t user = GetParam();
    const Folder folder;
    give(folder, user);
    const std::string run = folder / "run";
    std::ofstream(folder / "fed.yaml")
        << "collaborators: 1\ngrace: 500ms\nprepare: [sleep, '0.5']\n"
           "aggregator: {command: sleep 300}\n"
           "collaborator: {command: \"sh -c 'trap : TERM; echo go; while :; do sleep 0.1; done'\"}\n"
           "faults: [{name: cut, kind: drop, for: never, on: {log: go, node: collaborator1}}]\n";
    Tool tool({"run", folder / "fed.yaml", "--out", run}, called_by(user));
    ASSERT_TRUE(waits_for(run, "\"state\":\"preparing\""));
    expect_rights_at("preparing", tool, user, {tool_program, keeper_program, init_program, "sleep"});
    ASSERT_TRUE(waits_for(run, "\"event\":\"fault.fired\""));
    expect_rights_at("in a cut", tool, user, {tool_program, keeper_program, init_program, "sh", "sleep"});
    tool.signal(SIGINT);
    ASSERT_TRUE(waits_for(run, "\"event\":\"run.stopping\""));
    expect_rights_at("ending", tool, user, {tool_program, keeper_program, init_program, "sh"});
    EXPECT_EQ(tool.wait().status, 130);
    EXPECT_TRUE(tool.leaves_no_process());
    EXPECT_EQ(rights_of(run), "user_namespace");
    for (const char* file :
         {"", "/journal.jsonl", "/verdict.json", "/report.html", "/logs/aggregator.out", "/work"}) {
        struct stat info {};
        ASSERT_EQ(::lstat((run + file).c_str(), &info), 0) << file;
        EXPECT_EQ(info.st_uid, user) << file;
    }
}

// The run of another user than who calls.
TEST(SudoRunOf, AnotherUserIsThatUsersAlone) {
    NETCUT_E2E();
    const Folder folder;
    ASSERT_EQ(::chmod(folder.path().c_str(), 0777), 0);
    Tool tool({"run", "--out", folder / "run", "--cols", "1", "--aggregator", "id -u", "--collaborator",
               "true", "--user", "nobody"},
              called_by(ordinary_user));
    const Finished finished = tool.wait();
    EXPECT_EQ(finished.status, 0) << finished.out << finished.err;
    EXPECT_EQ(slurp(folder / "run/logs/aggregator.out"), "65534\n");
    EXPECT_EQ(rights_of(folder / "run"), "user_namespace");
}

TEST(SudoRunOf, AMachineWithoutUserNamespacesGoesOnWithTheRightsOfRoot) {
    NETCUT_E2E();
    const Folder folder;
    give(folder, ordinary_user);
    Tool tool({"run", "--out", folder / "run", "--cols", "1", "--aggregator", "sh -c 'id -u; id -G'",
               "--collaborator", "true"},
              [] {
                  called_by(ordinary_user)();
                  refuse_call(SYS_unshare, CLONE_NEWUSER, EPERM);
              });
    const Finished finished = tool.wait();
    EXPECT_EQ(finished.status, 0) << finished.out << finished.err;
    const std::string id = std::to_string(ordinary_user);
    EXPECT_EQ(slurp(folder / "run/logs/aggregator.out"), id + "\n" + id + "\n");
    EXPECT_EQ(rights_of(folder / "run"), "host");
    EXPECT_TRUE(tool.leaves_no_process());
}

// Its limit is the user's, but root's engine is bound by none.
TEST(SudoRunOf, AUserWithFewKeysGoesOnWithTheRightsOfRoot) {
    NETCUT_E2E();
    const std::string most = slurp("/proc/sys/kernel/keys/maxkeys");
    if (most != "200\n") GTEST_SKIP() << "kernel.keys.maxkeys is not 200, but " << most;
    const Folder folder;
    give(folder, ordinary_user);
    Tool tool(
        {"run", "--out", folder / "run", "--cols", "110", "--aggregator", "true", "--collaborator", "true"},
        called_by(ordinary_user));
    const Finished finished = tool.wait();
    EXPECT_EQ(finished.status, 0) << finished.out << finished.err;
    EXPECT_EQ(rights_of(folder / "run"), "host");
}

// Where the tool's rights are gone, who called it has none over it: it is as closed as root's.
TEST(SudoRunOf, AUserCannotBeLookedIntoByTheUsersOtherProcesses) {
    NETCUT_E2E();
    const Folder folder;
    give(folder, ordinary_user);
    Tool tool({"run", "--out", folder / "run", "--cols", "1", "--aggregator", "sleep 300", "--collaborator",
               "sleep 300"},
              called_by(ordinary_user));
    ASSERT_TRUE(waits_for(folder / "run", "\"event\":\"node.started\""));
    const std::string process = "/proc/" + std::to_string(tool.pid());
    for (const char* what : {"environ", "maps", "fd/1", "cwd/"}) {
        Tool look({process + "/" + what}, become_ordinary_user, "/bin/cat");
        EXPECT_NE(look.wait().status, 0) << what;
    }
    tool.signal(SIGTERM);
    EXPECT_EQ(tool.wait().status, 143);
}

int niceness_of(pid_t thread) {
    errno = 0;
    return ::getpriority(PRIO_PROCESS, static_cast<id_t>(thread));
}

// The most that one of its netlink sockets may hold (twice what was asked for, socket(7)).
int largest_room(pid_t pid) {
    const Fd process(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0)));
    int largest = 0;
    for (const auto& entry : fs::directory_iterator("/proc/" + std::to_string(pid) + "/fd")) {
        const Fd copy(static_cast<int>(
            ::syscall(SYS_pidfd_getfd, process.get(), std::stoi(entry.path().filename()), 0)));
        int domain = 0, room = 0;
        socklen_t size = sizeof(int);
        if (::getsockopt(copy.get(), SOL_SOCKET, SO_DOMAIN, &domain, &size) != 0 || domain != AF_NETLINK)
            continue;
        ::getsockopt(copy.get(), SOL_SOCKET, SO_RCVBUF, &room, &size);
        largest = std::max(largest, room);
    }
    return largest;
}

// What a user namespace does not give, the keeper does.
TEST(SudoRunOf, AUserHasRootsRoomForWhatTheKernelTellsAndPrecedence) {
    NETCUT_E2E();
    const Folder folder;
    give(folder, ordinary_user);
    Tool tool({"run", "--out", folder / "run", "--pcap", "--cols", "1", "--aggregator", "sleep 300",
               "--collaborator", "sleep 300"},
              called_by(ordinary_user));
    ASSERT_TRUE(waits_for(folder / "run", "\"event\":\"node.started\""));
    EXPECT_EQ(largest_room(tool.pid()), 2 * (32 << 20));
    std::set<std::string> preceding;
    for (const auto& entry : fs::directory_iterator("/proc/" + std::to_string(tool.pid()) + "/task")) {
        const pid_t thread = std::stoi(entry.path().filename());
        if (niceness_of(thread) == -15) preceding.insert(program_of(thread));
    }
    EXPECT_EQ(preceding, (std::set<std::string>{tool_program, "phases"}));
    tool.signal(SIGTERM);
    tool.wait();
}

TEST(SudoRunOf, AUserLeavesNothingWhenItIsKilled) {
    NETCUT_E2E();
    const Folder folder;
    give(folder, ordinary_user);
    const std::string before = host_state();
    for (int i = 0; i < 5; ++i) {
        const std::string run = folder / std::to_string(i);
        Tool tool(
            {"run", "--out", run, "--cols", "2", "--aggregator", "sleep 300", "--collaborator", "sleep 300"},
            called_by(ordinary_user));
        ASSERT_TRUE(waits_for(run, i % 2 == 0 ? "\"event\":\"node.started\"" : "\"event\":\"run.begun\""));
        tool.signal(SIGKILL);
        tool.wait();
        ASSERT_TRUE(tool.leaves_no_process()) << i;
    }
    EXPECT_EQ(host_state(), before);
}

// A run of many ends with the tool that started it, also when it has become the user meanwhile.
TEST(SudoRunOf, AUserEndsWithThePoolThatStartedIt) {
    NETCUT_E2E();
    const Folder folder;
    give(folder, ordinary_user);
    Tool pool({"run", "--repeat", "2", "--jobs", "2", "--out", folder / "runs", "--cols", "1", "--aggregator",
               "sleep 300", "--collaborator", "sleep 300"},
              called_by(ordinary_user));
    for (const char* run : {"runs/runs/1", "runs/runs/2"})
        ASSERT_TRUE(waits_for(folder / run, "\"event\":\"node.started\"")) << run;
    pool.signal(SIGKILL);
    pool.wait();
    EXPECT_TRUE(pool.leaves_no_process());
    for (const char* run : {"runs/runs/1", "runs/runs/2"})
        EXPECT_TRUE(waits_for(folder / run, "\"event\":\"run.ended\"")) << run;
}

// After the run the tool cannot read again what it has read as who called it.
TEST(SudoRunOf, AnotherUserHasATwinOfAScenarioThatOnlyTheCallerMayRead) {
    NETCUT_E2E();
    const Folder folder, callers;
    ASSERT_EQ(::chmod(folder.path().c_str(), 0777), 0);
    give(callers, ordinary_user);
    std::ofstream(callers / "fed.yaml")
        << "collaborators: 1\naggregator: {command: 'false'}\ncollaborator: {command: sleep 1}\n"
           "faults: [{name: cut, kind: drop, for: 100ms, on: start}]\n";
    ASSERT_EQ(::chown((callers / "fed.yaml").c_str(), ordinary_user, ordinary_user), 0);
    ASSERT_EQ(::chmod((callers / "fed.yaml").c_str(), 0600), 0);
    Tool tool({"run", callers / "fed.yaml", "--twin", "--user", "nobody", "--out", folder / "run"},
              called_by(ordinary_user));
    const Finished finished = tool.wait();
    EXPECT_EQ(finished.status, 1) << finished.out << finished.err;
    EXPECT_TRUE(contains(finished.out, "without its faults it fails as well"))
        << finished.out << finished.err;
}

}  // namespace
}  // namespace netcut::test::NETCUT_FILE
