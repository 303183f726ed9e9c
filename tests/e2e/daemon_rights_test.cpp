// SPDX-License-Identifier: Apache-2.0
//
// A run of the daemon has its user's rights, and no others, in each of its processes and at each of its
// stages.
#include <fcntl.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>

#include <fstream>
#include <set>
#include <thread>

#include "base/json.h"
#include "e2e/daemon.h"
#include "e2e/process.h"
#include "kernel/capabilities.h"

namespace netcut::test::NETCUT_FILE {
namespace {

namespace fs = std::filesystem;

// The kinds of processes that were seen: worker, init, and what nodes run.
std::set<std::string> expect_rights_of(Daemon& daemon, uid_t user) {
    std::set<std::string> kinds;
    const std::string groups = user == 0 ? "" : std::to_string(daemon_group);
    for (const auto& [pid, name] : daemon.processes_of_runs())
        if (expect_rights_of_user(pid, name, user, groups)) kinds.insert(name);
    return kinds;
}

// Looks until each of these was seen.
void expect_rights_at(const char* stage, Daemon& daemon, uid_t user, std::set<std::string> wanted) {
    for (int i = 0; i < 400 * time_scale() && !wanted.empty(); ++i) {
        for (const std::string& kind : expect_rights_of(daemon, user)) wanted.erase(kind);
        std::this_thread::sleep_for(5ms);
    }
    EXPECT_TRUE(wanted.empty()) << stage << ": no " << *wanted.begin() << " was seen";
}

bool waits_for_event(const std::string& run, const std::string& event) {
    for (int i = 0; i < 400 * time_scale(); ++i) {
        if (contains(slurp(run + "/journal.jsonl"), "\"event\":\"" + event + "\"")) return true;
        std::this_thread::sleep_for(20ms);
    }
    return false;
}

// As the unit leaves it (systemd/netcut-fl.service.in): a /proc that shows the daemon little, and few
// capabilities. (CHOWN and SETPCAP are for the socket, which is systemd's there, and go after it.)
void leave_little() {
    constexpr unsigned kept[] = {CAP_SETUID,   CAP_SETGID, CAP_SYS_ADMIN, CAP_SETFCAP,
                                 CAP_SYS_NICE, CAP_KILL,   CAP_CHOWN,     CAP_SETPCAP};
    const bool done = ::unshare(CLONE_NEWNS) == 0 &&
                      ::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) == 0 &&
                      ::mount("proc", "/proc", "proc", MS_NOSUID, "hidepid=invisible") == 0 &&
                      ::mount("/dev/null", "/proc/kmsg", nullptr, MS_BIND, nullptr) == 0 &&
                      bound_capabilities(kept) && ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0;
    if (!done) ::_exit(126);
}

class DaemonRightsAtEveryStage : public testing::TestWithParam<uid_t> {};
INSTANTIATE_TEST_SUITE_P(Of, DaemonRightsAtEveryStage, testing::Values(alice, 0),
                         [](const auto& info) { return info.param == 0 ? "Root" : "AMember"; });

TEST_P(DaemonRightsAtEveryStage, AreTheUsersInEveryProcess) {
    NETCUT_E2E();
    const uid_t user = GetParam();
    Daemon daemon({}, leave_little);
    const std::string run = daemon.home(user) + "/run";
    std::ofstream(daemon.home(user) + "/fed.yaml")
        << "collaborators: 1\ngrace: 500ms\nprepare: [sleep, '0.5']\n"
           "aggregator: {command: sleep 300}\n"
           "collaborator: {command: \"sh -c 'trap : TERM; echo go; while :; do sleep 0.1; done'\"}\n"
           "faults: [{name: cut, kind: drop, for: never, on: {log: go, node: collaborator1}}]\n";
    auto client = daemon.begin(user, {"run", "fed.yaml", "--out", "run"});
    expect_rights_at("preparing", daemon, user, {worker_program, init_program, "sleep"});
    ASSERT_TRUE(waits_for_event(run, "fault.fired"));
    expect_rights_at("in a cut", daemon, user, {worker_program, init_program, "sh", "sleep"});
    client->signal(SIGINT);
    ASSERT_TRUE(waits_for_event(run, "run.stopping"));
    expect_rights_at("ending", daemon, user, {worker_program, init_program, "sh"});
    EXPECT_EQ(client->wait().status, 130);
    EXPECT_TRUE(daemon.has_no_run_left());
}

TEST(DaemonRights, AreNoneAndThoseOfItsBrokerAreFew) {
    NETCUT_E2E();
    Daemon daemon;
    const std::vector<pid_t> both = daemon.process().processes();
    ASSERT_EQ(both.size(), 2U);
    for (const pid_t pid : both) {
        const bool is_broker = pid != daemon.process().pid();
        // CAP_KILL, SETGID, SETUID, SYS_ADMIN, SYS_NICE, SETFCAP
        for (const char* set : {"CapPrm", "CapEff", "CapBnd"})
            EXPECT_EQ(status_of(pid, set), is_broker ? "0000000080a000e0" : "0000000000000000") << set;
        EXPECT_EQ(status_of(pid, "NoNewPrivs"), "1");
        EXPECT_EQ(status_of(pid, "Seccomp"), is_broker ? "0" : "2");
    }
}

// What an earlier one of root's has left is known to it.
TEST(DaemonRights, AreThoseOfAnotherUserWhereThereIsOneForIt) {
    NETCUT_E2E();
    Daemon daemon({}, {}, "netcut-fld", {"--user", std::to_string(stranger)});
    const std::string run = daemon.start_run(alice, "sleep 300");
    const pid_t pid = daemon.process().pid();
    const std::string id = std::to_string(stranger);
    EXPECT_EQ(status_of(pid, "Uid"), id + " " + id + " " + id + " " + id);
    EXPECT_EQ(status_of(pid, "Gid"), id + " " + id + " " + id + " " + id);
    EXPECT_EQ(status_of(pid, "Groups"), id);
    for (const char* set : {"CapPrm", "CapEff", "CapBnd"})
        EXPECT_EQ(status_of(pid, set), "0000000000000000") << set;
    EXPECT_TRUE(daemon.wait_for_state(alice, run, "running"));
    EXPECT_EQ(daemon.run(alice, {"stop", run}).status, 0);
    EXPECT_TRUE(daemon.wait_for_state(alice, run, "ended"));
}

TEST(DaemonRights, OfRootsEarlierDaemonAreHandedOver) {
    NETCUT_E2E();
    const Folder folder;
    ASSERT_EQ(::chmod(folder.path().c_str(), 0755), 0);
    const std::string state = folder / "state";
    fs::create_directory(state);
    ASSERT_EQ(::chmod(state.c_str(), 0700), 0);
    std::ofstream(state + "/no-record.json") << "{}";
    ASSERT_EQ(::chmod((state + "/no-record.json").c_str(), 0600), 0);
    Tool daemon({"--socket", folder / "socket", "--state", state, "--user", std::to_string(stranger)}, {},
                "netcut-fld");
    EXPECT_TRUE(daemon.wait_for_output("no-record.json is left out")) << "it could not be read";
    daemon.signal(SIGTERM);
    const Finished finished = daemon.wait();
    EXPECT_EQ(finished.status, 0) << finished.err;
    for (const char* file : {"", "/no-record.json", "/lock"}) {
        struct stat info {};
        ASSERT_EQ(::lstat((state + file).c_str(), &info), 0) << file;
        EXPECT_EQ(info.st_uid, stranger) << file;
    }
}

// Of a process that may go where the user may not, /proc has the folder.
TEST(DaemonRights, FoldersOfOtherProcessesStayClosed) {
    NETCUT_E2E();
    Daemon daemon;
    const Folder folder;
    const std::string open = folder / "closed/open";
    fs::create_directories(open);
    std::ofstream(open + "/template.yaml") << "collaborators: 1\n";
    ASSERT_EQ(::chmod((folder / "closed").c_str(), 0700), 0);
    ASSERT_EQ(::chmod(open.c_str(), 0777), 0);
    Tool other(
        {"300"}, [&] { (void)!::chdir(open.c_str()); }, "/bin/sleep");
    while (proc_link(other.pid(), "cwd") != open) std::this_thread::sleep_for(5ms);
    const std::string processes = "/proc/" + std::to_string(other.pid());
    const std::string scenario = "aggregator: {command: 'true'}\ncollaborator: {command: 'true'}\n";
    const auto refused = [&](const std::string& more, const std::string& cwd, const std::string& out) {
        const Json body = {{"scenario", more + "collaborators: 1\n" + scenario}, {"cwd", cwd}, {"out", out}};
        const auto answer = daemon.ask(alice, "POST", "/runs", body.dump());
        EXPECT_TRUE(contains(answer.body, "Permission denied") ||
                    contains(answer.body, "there is no " + processes))
            << answer.body;
        return answer.status >= 400;
    };
    for (const std::string& there :
         {processes + "/cwd", processes + "/root" + open, processes + "/root/tmp"}) {
        EXPECT_TRUE(refused("", there, ""));
        EXPECT_TRUE(refused("", daemon.home(alice), there + "/run"));
        EXPECT_TRUE(refused("template: " + there + "\n", daemon.home(alice), "run"));
    }
    EXPECT_FALSE(fs::exists(open + "/run"));
}

TEST(DaemonRights, FilesHaveTheUmaskOfWhoAskedForTheRun) {
    NETCUT_E2E();
    Daemon daemon;
    const std::string home = daemon.home(alice);
    const auto client = daemon.begin_program(
        alice, "/bin/sh",
        {"-c", "umask 077; exec " + std::string(NETCUT_BUILD_DIR) + "/netcut-fl run --socket " +
                   daemon.socket() +
                   " --out run --cols 1 --aggregator 'sh -c \"touch by-node; umask\"' --collaborator true"});
    ASSERT_EQ(client->wait().status, 0);
    EXPECT_EQ(slurp(home + "/run/logs/aggregator.out"), "0077\n");
    for (const auto& entry : fs::recursive_directory_iterator(home + "/run"))
        EXPECT_EQ(entry.status().permissions() & fs::perms::others_all, fs::perms::none) << entry.path();
    EXPECT_EQ(fs::status(home + "/by-node").permissions() & fs::perms::others_all, fs::perms::none);
}

TEST(DaemonRights, RootRunsNodesAsSomebodyElseWithoutTheDaemon) {
    NETCUT_E2E();
    Daemon daemon;
    const Finished finished =
        daemon.run(0, {"run", "--aggregator", "true", "--collaborator", "true", "--user", "nobody"});
    EXPECT_EQ(finished.status, 2) << finished.out;
    EXPECT_TRUE(contains(finished.err, "sudo netcut-fl run --local --user nobody")) << finished.err;
}

// A cut node of a member must not heal itself.
TEST(DaemonRights, NodeOfAMemberCannotReachTheDaemon) {
    NETCUT_E2E();
    Daemon daemon;
    const std::string ask = "curl -s --max-time 10 --unix-socket " + daemon.socket() + " http://x/version";
    const Finished finished =
        daemon.run(alice, {"run", "--out", "run", "--cols", "1", "--aggregator",
                           "sh -c '" + ask + "; echo tried $?'", "--collaborator", "true"});
    EXPECT_EQ(finished.status, 0) << finished.out << finished.err;
    EXPECT_EQ(slurp(daemon.home(alice) + "/run/logs/aggregator.out"), "tried 7\n")
        << "curl's code for no connection";
}

// What a worker says is its user's word: this one takes the socket of the worker, and says what makes no
// sense.
constexpr const char* false_worker = R"py(
import ctypes, os, sys
libc = ctypes.CDLL(None, use_errno=True)
fd = libc.syscall(434, int(sys.argv[1]), 0)
for number in range(3, 100):
    try:
        if not os.readlink(f'/proc/{sys.argv[1]}/fd/{number}').startswith('socket:'):
            continue
    except OSError:  # closed
        continue
    stolen = libc.syscall(438, fd, number, 0)
    try:
        os.write(stolen, sys.argv[2].encode() + b'\n')
    except OSError:
        pass
print('said', flush=True)
)py";

TEST(DaemonRights, WorkerThatSaysWhatMakesNoSenseHurtsNobodyElse) {
    NETCUT_E2E();
    Daemon daemon;
    std::ofstream(daemon.home(alice) + "/false.py") << false_worker;
    for (const char* word :
         {R"({"accepted": {"nodes": 7}})", R"({"event": 5})", R"({"id": "x"})", "no JSON",
          R"({"ended": [], "verdict": 3})", R"({"event": {"event": "fault.fired", "details": 1}})"}) {
        const std::string id = daemon.start_run(alice, "sleep 300");
        pid_t worker = 0;
        for (const auto& [pid, name] : daemon.processes_of_runs())
            if (name == worker_program) worker = pid;
        const Finished told =
            daemon.begin_program(alice, "/usr/bin/python3", {"false.py", std::to_string(worker), word})
                ->wait();
        EXPECT_TRUE(contains(told.out, "said")) << told.err;
        EXPECT_TRUE(daemon.serves(bob)) << word;
        daemon.run(alice, {"stop", id});
        EXPECT_TRUE(daemon.has_no_run_left()) << word;
    }
}

// A disk of ours, most of which is for root alone.
class SmallDisk {
  public:
    SmallDisk() {
        if (::unshare(CLONE_NEWNS) != 0 || ::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0)
            throw std::runtime_error("cannot make a mount namespace");
        fs::create_directory(path());
        std::ofstream(folder_ / "image").close();
        fs::resize_file(folder_ / "image", 40 << 20);
        there_ =
            Tool({"-q", "-m", "50", folder_ / "image"}, nullptr, "/usr/sbin/mkfs.ext4").wait().status == 0 &&
            Tool({"-o", "loop", folder_ / "image", path()}, nullptr, "/bin/mount").wait().status == 0;
        fs::permissions(path(), fs::perms::all);
    }
    ~SmallDisk() {
        if (there_) ::umount2(path().c_str(), MNT_DETACH);
    }
    std::string path() const { return folder_ / "disk"; }
    bool is_there() const { return there_; }

  private:
    Folder folder_;
    bool there_ = false;
};

TEST(DaemonRights, BlocksOfADiskThatAreForRootStayFree) {
    NETCUT_E2E();
    const SmallDisk disk;
    if (!disk.is_there()) GTEST_SKIP() << "no ext4 on a loop device can be mounted here";
    const auto free_blocks = fs::space(disk.path()).free - fs::space(disk.path()).available;
    ASSERT_GT(free_blocks, 10U << 20);
    Daemon daemon;
    const Finished finished =
        daemon.run(alice, {"run", "--out", disk.path() + "/run", "--cols", "1", "--aggregator",
                           "head -c 60000000 /dev/zero", "--collaborator", "true"});
    EXPECT_EQ(finished.status, 3) << finished.out << finished.err;
    EXPECT_GE(fs::space(disk.path()).free + (1 << 20), free_blocks);
}

}  // namespace
}  // namespace netcut::test::NETCUT_FILE
