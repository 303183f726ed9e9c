// SPDX-License-Identifier: Apache-2.0
//
// The program as an ordinary user, without root and without a daemon.
#include <sched.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include <cerrno>
#include <fstream>
#include <random>
#include <thread>

#include "e2e/tool.h"

namespace netcut::test {
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
    std::mt19937 random(20261126);
    const std::string node = "sh -c 'trap \"\" TERM INT HUP; setsid sleep 300 & echo round 2; sleep 300'";
    const auto start = [&](int i) {
        return Tool({"run", "--out", folder / std::to_string(i), "--cols", "3", "--aggregator", node,
                     "--collaborator", node, "--cut-on", "round 2", "--kind", i % 2 == 0 ? "drop" : "unplug",
                     "--reconnect-after", "60s"},
                    become_ordinary_user);
    };
    const auto begin = std::chrono::steady_clock::now();
    {
        Tool whole = start(20);
        ASSERT_TRUE(whole.wait_for_output("cut 1"));
    }
    const auto until_cut = std::chrono::steady_clock::now() - begin;
    int during_cut = 0;
    for (int i = 0; i < 20; ++i) {
        Tool tool = start(i);
        std::this_thread::sleep_for(until_cut * (random() % 1000) / 500);
        tool.signal(SIGKILL);
        if (contains(tool.wait().out, "cut 1")) ++during_cut;
        ASSERT_TRUE(tool.leaves_no_process()) << "after kill " << i;
        ASSERT_EQ(host_state(), before) << "after kill " << i;
    }
    EXPECT_GT(during_cut, 2) << "some kills must hit a run that is under way";
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
}  // namespace netcut::test
