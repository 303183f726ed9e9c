// SPDX-License-Identifier: Apache-2.0
//
// The daemon under attack: garbage at its socket, paths that lead elsewhere, nodes that misbehave. Each time
// it goes on serving others.
#include <signal.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include <fstream>
#include <random>
#include <thread>

#include "base/io.h"
#include "base/json.h"
#include "e2e/daemon.h"

namespace netcut::test::NETCUT_FILE {
namespace {

Fd connect_to(const std::string& path) {
    Fd socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    path.copy(address.sun_path, sizeof(address.sun_path) - 1);
    const timeval patience{20, 0};
    ::setsockopt(socket.get(), SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
    if (::connect(socket.get(), reinterpret_cast<sockaddr*>(&address), sizeof(address)) != 0) return {};
    return socket;
}

// What the daemon answers to these bytes, until it closes the connection.
std::string answer_to(const Daemon& daemon, const std::string& bytes) {
    const Fd socket = connect_to(daemon.socket());
    std::size_t sent = 0;
    while (sent < bytes.size()) {
        const ssize_t count = ::send(socket.get(), bytes.data() + sent, bytes.size() - sent, MSG_NOSIGNAL);
        if (count <= 0) break;
        sent += static_cast<std::size_t>(count);
    }
    ::shutdown(socket.get(), SHUT_WR);
    std::string answer;
    std::array<char, 4096> piece{};
    for (ssize_t count = 0; (count = ::recv(socket.get(), piece.data(), piece.size(), 0)) > 0;)
        answer.append(piece.data(), static_cast<std::size_t>(count));
    return answer;
}

TEST(DaemonGuard, GarbageAtItsSocketIsAnsweredAndHurtsNobody) {
    NETCUT_E2E();
    Daemon daemon;
    std::mt19937 random(6);
    for (int i = 0; i < 200; ++i) {
        std::string garbage = i % 3 == 0 ? "POST /runs HTTP/1.1\r\nContent-Length: 20\r\n\r\n" : "";
        for (unsigned length = random() % 2000; length > 0; --length) garbage += static_cast<char>(random());
        answer_to(daemon, garbage);
    }
    EXPECT_TRUE(contains(answer_to(daemon, "what?\r\n\r\n"), "400 Bad Request"));
    EXPECT_TRUE(contains(answer_to(daemon, "GET / HTTP/1.1\r\nX: " + std::string(100'000, 'x') + "\r\n\r\n"),
                         " 431 "));
    EXPECT_TRUE(
        contains(answer_to(daemon, "POST /runs HTTP/1.1\r\nContent-Length: 999999999\r\n\r\nx"), " 413 "));
    EXPECT_TRUE(
        contains(answer_to(daemon, "GET /%2e%2e/%00/etc HTTP/1.1\r\nConnection: close\r\n\r\n"), " 404 "));
    for (const char* body :
         {"", "{", "[]", "7", "{\"scenario\": 7}", "{\"scenario\": \"x: [\"}",
          "{\"scenario\": \"a: b\", \"environment\": 3}", "{\"scenario\": {\"collaborators\": 1e99}}"})
        EXPECT_EQ(daemon.ask(alice, "POST", "/runs", body).status, 400) << body;
    EXPECT_EQ(daemon.ask(alice, "PUT", "/runs", "{}").status, 405);
    EXPECT_TRUE(daemon.serves(bob));
    EXPECT_EQ(daemon.ask(0, "GET", "/runs").json().at("runs").size(), 0U);
}

TEST(DaemonGuard, ConnectionsOfOneUserAreBoundedAndOthersAreServed) {
    NETCUT_E2E();
    Daemon daemon("limits: {connections: 5}\n");
    const std::string flood =
        "import socket,sys,time\n"
        "held=[]\n"
        "for i in range(300):\n"
        "  s=socket.socket(socket.AF_UNIX)\n"
        "  s.connect(sys.argv[1]); s.sendall(b'GET /ver'); held.append(s)\n"
        "print('open', flush=True)\n"
        "time.sleep(60)\n";
    Tool attacker(
        {"-c", flood, daemon.socket()}, [] { become(alice, {daemon_group}); }, "/usr/bin/python3");
    ASSERT_TRUE(attacker.wait_for_output("open"));
    EXPECT_EQ(daemon.ask(alice, "GET", "/version").status, 429);
    EXPECT_TRUE(daemon.serves(bob));
    attacker.signal(SIGKILL);
    attacker.wait();
    EXPECT_EQ(daemon.ask(alice, "GET", "/version").status, 200);
}

TEST(DaemonGuard, NoPathLeadsToFilesThatAreNotTheUsers) {
    NETCUT_E2E();
    Daemon daemon;
    const std::string secret = daemon.home(bob) + "/secret";
    std::ofstream(secret) << "bob's secret\n";
    ASSERT_EQ(::chmod(secret.c_str(), 0600), 0);
    ASSERT_EQ(::chmod(daemon.home(bob).c_str(), 0755), 0);
    const auto refused = [&](const std::string& out) {
        const Json body = {
            {"scenario",
             "collaborators: 1\naggregator: {command: 'true'}\ncollaborator: {command: 'true'}\n"},
            {"cwd", daemon.home(alice)},
            {"out", out}};
        const auto answer = daemon.ask(alice, "POST", "/runs", body.dump());
        return answer.status >= 400 && contains(answer.body, "Permission denied");
    };
    ASSERT_EQ(::symlink(daemon.home(bob).c_str(), (daemon.home(alice) + "/link").c_str()), 0);
    EXPECT_TRUE(refused(daemon.home(bob) + "/run"));
    EXPECT_TRUE(refused("link/run"));
    EXPECT_TRUE(refused("../home" + std::to_string(bob) + "/run"));
    EXPECT_TRUE(refused("/proc/1/root/root/run"));
    EXPECT_TRUE(refused("/proc/" + std::to_string(daemon.process().pid()) + "/cwd/run"));
    const auto nowhere =
        daemon.ask(alice, "POST", "/runs",
                   Json{{"scenario", "collaborators: 1\n"}, {"cwd", daemon.home(bob) + "/secret"}}.dump());
    EXPECT_GE(nowhere.status, 400);
    const std::string locked = daemon.home(bob) + "/private";
    std::filesystem::create_directory(locked);
    std::ofstream(locked + "/template.yaml") << "bob's secret: 1\n";
    ASSERT_EQ(::chmod(locked.c_str(), 0700), 0);
    const Json inside = {{"scenario", "collaborators: 1\naggregator: {command: 'true'}\n"}, {"cwd", locked}};
    EXPECT_GE(daemon.ask(alice, "POST", "/runs", inside.dump()).status, 400)
        << "a folder that she may not enter";
    const Json templated = {{"scenario", "template: " + locked + "\n"},
                            {"cwd", daemon.home(alice)},
                            {"environment", {{"SUDO_USER", "root"}}}};
    const auto answer = daemon.ask(alice, "POST", "/runs", templated.dump());
    EXPECT_GE(answer.status, 400);
    EXPECT_FALSE(contains(answer.body, "secret")) << answer.body;

    // In the folder of a run that is over, files are put in the place of those that it left.
    const std::string id = daemon.start_run(alice, "echo mine", {"--out", "run"});
    ASSERT_TRUE(daemon.wait_for_state(alice, id, "ended"));
    const std::string log = daemon.home(alice) + "/run/logs/aggregator.out";
    const std::string target = "/runs/" + id + "/nodes/aggregator/logs";
    EXPECT_EQ(daemon.ask(alice, "GET", target).body, "mine\n");
    const auto refused_for = [&](const std::string& reason) {
        const auto log_answer = daemon.ask(alice, "GET", target);
        return log_answer.status == 404 && contains(log_answer.body, reason);
    };
    for (const std::string& elsewhere : {secret, std::string("/etc/shadow")}) {
        ::unlink(log.c_str());
        ASSERT_EQ(::symlink(elsewhere.c_str(), log.c_str()), 0);
        EXPECT_TRUE(refused_for("Too many levels of symbolic links")) << elsewhere;
    }
    ::unlink(log.c_str());
    if (::link(secret.c_str(), log.c_str()) == 0) {
        EXPECT_TRUE(refused_for("Permission denied")) << "a hard link keeps the owner's permissions";
    }
    ::unlink(log.c_str());
    ASSERT_EQ(::mkfifo(log.c_str(), 0666), 0);
    EXPECT_TRUE(refused_for("it is no regular file")) << "and nobody waits for a FIFO";
    std::filesystem::remove_all(daemon.home(alice) + "/run/logs");
    ASSERT_EQ(::symlink("/etc", (daemon.home(alice) + "/run/logs").c_str()), 0);
    EXPECT_TRUE(refused_for("Too many levels of symbolic links"));
    EXPECT_EQ(daemon.ask(alice, "GET", "/runs/" + id + "/nodes/..%2f..%2f..%2fetc%2fshadow/logs").status,
              404);
    EXPECT_TRUE(daemon.serves(bob));
}

TEST(DaemonGuard, LossTracesAreReadWithTheUsersRights) {
    NETCUT_E2E();
    Daemon daemon;
    std::ofstream(daemon.home(alice) + "/trace") << "0100\n";
    const std::string secret = daemon.home(bob) + "/secret";
    std::ofstream(secret) << "bob's secret\n";
    ASSERT_EQ(::chmod(daemon.home(bob).c_str(), 0755), 0);
    ASSERT_EQ(::chmod(secret.c_str(), 0600), 0);
    const auto loss = [](const std::string& file) {
        return Json{{"kind", "loss"}, {"model", "trace " + file}, {"on", "start"}, {"for", "never"}};
    };
    const auto order = [&](const std::string& file) {
        return Json{{"scenario",
                     {{"collaborators", 1},
                      {"aggregator", {{"command", "sleep 100"}}},
                      {"collaborator", {{"command", "sleep 100"}}},
                      {"faults", Json::array({loss(file)})}}},
                    {"cwd", daemon.home(alice)},
                    {"out", "run"}}
            .dump();
    };
    const auto refused = daemon.ask(alice, "POST", "/runs", order(secret));
    EXPECT_EQ(refused.status, 400);
    EXPECT_TRUE(contains(refused.body, "Permission denied")) << refused.body;
    EXPECT_FALSE(contains(refused.body, "'b'")) << "what stands in it is not told: " << refused.body;

    const auto begun = daemon.ask(alice, "POST", "/runs", order("trace"));
    ASSERT_EQ(begun.status, 201) << begun.body;
    const std::string id = begun.json().at("id");
    const auto added = daemon.ask(alice, "POST", "/runs/" + id + "/faults", loss(secret).dump());
    EXPECT_EQ(added.status, 400);
    EXPECT_TRUE(contains(added.body, "Permission denied")) << added.body;
    const auto huge = daemon.ask(alice, "POST", "/runs/" + id + "/faults",
                                 Json{{"kind", "drop"}, {"name", std::string(70'000, 'x')}}.dump());
    EXPECT_EQ(huge.status, 400);
    EXPECT_TRUE(contains(huge.body, "it has more than 64 KiB")) << huge.body;
    EXPECT_EQ(daemon.run(alice, {"stop", id}).status, 0);
    const std::string run = daemon.home(alice) + "/run";
    std::string lost;
    for (const Json& event : read_journal(run))
        if (event.at("event") == "fault.loss_list")
            lost = slurp(run + "/" + event.at("details").at("lists").front().at("file").get<std::string>());
    EXPECT_EQ(lost, "2\n");
}

TEST(DaemonGuard, NobodyBecomesSomebodyElseByWayOfTheDaemon) {
    NETCUT_E2E();
    Daemon daemon;
    for (const char* user : {"root", "0", "54322", "nobody"}) {
        const Finished finished =
            daemon.run(alice, {"run", "--aggregator", "true", "--collaborator", "true", "--user", user});
        EXPECT_EQ(finished.status, 2) << user << finished.out;
        EXPECT_TRUE(contains(finished.err, "only root can run nodes as somebody else")) << finished.err;
    }
    const std::string id =
        daemon.start_run(alice, "sh -c 'id -u; id -G; grep -h Cap /proc/self/status'", {"--out", "run"});
    ASSERT_TRUE(daemon.wait_for_state(alice, id, "ended"));
    const std::string out = slurp(daemon.home(alice) + "/run/logs/collaborator1.out");
    EXPECT_TRUE(out.starts_with("54321\n54321 54320\n")) << "the user's groups, not the daemon's: " << out;
    EXPECT_TRUE(contains(out, "CapEff:\t0000000000000000")) << out;
}

// Each script is a node of alice's run, which is to end on time while bob is served.
void expect_contained(const std::string& script, const std::string& forbidden,
                      const std::string& configuration = {}) {
    const std::string before = host_state();
    Daemon daemon(configuration);
    std::ofstream(daemon.home(alice) + "/node.sh") << script;
    const auto begin = std::chrono::steady_clock::now();
    auto client = daemon.begin(alice, {"run", "--out", "run", "--cols", "1", "--grace", "300ms", "--timeout",
                                       "4s", "--aggregator", "sleep 100", "--collaborator", "sh node.sh"});
    ASSERT_TRUE(client->wait_for_output("collaborator1 started", 30s));
    for (int i = 0; i < 5; ++i) {
        EXPECT_TRUE(daemon.serves(bob));
        std::this_thread::sleep_for(200ms);
    }
    client->wait(60s);
    EXPECT_LT(std::chrono::steady_clock::now() - begin, 40s * time_scale()) << "it ends on time";
    EXPECT_TRUE(client->leaves_no_process());
    EXPECT_TRUE(daemon.has_no_run_left());
    EXPECT_TRUE(daemon.serves(bob));
    EXPECT_EQ(host_state(), before);
    const std::string out = slurp(daemon.home(alice) + "/run/logs/collaborator1.out");
    EXPECT_TRUE(contains(out, "begun")) << out << slurp(daemon.home(alice) + "/run/logs/collaborator1.err");
    EXPECT_TRUE(forbidden.empty() || !contains(out, forbidden)) << out;
}

TEST(DaemonGuard, ForkBombIsContained) {
    NETCUT_E2E();
    expect_contained("echo begun\nb() { b | b & }\nb\nsleep 100\n", "", "limits: {processes: 300}\n");
}

TEST(DaemonGuard, NodeThatDetachesAndIgnoresSignalsIsContained) {
    NETCUT_E2E();
    expect_contained(
        "trap '' TERM INT HUP QUIT\necho begun\nsetsid sh -c 'trap \"\" TERM; (setsid sleep 300 &) ; sleep "
        "300' &\n"
        "exec >&- 2>&-\nwhile :; do sleep 1; done\n",
        "");
}

TEST(DaemonGuard, NodeThatClosesItsPipesLivesOnUntilItEnds) {
    NETCUT_E2E();
    Daemon daemon;
    const Finished finished = daemon.run(
        alice, {"run", "--out", "run", "--cols", "1", "--aggregator", "sleep 0.1", "--collaborator",
                "sh -c 'echo begun; exec <&- >&- 2>&-; sleep 1; touch lived-on; exit 7'"});
    EXPECT_EQ(finished.status, 1) << finished.out << finished.err;
    EXPECT_TRUE(contains(read_verdict(daemon.home(alice) + "/run").at("reason"), "exit code 7"));
    EXPECT_TRUE(std::filesystem::exists(daemon.home(alice) + "/lived-on"));
    EXPECT_EQ(slurp(daemon.home(alice) + "/run/logs/collaborator1.out"), "begun\n");
}

TEST(DaemonGuard, OutputWithoutEndIsBounded) {
    NETCUT_E2E();
    expect_contained("echo begun\nexec head -c 10000000000 /dev/urandom\n", "",
                     "limits: {log-bytes: 20MB}\n");
}

TEST(DaemonGuard, NodeThatFillsItsFolderIsBounded) {
    NETCUT_E2E();
    expect_contained("echo begun\nhead -c 10000000000 /dev/zero > big 2>/dev/null && echo FULL\nsleep 100\n",
                     "FULL", "limits: {log-bytes: 20MB}\n");
}

TEST(DaemonGuard, NodeCannotTouchNetworksProcessesOrTheHost) {
    NETCUT_E2E();
    const std::string before = host_state();
    Daemon daemon;
    const std::string set_uid = daemon.home(alice) + "/set-uid-id";
    std::filesystem::copy_file("/usr/bin/id", set_uid);
    ASSERT_EQ(::chmod(set_uid.c_str(), 04755), 0);
    std::ofstream(daemon.home(alice) + "/node.sh")
        << "echo begun\n"
           "ip link set eth0 up && echo FORBIDDEN link\n"
           "ip route add 10.99.0.0/16 dev eth0 && echo FORBIDDEN route\n"
           "unshare -n true && echo FORBIDDEN namespace\n"
           "mount -t tmpfs x /mnt && echo FORBIDDEN mount\n"
           "for p in $(ls /proc | grep '^[0-9]'); do [ $p -gt 100 ] && echo FORBIDDEN sees $p; done\n"
           "kill -9 1 && echo begun kill is refused or ignored\n"
           "python3 -c 'import socket; socket.create_connection((\"127.0.0.1\", 22), 1)' && echo FORBIDDEN "
           "loopback\n"
           "python3 -c 'import socket; socket.socket(socket.AF_PACKET, socket.SOCK_RAW)' && echo FORBIDDEN "
           "raw\n"
           "python3 -c 'import ctypes; exit(ctypes.CDLL(None).ptrace(16, 1, 0, 0))' && echo FORBIDDEN "
           "ptrace\n"
           "cat /proc/1/environ >/dev/null && echo FORBIDDEN environ of process 1\n"
           "python3 -c \"import socket, struct; s = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 12); "
           "s.send(struct.pack('IHHIII', 20, 0xa01, 0x301, 1, 0, 0)); "
           "exit(struct.unpack_from('H', s.recv(999), 4)[0] == 2)\" && echo FORBIDDEN rules\n"
           "[ $(./set-uid-id -u) = 54321 ] || echo FORBIDDEN set-uid\n"
           "grep -q 'NoNewPrivs:.1' /proc/self/status || echo FORBIDDEN new rights\n"
           "echo tried\n";
    const Finished finished = daemon.run(alice, {"run", "--out", "run", "--cols", "1", "--aggregator",
                                                 "sleep 0.1", "--collaborator", "sh node.sh"});
    EXPECT_EQ(finished.status, 0) << finished.out << finished.err;
    const std::string out = slurp(daemon.home(alice) + "/run/logs/collaborator1.out");
    EXPECT_FALSE(contains(out, "FORBIDDEN")) << out;
    EXPECT_TRUE(out.ends_with("tried\n")) << out;
    EXPECT_EQ(host_state(), before);
}

// Thirty bytes that ask for a list of 16 million lost packets, twice: seconds of work. There is no way back from the
// middle of it, so it ends the run, and nothing else.
TEST(DaemonGuard, FaultThatTakesTooLongToReadEndsItsRunAlone) {
    NETCUT_E2E();
    Daemon daemon;
    const Arguments lossy = {"--fault", "{kind: loss, model: iid 1%, for: 10ms, on: {log: never}}"};
    const std::string others = daemon.start_run(bob, "sleep 300"),
                      run = daemon.start_run(alice, "sleep 300", lossy);
    ASSERT_TRUE(daemon.wait_for_state(alice, run, "running"));
    ASSERT_EQ(daemon
                  .ask(alice, "POST", "/runs/" + run + "/faults",
                       R"({"kind": "loss", "model": "packets 1-1000", "for": "10ms"})")
                  .status,
              200)
        << "a shorter one is added";
    const auto answer = daemon.ask(alice, "POST", "/runs/" + run + "/faults",
                                   R"({"kind": "loss", "model": "packets 1-16777216", "for": "10ms"})");
    EXPECT_GE(answer.status, 400) << answer.body;
    EXPECT_TRUE(contains(answer.body, "more than 1 s of CPU time")) << answer.body;
    EXPECT_TRUE(daemon.wait_for_state(alice, run, "lost"));
    EXPECT_EQ(daemon.show(bob, others).at("state"), "running");
}

}  // namespace
}  // namespace netcut::test::NETCUT_FILE
