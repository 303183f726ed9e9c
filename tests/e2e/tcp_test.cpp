// SPDX-License-Identifier: Apache-2.0
//
// `tcp:` of a scenario, as nodes see it from inside.
#include <fstream>
#include <sstream>

#include "base/json.h"
#include "e2e/daemon.h"
#include "e2e/python_nodes.h"
#include "e2e/tool.h"

namespace netcut::test::NETCUT_FILE {
namespace {

// SO_KEEPALIVE, TCP_KEEPIDLE, TCP_KEEPINTVL, TCP_KEEPCNT, TCP_USER_TIMEOUT, as options() prints them.
constexpr const char* wanted = "1 11 4 3 31000";
constexpr const char* tcp =
    "tcp: {keepalive: 11s, keepalive_interval: 4s, keepalive_probes: 3, user_timeout: 31s}\n";
constexpr const char* until_wanted =
    "def settle(s):\n"
    "  end = time.time() + 20\n"
    "  while options(s) != '1 11 4 3 31000' and time.time() < end: time.sleep(0.01)\n"
    "  return options(s)\n";

struct TcpRun {
    explicit TcpRun(const PythonNodes& nodes, const std::function<void()>& before_exec = {}) {
        if (before_exec) std::filesystem::permissions(folder.path(), std::filesystem::perms::all);
        const std::string scenario = write_scenario(nodes, folder / "scenario.yaml");
        Tool tool({"run", scenario, "--out", folder / "run"}, before_exec);
        finished = tool.wait();
        EXPECT_EQ(finished.status, 0)
            << finished.out << finished.err << out("aggregator") << out("collaborator1");
        EXPECT_EQ(run_tool({"verify", folder / "run"}).status, 0) << run_tool({"verify", folder / "run"}).out;
    }
    std::string out(const std::string& node) const { return slurp(folder / ("run/logs/" + node + ".out")); }
    std::vector<Json> events(const std::string& name) const {
        std::vector<Json> found;
        for (const Json& event : read_journal(folder / "run"))
            if (event.at("event") == name) found.push_back(event);
        return found;
    }

    Folder folder;
    Finished finished;
};

void expect_options(const std::function<void()>& before_exec = {}) {
    const TcpRun run(
        {"s = serve(); print('listening'); c = s.accept()[0]; print('accepted', options(c)); c.recv(9)\n",
         std::string(until_wanted) + "c = connect(); print('connected', settle(c)); c.sendall(b'x')\n", tcp},
        before_exec);
    EXPECT_TRUE(contains(run.out("collaborator1"), std::string("connected ") + wanted))
        << run.out("collaborator1");
    const Json sums = read_verdict(run.folder / "run").at("tcp");
    EXPECT_EQ(sums.at("not_set"), 0) << sums.dump();
    EXPECT_GE(sums.at("connections"), 1) << sums.dump();
    ASSERT_EQ(run.events("node.tcp").size(), 2U);
    EXPECT_EQ(run.events("node.tcp")[0].at("details").at("options").at("TCP_USER_TIMEOUT"), 31'000);
    EXPECT_GE(run.events("tcp.options").size(), 1U);
    EXPECT_TRUE(contains(run.finished.out, "tcp     options set on ")) << run.finished.out;
}

TEST(Tcp, OptionsAreSetFromOutsideOnWhatConnects) {
    NETCUT_E2E();
    expect_options();
}

TEST(Tcp, OptionsAreSetForAnOrdinaryUser) {
    NETCUT_E2E();
    expect_options(become_ordinary_user);
}

// The run's process has no rights over the machine there, and its nodes are another user's.
TEST(Tcp, OptionsAreSetByTheDaemonsRuns) {
    NETCUT_E2E();
    const Daemon daemon;
    const std::string home = daemon.home(alice);
    write_scenario(
        {"s = serve(); print('listening'); c = s.accept()[0]; c.recv(9)\n",
         std::string(until_wanted) + "c = connect(); print('connected', settle(c)); c.sendall(b'x')\n", tcp},
        home + "/scenario.yaml");
    const Finished run = daemon.run(alice, {"run", "scenario.yaml", "--out", "run"});
    EXPECT_EQ(run.status, 0) << run.out << run.err;
    const std::string printed = slurp(home + "/run/logs/collaborator1.out");
    EXPECT_TRUE(contains(printed, std::string("connected ") + wanted)) << printed;
    EXPECT_EQ(read_verdict(home + "/run").at("tcp").at("not_set"), 0);
    EXPECT_EQ(run_tool({"verify", home + "/run"}).status, 0);
}

// Its listening socket has had them for long when the collaborator comes.
TEST(Tcp, WhatIsAcceptedHasThemFromTheBeginning) {
    NETCUT_E2E();
    const TcpRun run(
        {std::string(until_wanted) +
             "s = serve(); settle(s); print('listening'); c = s.accept()[0]; print('accepted', options(c))\n"
             "c.recv(9); c.sendall(b'y'); c.recv(9)\n",
         std::string(until_wanted) + "c = connect(); c.sendall(b'x'); c.recv(9); settle(c)\n", tcp});
    EXPECT_TRUE(contains(run.out("aggregator"), std::string("accepted ") + wanted)) << run.out("aggregator");
}

TEST(Tcp, WhatAProgramSetsLaterIsSetAgainAndTold) {
    NETCUT_E2E();
    const TcpRun run({"s = serve(); print('listening'); c = s.accept()[0]; c.recv(9)\n",
                      std::string(until_wanted) +
                          "c = connect(); settle(c); c.setsockopt(6, 18, 77); c.setsockopt(1, 9, 0)\n"
                          "print('again', settle(c)); time.sleep(0.1); c.sendall(b'x')\n",
                      tcp});
    EXPECT_TRUE(contains(run.out("collaborator1"), std::string("again ") + wanted))
        << run.out("collaborator1");
    EXPECT_GE(read_verdict(run.folder / "run").at("tcp").at("again"), 1);
    EXPECT_TRUE(contains(run.finished.out, "again, since programs had set their own later"))
        << run.finished.out;
}

// It is in no process's table of descriptors while it is on its way from one to another.
TEST(Tcp, WhatCannotBeSetIsNeverPassedOver) {
    NETCUT_E2E();
    const TcpRun run({"s = serve(); print('listening'); c = s.accept()[0]; c.recv(9)\n",
                      "a, b = socket.socketpair()\n"
                      "c = socket.socket(); c.setblocking(False)\n"
                      "os.kill(os.getpid(), 0); c.connect_ex((socket.gethostbyname('aggregator'), 9000))\n"
                      "socket.send_fds(a, [b'x'], [c.fileno()]); c.close(); time.sleep(6)\n"
                      "_, fds, _, _ = socket.recv_fds(b, 9, 1); os.close(fds[0])\n",
                      "tcp: {nodes: [collaborator1], keepalive: 11s}\n"});
    const Json sums = read_verdict(run.folder / "run").at("tcp");
    // It may have been seen, and set, in the moment before it was sent away.
    EXPECT_EQ(sums.at("not_set").get<int>() + sums.at("connections").get<int>(), 1) << sums.dump();
    if (sums.at("not_set") == 1) {
        EXPECT_TRUE(contains(run.finished.out, "NOT SET on 1 socket")) << run.finished.out;
        EXPECT_TRUE(contains(sums.at("failures")[0].at("why"), "no process")) << sums.dump();
    }
}

TEST(Tcp, SysctlsAreOfEachNodeAloneAndThereBeforeItsPrograms) {
    NETCUT_E2E();
    constexpr const char* prints =
        "for n in ('keepalive_time', 'retries2', 'syn_retries', 'rmem', 'congestion_control', 'sack'):\n"
        "  print(n, ' '.join(open('/proc/sys/net/ipv4/tcp_' + n).read().split()))\n";
    const std::string before = slurp("/proc/sys/net/ipv4/tcp_retries2");
    const TcpRun run({std::string(prints) + "print('listening')\n", prints,
                      "tcp:\n- {keepalive: 13s, retries2: 8, congestion: reno, sack: false}\n"
                      "- {nodes: [collaborator1], retries2: 6, syn_retries: 2, rmem: 64KiB}\n"});
    for (const char* line : {"keepalive_time 13\n", "retries2 8\n", "congestion_control reno\n", "sack 0\n"})
        EXPECT_TRUE(contains(run.out("aggregator"), line)) << run.out("aggregator");
    for (const char* line :
         {"keepalive_time 13\n", "retries2 6\n", "syn_retries 2\n", "rmem 4096 65536 65536\n"})
        EXPECT_TRUE(contains(run.out("collaborator1"), line)) << run.out("collaborator1");
    EXPECT_EQ(slurp("/proc/sys/net/ipv4/tcp_retries2"), before);
}

// Its network is another one then.
TEST(Tcp, ANodeThatWasOffHasThemWhenItComesBack) {
    NETCUT_E2E();
    const TcpRun run(
        {"s = serve(); print('listening')\nwhile True:\n  c = s.accept()[0]; print('accepted')\n"
         "  try:\n    if c.recv(9) == b'end': break\n  except OSError: pass\n",
         std::string(until_wanted) +
             "c = connect(); print('retries2', open('/proc/sys/net/ipv4/tcp_retries2').read(), settle(c))\n"
             "first = not os.path.exists('{work}/came'); open('{work}/came', 'w')\n"
             "if first: print('cut me'); time.sleep(60)\n"
             "c.sendall(b'end')\n",
         "tcp: {keepalive: 11s, keepalive_interval: 4s, keepalive_probes: 3, user_timeout: 31s, retries2: "
         "7}\n"
         "faults: [{kind: power-off, on: {log: cut me}, for: 1s}]\n"});
    const std::string out = run.out("collaborator1");
    const std::string line = "retries2 7\n " + std::string(wanted);
    EXPECT_NE(out.find(line), out.rfind(line)) << out;
}

TEST(Tcp, WhatThisKernelLacksIsToldBeforeAnythingStarts) {
    NETCUT_E2E();
    const Folder folder;
    const std::string scenario = write_scenario(
        {"print('listening')\n", "", "tcp: {congestion: none-such}\n"}, folder / "scenario.yaml");
    const Finished finished = run_tool({"run", scenario, "--out", folder / "run"});
    EXPECT_EQ(finished.status, 3) << finished.out;
    EXPECT_TRUE(contains(finished.err, "tcp: congestion: none-such")) << finished.err;
    EXPECT_TRUE(contains(finished.err, "netcut-fl doctor")) << finished.err;
    const Finished doctor = run_tool({"doctor"});
    for (const char* line : {"  keepalive ", "  user_timeout ", "  congestion: reno "})
        EXPECT_TRUE(contains(doctor.out, line)) << doctor.out;
}

std::string a_control_that_is_not_allowed() {
    std::istringstream available(slurp("/proc/sys/net/ipv4/tcp_available_congestion_control"));
    const std::string allowed = " " + slurp("/proc/sys/net/ipv4/tcp_allowed_congestion_control") + " ";
    for (std::string name; available >> name;)
        if (!contains(allowed, " " + name + " ") && !contains(allowed, " " + name + "\n")) return name;
    return {};
}

TEST(Tcp, WhatThisMachineDoesNotAllowIsToldWithTheSysctlThatAllowsIt) {
    NETCUT_E2E();
    const std::string name = a_control_that_is_not_allowed();
    if (name.empty()) GTEST_SKIP() << "this machine allows all congestion controls that it has";
    const Folder folder;
    const std::string scenario = write_scenario(
        {"print('listening')\n", "", "tcp: {congestion: " + name + "}\n"}, folder / "scenario.yaml");
    const Finished finished = run_tool({"run", scenario, "--out", folder / "run"});
    EXPECT_EQ(finished.status, 3) << finished.out;
    const std::string order = "sudo sysctl -w net.ipv4.tcp_allowed_congestion_control=";
    EXPECT_TRUE(contains(finished.err, order)) << finished.err;
    // A study says so before its first run, although only some of its cells ask for it.
    std::ofstream(folder / "study.yaml")
        << "scenario: {collaborators: 1, aggregator: {command: [sleep, '0.1']}, collaborator: {command: "
           "[sleep, '0.1']}}\nfactors: [{key: tcp.congestion, values: [reno, "
        << name << "]}]\nrepeat: 2\n";
    const Finished study = run_tool({"study", folder / "study.yaml", "--out", folder / "out"});
    EXPECT_EQ(study.status, 3) << study.out;
    EXPECT_TRUE(contains(study.err, "c002")) << study.err;
    EXPECT_TRUE(contains(study.err, order)) << study.err;
    EXPECT_FALSE(std::filesystem::exists(folder / "out/runs"));
}

}  // namespace
}  // namespace netcut::test::NETCUT_FILE
