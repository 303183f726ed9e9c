// SPDX-License-Identifier: Apache-2.0
//
// The daemon: what its users can do with it, by the command line and by HTTP.
#include "e2e/daemon.h"

#include <sched.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include <fstream>
#include <thread>

#include "base/json.h"
#include "e2e/daemon_load.h"

namespace netcut::test::NETCUT_FILE {
namespace {

uid_t owner_of(const std::string& path) {
    struct stat info {};
    return ::lstat(path.c_str(), &info) == 0 ? info.st_uid : 0;
}

Arguments reference(const Arguments& more) {
    Arguments arguments = small_reference("out", more);
    return arguments;
}

TEST(Daemon, TwoUsersRunAtTheSameTimeAsThemselvesAndNeitherSeesTheOther) {
    NETCUT_E2E_WITH_REFERENCE();
    const std::string before = host_state();
    Daemon daemon;
    auto first = daemon.begin(alice, reference({"--cut-on", "round 2: training", "--reconnect-after", "1s"}));
    auto second = daemon.begin(
        bob, reference({"--cut-on", "round 2: training", "--reconnect-after", "1s", "--kind", "unplug"}));
    ASSERT_TRUE(first->wait_for_output("cut 1", 60s));
    ASSERT_TRUE(second->wait_for_output("cut 1", 60s));
    const Json mine = daemon.ask(alice, "GET", "/runs").json().at("runs");
    ASSERT_EQ(mine.size(), 1U) << mine.dump(2);
    const std::string id = mine.at(0).at("id");
    EXPECT_EQ(daemon.ask(bob, "GET", "/runs/" + id).status, 404);
    EXPECT_EQ(daemon.ask(bob, "POST", "/runs/" + id + "/stop").status, 404);
    EXPECT_EQ(daemon.run(bob, {"logs", id, "aggregator"}).status, 2);
    EXPECT_EQ(daemon.ask(0, "GET", "/runs").json().at("runs").size(), 2U) << "root sees all";
    for (const auto& [tool, user] : {std::pair(first.get(), alice), std::pair(second.get(), bob)}) {
        const Finished finished = tool->wait();
        EXPECT_EQ(finished.status, 0) << finished.out << finished.err;
        EXPECT_TRUE(contains(finished.out, "recovered")) << finished.out;
        const std::string out = daemon.home(user) + "/out";
        EXPECT_EQ(read_verdict(out).at("verdict"), "recovered");
        for (const char* file : {"/journal.jsonl", "/verdict.json", "/report.html", "/junit.xml", "/work"})
            EXPECT_EQ(owner_of(out + file), user) << file;
        EXPECT_TRUE(tool->leaves_no_process());
        EXPECT_EQ(daemon.run(user, {"ps"}).out.find("running"), std::string::npos);
    }
    EXPECT_EQ(host_state(), before);
}

TEST(Daemon, WhoIsNotInTheGroupIsRefused) {
    NETCUT_E2E();
    Daemon daemon;
    const Finished finished = daemon.run(stranger, {"ps"});
    EXPECT_EQ(finished.status, 3) << finished.out;
    EXPECT_TRUE(contains(finished.err, "not in its group")) << finished.err;
    // Also where the permissions of the socket would let them in.
    ASSERT_EQ(::chmod(daemon.socket().c_str(), 0666), 0);
    EXPECT_EQ(daemon.ask(stranger, "GET", "/version").status, 403);
    EXPECT_EQ(daemon.ask(alice, "GET", "/version").status, 200);
}

TEST(Daemon, EveryCommandOfTheLineDoesItsWork) {
    NETCUT_E2E();
    Daemon daemon;
    const std::string id =
        daemon.start_run(alice, "sh -c 'echo hello from $NETCUT_NODE; sleep 100'", {"--out", "run"});
    ASSERT_TRUE(daemon.wait_for_state(alice, id, "running"));
    for (int i = 0; i < 100 && !contains(daemon.run(alice, {"logs", id, "collaborator1"}).out, "hello"); ++i)
        std::this_thread::sleep_for(50ms);
    EXPECT_EQ(daemon.run(alice, {"logs", id, "collaborator1"}).out, "hello from collaborator1\n");
    EXPECT_TRUE(contains(daemon.run(alice, {"ps"}).out, id));

    const Finished cut = daemon.run(alice, {"cut", id, "collaborator1", "--for", "never"});
    ASSERT_EQ(cut.status, 0) << cut.err;
    EXPECT_EQ(cut.out, "request1\n");
    Json run = Json::parse(daemon.run(alice, {"inspect", id}).out);
    EXPECT_EQ(run.at("faults").at(0).at("on"), true) << run.dump(2);
    const Arguments ping = {"exec",
                            id,
                            "collaborator1",
                            "python3",
                            "-c",
                            "import socket\n"
                            "s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM, socket.IPPROTO_ICMP)\n"
                            "s.settimeout(1)\n"
                            "s.sendto(bytes([8, 0, 0, 0, 0, 0, 0, 1]), ('aggregator', 0))\n"
                            "s.recv(100)\n"};
    EXPECT_EQ(daemon.run(alice, ping).status, 1) << "it is cut off";
    const Finished heal = daemon.run(alice, {"heal", id.substr(0, 6)});
    ASSERT_EQ(heal.status, 0) << heal.err;
    const Finished pinged = daemon.run(alice, ping);
    EXPECT_EQ(pinged.status, 0) << pinged.out << pinged.err;
    EXPECT_TRUE(contains(daemon.run(alice, {"exec", id, "aggregator", "id", "-u"}).out, "54321"));
    EXPECT_EQ(daemon.run(alice, {"heal", id}).status, 2) << "nothing is on any more";

    const Finished events = daemon.run(alice, {"events", id});
    EXPECT_TRUE(contains(events.out, "request1 1: drop of collaborator1, for ever")) << events.out;
    const std::string from = daemon.run(alice, {"events", "--json", "--from", "3", id}).out;
    EXPECT_EQ(Json::parse(from.substr(0, from.find('\n'))).at("n"), 3);
    EXPECT_EQ(daemon.run(alice, {"rm", id}).status, 2) << "it is under way";
    const Finished stop = daemon.run(alice, {"stop", id});
    EXPECT_EQ(stop.status, 0) << stop.err;
    run = Json::parse(daemon.run(alice, {"inspect", id}).out);
    EXPECT_EQ(run.at("state"), "ended");
    EXPECT_TRUE(contains(daemon.run(alice, {"ps", "-a"}).out, id));
    EXPECT_EQ(daemon.run(alice, {"rm", id}).status, 0);
    EXPECT_FALSE(contains(daemon.run(alice, {"ps", "-a"}).out, id));
    EXPECT_TRUE(std::filesystem::exists(daemon.home(alice) + "/run/journal.jsonl")) << "the files stay";
    const Finished verified = daemon.run(alice, {"cut", id});
    EXPECT_EQ(verified.status, 2) << "it is forgotten";
    EXPECT_EQ(run_tool({"verify", daemon.home(alice) + "/run"}).status, 0);
}

TEST(Daemon, AttachedRunEndsWithItsClientAndADetachedOneGoesOn) {
    NETCUT_E2E();
    Daemon daemon;
    auto client = daemon.begin(alice, {"run", "--cols", "1", "--grace", "300ms", "--aggregator", "sleep 100",
                                       "--collaborator", "sleep 100"});
    ASSERT_TRUE(client->wait_for_output("collaborator1 started"));
    const std::string detached = daemon.start_run(alice, "sleep 100");
    client->signal(SIGKILL);
    client->wait();
    EXPECT_TRUE(client->leaves_no_process()) << "nodes carry the mark of who started them";
    EXPECT_EQ(daemon.show(alice, detached).at("state"), "running");
    EXPECT_EQ(daemon.run(alice, {"rm", "-f", detached}).status, 0);
}

TEST(Daemon, CtrlCEndsAnAttachedRunInOrder) {
    NETCUT_E2E();
    Daemon daemon;
    auto client = daemon.begin(alice, {"run", "--out", "run", "--cols", "1", "--aggregator", "sleep 100",
                                       "--collaborator", "sleep 100"});
    ASSERT_TRUE(client->wait_for_output("collaborator1 started"));
    client->signal(SIGINT);
    EXPECT_EQ(client->wait(20s).status, 130);
    EXPECT_EQ(read_verdict(daemon.home(alice) + "/run").at("verdict"), "error");
    EXPECT_TRUE(client->leaves_no_process());
}

TEST(Daemon, KilledDaemonLeavesNothingAndTheNextOneListsItsRunsAsLost) {
    NETCUT_E2E();
    const std::string before = host_state();
    Daemon daemon;
    Tool client({"run", "--socket", daemon.socket(), "-d", "--out", daemon.home(alice) + "/run", "--cols",
                 "2", "--aggregator", "sleep 100", "--collaborator",
                 "sh -c 'trap \"\" TERM; setsid sleep 100 & echo go; sleep 100'", "--cut-on", "go",
                 "--reconnect-after", "never"},
                [] { become(alice, {daemon_group}); });
    const std::string id = client.wait().out.substr(0, 12);
    for (int i = 0; i < 100; ++i) {
        const Json run = daemon.show(alice, id);
        if (run.contains("faults") && run.at("faults").at(0).at("on") == true) break;
        std::this_thread::sleep_for(50ms);
    }
    ASSERT_GT(client.processes().size(), 5U);
    daemon.process().signal(SIGKILL);
    daemon.process().wait();
    EXPECT_TRUE(daemon.process().leaves_no_process());
    EXPECT_TRUE(client.leaves_no_process());
    EXPECT_EQ(host_state(), before);
    daemon.start();
    const Json run = daemon.show(alice, id);
    EXPECT_EQ(run.at("state"), "lost") << run.dump(2);
    EXPECT_TRUE(contains(run.at("reason"), "the daemon died")) << run.dump(2);
    EXPECT_TRUE(contains(daemon.run(alice, {"events", id}).out, "cut 1: drop")) << "its journal is intact";
    std::ofstream(daemon.home(alice) + "/run/journal.jsonl", std::ios::app) << "{\"n\": 99, \"t_";
    EXPECT_TRUE(contains(daemon.run(alice, {"events", id}).out, "the journal is torn"));
}

TEST(Daemon, KilledWorkerLosesItsRunAndNoOther) {
    NETCUT_E2E();
    Daemon daemon;
    const std::string other = daemon.start_run(bob, "sleep 100");
    const std::string id = daemon.start_run(alice, "sleep 100");
    pid_t worker = 0;  // alice's: it runs as her
    for (const pid_t pid : daemon.process().processes()) {
        const std::string folder = "/proc/" + std::to_string(pid);
        if (contains(slurp(folder + "/cmdline"), "netcut-fl-worker") &&
            contains(slurp(folder + "/status"), "Uid:\t" + std::to_string(alice)))
            worker = pid;
    }
    ASSERT_NE(worker, 0);
    ::kill(worker, SIGKILL);
    ASSERT_TRUE(daemon.wait_for_state(alice, id, "lost"));
    EXPECT_TRUE(contains(daemon.show(alice, id).at("reason"), "signal 9"));
    EXPECT_EQ(daemon.show(bob, other).at("state"), "running");
    EXPECT_EQ(daemon.run(bob, {"stop", other}).status, 0);
}

TEST(Daemon, SigtermEndsItsRunsInOrder) {
    NETCUT_E2E();
    Daemon daemon;
    const std::string id = daemon.start_run(alice, "sleep 100", {"--out", "run"});
    daemon.process().signal(SIGTERM);
    EXPECT_EQ(daemon.process().wait(20s).status, 0);
    EXPECT_TRUE(daemon.process().leaves_no_process());
    EXPECT_EQ(read_verdict(daemon.home(alice) + "/run").at("exit_status"), 143);
    daemon.start();
    EXPECT_EQ(daemon.show(alice, id).at("state"), "ended");
}

TEST(Daemon, WhatExceedsALimitIsRefusedWithTheLimitNamed) {
    NETCUT_E2E();
    Daemon daemon(
        "limits: {runs: 1, nodes: 3, run-time: 1m, log-bytes: 100000}\nusers:\n  - {name: 54322, runs: 2}\n");
    const auto refused = [&](uid_t user, const Arguments& more) {
        Arguments arguments = {"run",       "-d",        "--aggregator", "sleep 100", "--collaborator",
                               "sleep 100", "--timeout", "30s"};
        arguments.insert(arguments.end(), more.begin(), more.end());
        return daemon.run(user, arguments).err;
    };
    EXPECT_TRUE(contains(refused(alice, {"--cols", "3"}), "`nodes`")) << refused(alice, {"--cols", "3"});
    EXPECT_TRUE(contains(refused(alice, {"--timeout", "2m"}), "`run-time`"));
    EXPECT_TRUE(contains(refused(alice, {"--grace", "1000h"}), "`run-time`"));
    const std::string id = daemon.start_run(alice, "sleep 100", {"--timeout", "30s"});
    EXPECT_TRUE(contains(refused(alice, {"--cols", "1"}), "`runs`"));
    EXPECT_EQ(daemon.run(alice, {"rm", "-f", id}).status, 0);
    for (int i = 0; i < 2; ++i) daemon.start_run(bob, "sleep 100", {"--timeout", "30s"});
    EXPECT_TRUE(contains(refused(bob, {"--cols", "1"}), "`runs` of 54322 is 2"));
    const std::string loud = daemon.start_run(alice, "sh -c 'while :; do echo 0123456789abcdef; done'",
                                              {"--timeout", "30s", "--out", "loud"});
    ASSERT_TRUE(daemon.wait_for_state(alice, loud, "ended"));
    EXPECT_TRUE(contains(daemon.show(alice, loud).at("reason"), "File too large"))
        << daemon.show(alice, loud).dump(2);
    EXPECT_LE(std::filesystem::file_size(daemon.home(alice) + "/loud/logs/collaborator1.out"), 100'000U);
}

TEST(Daemon, ManyRunsAreMadeByItAndNeedNoUserNamespace) {
    NETCUT_E2E();
    Daemon daemon;
    const std::string home = daemon.home(alice);
    std::ofstream(home + "/scenario.yaml")
        << "collaborators: 1\naggregator: {command: sleep 1}\ncollaborator: {command: sh -c 'echo go; sleep "
           "1'}\n"
           "experiments: [{name: early, what: at once, fault: {on: {log: go}}}]\n";
    Tool tool({"experiments", home + "/scenario.yaml", "--kinds", "drop", "--for", "100ms", "--out",
               home + "/table"},
              [&] {
                  ::setenv("NETCUT_FL_SOCKET", daemon.socket().c_str(), 1);
                  become(alice, {daemon_group});
                  refuse_call(SYS_unshare, CLONE_NEWUSER, EPERM);
              });
    const Finished finished = tool.wait();
    EXPECT_EQ(finished.status, 0) << finished.out << finished.err;
    EXPECT_TRUE(contains(finished.out, "early   not noticed")) << finished.out;
    EXPECT_EQ(daemon.ask(alice, "GET", "/runs").json().at("runs").size(), 1U);
    EXPECT_EQ(owner_of(home + "/table/experiments.json"), alice);
}

TEST(Daemon, RunWithAVerdictOfAnySizeIsNotLostAndTheVerdictStaysInItsFolder) {
    NETCUT_E2E();
    Daemon daemon;
    const std::string id =
        daemon.start_run(alice, "sh -c 'echo go; sleep 8'",
                         {"--out", "run", "--fault",
                          "{kind: drop, on: {log: go}, flap: {period: 4ms, duty: 50%, count: 700}}"});
    ASSERT_TRUE(daemon.wait_for_state(alice, id, "ended"));
    const std::string record = daemon.state() + "/" + id + ".json";
    EXPECT_EQ(Json::parse(slurp(record)).at("state"), "ended") << "nor on disk";
    const std::string verdict = slurp(daemon.home(alice) + "/run/verdict.json");
    EXPECT_GT(verdict.size(), 200'000U) << "else the test shows nothing";
    EXPECT_LT(std::filesystem::file_size(record), 10'000U);
    EXPECT_EQ(daemon.ask(alice, "GET", "/runs/" + id + "/verdict").body, verdict);
    EXPECT_EQ(Json::parse(daemon.run(alice, {"inspect", id}).out).at("verdict_json"), Json::parse(verdict));
    EXPECT_EQ(daemon.ask(bob, "GET", "/runs/" + id + "/verdict").status, 404);
}

TEST(Daemon, GivesNoNodeAWayOut) {
    NETCUT_E2E();
    const Daemon daemon;
    const Finished refused = daemon.run(
        alice, {"run", "-d", "--aggregator", "sleep 9", "--collaborator", "sleep 9", "--uplink", "all"});
    EXPECT_EQ(refused.status, 2);
    EXPECT_TRUE(contains(refused.err, "a run of the daemon has none")) << refused.err;
}

TEST(Daemon, IdleItIsSmallAndSleeps) {
    NETCUT_E2E();
    Daemon daemon;
    daemon.run(alice, {"ps"});
    const std::string process = "/proc/" + std::to_string(daemon.process().pid());
    const auto cpu = [&] {
        std::istringstream stat(slurp(process + "/schedstat"));
        std::uint64_t ns = 0;
        stat >> ns;
        return ns;
    };
    const std::uint64_t before = cpu();
    std::this_thread::sleep_for(2s);
    EXPECT_LT(cpu() - before, 1'000'000U) << "nanoseconds";
    const pid_t pid = daemon.process().pid();
    EXPECT_LT(memory_kib(pid, "RssAnon"), 2 * 1024) << "what it has allocated";
    // Pages of files, which others have as well: how many are mapped depends on what the machine has read of them.
    EXPECT_LT(memory_kib(pid, "VmRSS"), 16 * 1024) << "and libraries are counted";
}

}  // namespace
}  // namespace netcut::test::NETCUT_FILE
