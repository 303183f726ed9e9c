// SPDX-License-Identifier: Apache-2.0
//
// The program as an ordinary user, without root and without a daemon.
#include <sched.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include <cerrno>
#include <fstream>
#include <memory>

#include "e2e/random_kills.h"
#include "fault/needs.h"
#include "fault/probe.h"
#include "kernel/netns.h"

namespace netcut::test::NETCUT_FILE {
namespace {

uid_t owner_of(const std::string& path) {
    struct stat info {};
    return ::lstat(path.c_str(), &info) == 0 ? info.st_uid : 0;
}

TEST(Rootless, FederationIsCutRecoversAndItsFilesAreTheUsers) {
    NETCUT_E2E_WITH_REFERENCE();
    const Folder folder;
    const std::string before = host_state();
    for (const char* kind : {"drop", "unplug"}) {
        const std::string run = folder / kind;
        Tool tool(small_reference(run, {"--cut-on", "round 2: training", "--reconnect-after", "1s", "--kind",
                                        kind, "--pcap"}),
                  become_ordinary_user);
        const Finished finished = tool.wait();
        ASSERT_EQ(finished.status, 0) << finished.out << finished.err;
        EXPECT_EQ(read_verdict(run).at("verdict"), "recovered");
        EXPECT_EQ(read_verdict(run).at("noticed"), true);
        for (const char* file : {"/journal.jsonl", "/verdict.json", "/report.html", "/logs/collaborator4.out",
                                 "/pcap/collaborator4.pcapng", "/work"})
            EXPECT_EQ(owner_of(run + file), ordinary_user) << file;
        EXPECT_TRUE(tool.leaves_no_process());
    }
    EXPECT_EQ(host_state(), before);
}

TEST(Rootless, FederationBehindNatAndAFullUplinkIsCutAndRecovers) {
    NETCUT_E2E_WITH_REFERENCE();
    const auto apart = NetNs::create();
    ASSERT_TRUE(apart) << apart.error().text();
    for (const Need need : {Need::route_by_mark, Need::tbf, Need::track, Need::nat})
        if (!probe(need, *apart)) GTEST_SKIP() << "this kernel has no " << need_name(need);
    const Folder folder;
    const std::string before = host_state();
    const std::string run = folder / "run";
    Tool tool(
        small_reference(
            run,
            {"--ip", "4", "--pcap", "--site",
             "a: {nodes: collaborators, uplink: 50mbit/20mbit, nat: home, firewall: idle 300s}", "--fault",
             "{name: full, kind: full-uplink, up: 2mbit, on: {log: 'round 1: training'}, for: 500ms}",
             "--fault",
             "{name: cut, kind: drop, nodes: [collaborator2], on: {log: 'round 2: training'}, for: "
             "500ms}"}),
        become_ordinary_user);
    const Finished finished = tool.wait();
    ASSERT_EQ(finished.status, 0) << finished.out << finished.err;
    EXPECT_EQ(read_verdict(run).at("verdict"), "recovered");
    EXPECT_EQ(read_verdict(run).at("noticed"), true);
    const Finished verified = run_tool({"verify", run});
    EXPECT_EQ(verified.status, 0) << verified.out << verified.err;
    EXPECT_TRUE(tool.leaves_no_process());
    EXPECT_EQ(host_state(), before);
}

TEST(Rootless, NodeIsTheUserHasNoCapabilityAndCannotTouchItsLink) {
    NETCUT_E2E();
    const Folder folder;
    std::ofstream(folder / "node.sh")
        << "grep -E 'Cap(Prm|Eff|Bnd|Amb|Inh)' /proc/self/status\nid -u\nid -g\nhostname\n"
           "ip link set eth0 down 2>&1 && echo DOWN\nunshare -n true 2>&1 && echo UNSHARED\n"
           "echo pids: $(ls /proc | grep -c '^[0-9]')\ncut -d: -f1 /proc/net/dev\n";
    Tool tool({"run", "--out", folder / "run", "--aggregator", "sleep 0.5", "--collaborator",
               "sh " + (folder / "node.sh"), "--cols", "1"},
              become_ordinary_user);
    const Finished finished = tool.wait();
    ASSERT_EQ(finished.status, 0) << finished.out << finished.err;
    const std::string out = slurp(folder / "run/logs/collaborator1.out");
    for (const char* set : {"CapPrm", "CapEff", "CapBnd", "CapAmb", "CapInh"})
        EXPECT_TRUE(contains(out, std::string(set) + ":\t0000000000000000")) << out;
    EXPECT_TRUE(contains(out, "\n54321\n54321\ncollaborator1\n")) << out;
    EXPECT_FALSE(contains(out, "DOWN")) << out;
    EXPECT_FALSE(contains(out, "UNSHARED")) << out;
    EXPECT_TRUE(contains(out, "Operation not permitted")) << out;
}

TEST(Rootless, SigkillAtRandomMomentsLeavesNothing) {
    NETCUT_E2E();
    const Folder folder;
    const std::string before = host_state();
    RandomKills kills(20261126);
    Tool whole(kills.next_run(folder / "whole"), become_ordinary_user);
    ASSERT_TRUE(kills.learn(whole));
    for (unsigned i = 0; i < kills.count(); ++i) {
        const std::string out = folder / std::to_string(i);
        Tool tool(kills.next_run(out), become_ordinary_user);
        kills.wait(tool);
        tool.signal(SIGKILL);
        tool.wait();
        ASSERT_TRUE(tool.leaves_no_process()) << "after kill " << i;
        ASSERT_EQ(host_state(), before) << "after kill " << i;
        kills.look_at(out);
    }
    kills.expect_variety();
}

// A federation that gives up when it hears nothing for a second, and is cut off for two.
std::string fatal_cut() {
    const std::string build = NETCUT_BUILD_DIR;
    return "collaborators: 1\nready: ready\nhang_after: 1s\naggregator: {command: " + build +
           "/netcut_datagrams echo 1 7000}\ncollaborator: {command: " + build +
           "/netcut_heartbeat aggregator 7000 30 " + std::to_string(1000 * time_scale()) +
           "}\nfaults: [{kind: drop, on: {log: beat 5}, for: " + std::to_string(2 * time_scale()) +
           "s}]\nexperiments: [{name: beat, what: at a beat, fault: {on: {log: beat 5}}}]\n";
}

TEST(Rootless, CommandsThatMakeManyRunsNeedNoRootEither) {
    NETCUT_E2E();
    const Folder folder;
    const std::string before = host_state();
    std::ofstream(folder / "scenario.yaml") << fatal_cut();
    const auto begin = [&](Arguments arguments) {
        return std::make_unique<Tool>(arguments, become_ordinary_user);
    };
    const auto first = begin({"run", folder / "scenario.yaml", "--out", folder / "run"})->wait();
    ASSERT_EQ(first.status, 1) << first.out << first.err;
    const std::string length = std::to_string(2 * time_scale()) + "s";
    const auto replay = begin({"replay", folder / "run", "--quiet"});
    const auto reduce = begin({"reduce", folder / "run", "--within", length, "--out", folder / "reduced"});
    const auto experiments = begin({"experiments", folder / "scenario.yaml", "--kinds", "drop", "--for",
                                    length, "--out", folder / "table"});
    const auto explore = begin({"explore", folder / "scenario.yaml", "--kinds", "drop", "--least", "100ms",
                                "--most", length, "--within", length, "--out", folder / "map"});
    const auto expect = [&](Tool& tool, int status, const std::string& says, const std::string& file) {
        const Finished finished = tool.wait();
        EXPECT_EQ(finished.status, status) << finished.out << finished.err;
        EXPECT_TRUE(contains(finished.out, says)) << finished.out << finished.err;
        EXPECT_EQ(owner_of(folder / file), ordinary_user) << file;
        EXPECT_TRUE(tool.leaves_no_process());
    };
    expect(*replay, 0, "no difference", "run-replay/verdict.json");
    expect(*reduce, 0, "1 of 1 faults are enough", "reduced/reduced.yaml");
    expect(*experiments, 1, "crashed (collaborator1, exit code 1)", "table/report.html");
    expect(*explore, 0, "survives 100ms, not " + length, "map/map.json");
    EXPECT_EQ(host_state(), before);
}

// What one socket may send at once is bounded by net.core.wmem_max, but for root.
TEST(Rootless, LossListsMayBeLargerThanOneMessage) {
    NETCUT_E2E();
    const Folder folder;
    const unsigned long allowed = std::stoul(slurp("/proc/sys/net/core/wmem_max"));
    const unsigned long elements =
        2 * allowed / 16 * 5 / 4;  // of 16 bytes and more, in both directions together
    Tool tool(
        {"run", "--out", folder / "run", "--cols", "1", "--aggregator", "true", "--collaborator", "true",
         "--fault", "{kind: loss, model: iid 100%, period: " + std::to_string(elements / 2) + ", on: start}"},
        become_ordinary_user);
    const Finished finished = tool.wait();
    EXPECT_EQ(finished.status, 0) << finished.out << finished.err;
    EXPECT_EQ(read_verdict(folder / "run").at("verdict"), "recovered");
}

TEST(Rootless, DoctorNamesWhatIsImpossible) {
    NETCUT_E2E();
    const Finished finished = Tool({"doctor"}, become_ordinary_user).wait(20s);
    ASSERT_EQ(finished.status, 0) << finished.out << finished.err;
    EXPECT_TRUE(contains(finished.out, "in a user namespace")) << finished.out;
    EXPECT_TRUE(contains(finished.out, "only root can run nodes as somebody else")) << finished.out;
    EXPECT_FALSE(contains(run_tool({"doctor"}).out, "user namespace")) << "root needs none";
}

TEST(Rootless, NobodyRunsNodesAsSomebodyElse) {
    NETCUT_E2E();
    const Folder folder;
    for (const char* user : {"nobody", "root", "12345"}) {
        const Finished finished = Tool({"run", "--out", folder / "run", "--aggregator", "true",
                                        "--collaborator", "true", "--user", user},
                                       become_ordinary_user)
                                      .wait(20s);
        EXPECT_EQ(finished.status, 2) << finished.err;
        EXPECT_TRUE(contains(finished.err, "only root can run nodes as somebody else")) << finished.err;
    }
}

TEST(Rootless, WhereUserNamespacesAreForbiddenItSaysWhatToAllow) {
    NETCUT_E2E();
    const Folder folder;
    const std::pair<int, const char*> refusals[] = {{EPERM, "allow user namespaces"},
                                                    {ENOSPC, "user.max_user_namespaces"}};
    for (const auto& [code, says] : refusals)
        for (const Arguments& arguments :
             {Arguments{"doctor"},
              Arguments{"run", "--out", folder / "run", "--aggregator", "true", "--collaborator", "true"}}) {
            const Finished finished = Tool(arguments, [code = code] {
                                          become_ordinary_user();
                                          refuse_call(SYS_unshare, CLONE_NEWUSER, code);
                                      }).wait(20s);
            EXPECT_EQ(finished.status, 3) << finished.out << finished.err;
            EXPECT_TRUE(contains(finished.err, "user namespace")) << finished.err;
            EXPECT_TRUE(contains(finished.err, says)) << finished.err;
            EXPECT_TRUE(contains(finished.err, "sudo")) << finished.err;
        }
    EXPECT_FALSE(std::filesystem::exists(folder / "run"));
}

}  // namespace
}  // namespace netcut::test::NETCUT_FILE
