// SPDX-License-Identifier: Apache-2.0
//
// Users of one daemon against each other: nobody reaches another's run, and nobody's garbage spoils it.
#include <ifaddrs.h>
#include <netdb.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <fstream>
#include <set>

#include "base/io.h"
#include "base/json.h"
#include "e2e/daemon.h"
#include "e2e/inside.h"

namespace netcut::test::NETCUT_FILE {
namespace {

constexpr const char* python = "/usr/bin/python3";

// What a user without any help tries on processes that are not theirs.
constexpr const char* attack_on_processes = R"py(
import ctypes, os, signal, sys
os.setsid()  # SIGCONT may be sent within a session (kill(2)), which is that of the tests
libc = ctypes.CDLL(None, use_errno=True)

def attempt(what, pid, act):
    try:
        act()
    except OSError:
        return
    print('FORBIDDEN', what, pid, flush=True)

def trace(pid):
    PTRACE_SEIZE = 0x4206
    if libc.ptrace(PTRACE_SEIZE, pid, 0, 0) != 0:
        raise OSError(ctypes.get_errno())

def enter(pid, name):
    fd = os.open(f'/proc/{pid}/ns/{name}', os.O_RDONLY)
    if libc.setns(fd, 0) != 0:
        raise OSError(ctypes.get_errno())

for pid in map(int, sys.argv[1:]):
    for number in (0, signal.SIGCONT, signal.SIGTERM, signal.SIGKILL):
        attempt('signal', pid, lambda: os.kill(pid, number))
    for name in ('net', 'mnt', 'pid', 'user'):
        attempt('namespace ' + name, pid, lambda: enter(pid, name))
    for name in ('environ', 'mem', 'maps'):
        attempt(name, pid, lambda: open(f'/proc/{pid}/{name}', 'rb').read(1))
    attempt('open files', pid, lambda: os.listdir(f'/proc/{pid}/fd'))
    attempt('root folder', pid, lambda: os.listdir(f'/proc/{pid}/root/'))
    attempt('working folder', pid, lambda: os.listdir(f'/proc/{pid}/cwd/'))
    attempt('ptrace', pid, lambda: trace(pid))
print('tried', len(sys.argv) - 1)
)py";

// Listens at the port 7001 of its node, also where others would not look.
constexpr const char* server = R"py(
import socket
server = socket.create_server(('::', 7001), family=socket.AF_INET6, dualstack_ipv6=True)
hidden = socket.socket(socket.AF_UNIX)
hidden.bind('\0netcut-test-hidden')
hidden.listen()
print('listening', flush=True)
while True:
    server.accept()[0].send(b'hello')
)py";

// Who answers at these "ADDRESS PORT", or, without a port, at an abstract Unix socket.
constexpr const char* scanner = R"py(
import socket, sys
for target in sys.argv[1:]:
    name, _, port = target.partition(' ')
    try:
        if port:
            socket.create_connection((name, int(port)), 0.3).close()
        else:
            socket.socket(socket.AF_UNIX).connect('\0' + name)
        print('reached', target, flush=True)
    except OSError:
        pass
print('tried', len(sys.argv) - 1, flush=True)
)py";

void write_scripts(const Daemon& daemon, uid_t user) {
    std::ofstream(daemon.home(user) + "/server.py") << server;
    std::ofstream(daemon.home(user) + "/scanner.py") << scanner;
    std::ofstream(daemon.home(user) + "/attack.py") << attack_on_processes;
}

// As words of a command.
std::string quoted(const Arguments& targets) {
    std::string words;
    for (const std::string& target : targets) words += " '" + target + "'";
    return words;
}

// A run of this user with one collaborator, which is waited for, and what that printed.
std::string output_of(const Daemon& daemon, uid_t user, const std::string& command) {
    const Finished finished = daemon.run(user, {"run", "--out", "scan", "--cols", "1", "--aggregator",
                                                "sleep 0.1", "--collaborator", command});
    EXPECT_EQ(finished.status, 0) << finished.out << finished.err;
    return slurp(daemon.home(user) + "/scan/logs/collaborator1.out");
}

// All that belongs to a run whose client this is: nodes carry its mark, their workers the daemon's.
std::set<pid_t> processes_of(Daemon& daemon, const Tool& client) {
    std::set<pid_t> pids;
    for (const pid_t pid : client.processes()) pids.insert(pid);
    for (const pid_t pid : daemon.process().processes()) pids.insert(pid);
    return pids;
}

TEST(DaemonUsers, ProcessesAndNamespacesOfARunAreClosedToOtherUsers) {
    NETCUT_E2E();
    Daemon daemon;
    write_scripts(daemon, bob);
    const auto victim = daemon.begin(alice, {"run", "--out", "run", "--cols", "1", "--grace", "300ms",
                                             "--aggregator", "sleep 100", "--collaborator", "sleep 100"});
    ASSERT_TRUE(victim->wait_for_output("collaborator1 started"));
    const std::set<pid_t> targets = processes_of(daemon, *victim);
    ASSERT_GE(targets.size(), 9U) << "daemon, worker, client, and three of each node";
    Arguments arguments = {"attack.py"};
    for (const pid_t pid : targets) arguments.push_back(std::to_string(pid));
    const Finished attack = daemon.begin_program(bob, python, arguments)->wait();
    EXPECT_TRUE(contains(attack.out, "tried " + std::to_string(targets.size()))) << attack.out << attack.err;
    EXPECT_FALSE(contains(attack.out, "FORBIDDEN")) << attack.out;
    EXPECT_EQ(processes_of(daemon, *victim), targets) << "all of them live";
    victim->signal(SIGINT);
    EXPECT_EQ(victim->wait(20s).status, 130);
}

TEST(DaemonUsers, NodeReachesNoNodeOfAnotherRun) {
    NETCUT_E2E();
    Daemon daemon;
    for (const uid_t user : {alice, bob}) write_scripts(daemon, user);
    const std::string serve = std::string(python) + " server.py";
    const auto victim = daemon.begin(alice, {"run", "--out", "run", "--cols", "2", "--grace", "300ms",
                                             "--aggregator", serve, "--collaborator", serve, "--pcap"});
    for (const char* node : {"aggregator", "collaborator2"}) {
        const std::string log = daemon.home(alice) + "/run/logs/" + node + ".out";
        for (int i = 0; i < 400 * time_scale() && slurp(log) != "listening\n"; ++i)
            std::this_thread::sleep_for(50ms);
        ASSERT_EQ(slurp(log), "listening\n") << node;
    }
    Arguments targets;
    for (int host = 1; host < 10; ++host)
        for (const char* network : {"10.99.0.", "fd63::"})
            targets.push_back(network + std::to_string(host) + " 7001");
    targets.emplace_back("netcut-test-hidden");
    const std::string scan = std::string(python) + " scanner.py" + quoted(targets);
    // The same addresses are in her run, where they do answer.
    const std::string id = Json::parse(daemon.run(alice, {"ps", "--json"}).out).at(0).at("id");
    Arguments inside = {"exec", id, "collaborator1", python, "scanner.py"};
    inside.insert(inside.end(), targets.begin(), targets.end());
    const Finished mine = daemon.run(alice, inside);
    for (const char* target : {"10.99.0.2 7001", "fd63::2 7001", "10.99.0.4 7001", "netcut-test-hidden"})
        EXPECT_TRUE(contains(mine.out, std::string("reached ") + target)) << mine.out << mine.err;
    const std::string out = output_of(daemon, bob, scan);
    EXPECT_EQ(out, "tried " + std::to_string(targets.size()) + "\n");
    victim->signal(SIGINT);
    EXPECT_EQ(victim->wait(20s).status, 130);
}

// Listens in the host's network, at all its addresses and at an abstract name.
class HostServer {
  public:
    HostServer() : tcp_(::socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0)), abstract_(abstract_socket()) {
        sockaddr_in6 any{};
        any.sin6_family = AF_INET6;
        socklen_t size = sizeof(any);
        if (::bind(tcp_.get(), reinterpret_cast<sockaddr*>(&any), size) != 0 ||
            ::listen(tcp_.get(), 64) != 0 ||
            ::getsockname(tcp_.get(), reinterpret_cast<sockaddr*>(&any), &size) != 0)
            throw std::runtime_error("cannot listen in the host's network");
        port_ = ntohs(any.sin6_port);
    }
    Arguments targets() const {
        Arguments all = {name()};
        ifaddrs* first = nullptr;
        if (::getifaddrs(&first) != 0) throw std::runtime_error("getifaddrs");
        for (const ifaddrs* one = first; one != nullptr; one = one->ifa_next) {
            std::array<char, NI_MAXHOST> text{};
            const int family = one->ifa_addr == nullptr ? AF_UNSPEC : one->ifa_addr->sa_family;
            if (family != AF_INET && family != AF_INET6) continue;
            const socklen_t size = family == AF_INET ? sizeof(sockaddr_in) : sizeof(sockaddr_in6);
            if (::getnameinfo(one->ifa_addr, size, text.data(), text.size(), nullptr, 0, NI_NUMERICHOST) == 0)
                all.push_back(text.data() + (" " + std::to_string(port_)));
        }
        ::freeifaddrs(first);
        return all;
    }

  private:
    static std::string name() { return "netcut-test-host-" + std::to_string(::getpid()); }
    static Fd abstract_socket() {
        Fd fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
        sockaddr_un address{};
        address.sun_family = AF_UNIX;
        name().copy(address.sun_path + 1, sizeof(address.sun_path) - 2);
        const auto size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + 1 + name().size());
        if (::bind(fd.get(), reinterpret_cast<sockaddr*>(&address), size) != 0 || ::listen(fd.get(), 64) != 0)
            throw std::runtime_error("cannot listen at an abstract name");
        return fd;
    }
    Fd tcp_, abstract_;
    int port_ = 0;
};

TEST(DaemonUsers, NodeReachesNothingInTheHostsNetwork) {
    NETCUT_E2E();
    Daemon daemon;
    write_scripts(daemon, alice);
    const HostServer host;
    const Arguments targets = host.targets();
    ASSERT_GE(targets.size(), 2U);
    Arguments arguments = {"scanner.py"};
    arguments.insert(arguments.end(), targets.begin(), targets.end());
    const std::string outside = daemon.begin_program(alice, python, arguments)->wait().out;
    for (const std::string& target : targets)
        EXPECT_TRUE(contains(outside, "reached " + target)) << "else the test shows nothing: " << outside;
    const std::string out = output_of(daemon, alice, std::string(python) + " scanner.py" + quoted(targets));
    EXPECT_EQ(out, "tried " + std::to_string(targets.size()) + "\n");
}

TEST(DaemonUsers, NothingListensAtTheRoutersAddresses) {
    NETCUT_E2E();
    for (const char* fabric : {"routed", "bridge"}) {
        const Folder folder;
        Tool tool({"run", "--out", folder / "run", "--cols", "1", "--grace", "300ms", "--fabric", fabric,
                   "--aggregator", "sleep 100", "--collaborator", "sleep 100", "--pcap", "--cut-on",
                   "never"});
        ASSERT_TRUE(tool.wait_for_output("collaborator1 started"));
        const PinnedNetworks networks(tool);
        ASSERT_GE(networks.size(), 3U) << "the router's and two nodes'";
        EXPECT_EQ(networks.listeners(), "") << fabric;
        tool.signal(SIGINT);
        EXPECT_EQ(tool.wait(20s).status, 130);
    }
}

// Malformed requests, huge headers, halves of requests, and as many connections as it can have.
constexpr const char* flood = R"py(
import os, random, socket, sys, threading
pieces = [b'', b'\0' * 1000, b'GET / HTTP/9.9\r\n\r\n', b'GET /runs HTTP/1.1\r\nX: ' + b'x' * 100000,
          b'POST /runs HTTP/1.1\r\nContent-Length: 99999999999\r\n\r\n{', b'POST /runs HTTP/1.1\r\nContent-Le',
          b'POST /runs HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nffffffffffffffff\r\n',
          b'GET /' + b'../' * 2000 + b' HTTP/1.1\r\n\r\n', b'DELETE /runs/%00 HTTP/1.1\r\n\r\n' * 50,
          b'POST /runs HTTP/1.1\r\nContent-Length: 14\r\n\r\n{"scenario": 7', os.urandom(5000)]
def attack():
    held = []
    while True:
        one = socket.socket(socket.AF_UNIX)
        try:
            one.connect(sys.argv[1])
            one.settimeout(0.05)
            one.send(random.choice(pieces))
            one.recv(1000)
        except OSError:
            pass
        held.append(one)
        if len(held) > 20:
            held.pop(random.randrange(20)).close()
for _ in range(4):
    threading.Thread(target=attack).start()
print('flooding', flush=True)
)py";

// A federation that gives up when it hears nothing for `deadline_ms`, and ten faults, one after the other;
// the last is `last`.
std::string ten_faults(int deadline_ms, const std::string& last) {
    const std::string build = NETCUT_BUILD_DIR;
    const std::array<const char*, 9> kinds = {"drop",
                                              "down",
                                              "unplug",
                                              "pause",
                                              "drop, direction: up",
                                              "reject",
                                              "drop, direction: down",
                                              "loss, model: iid 90%",
                                              "partition, groups: [[aggregator], [collaborator1]]"};
    std::string yaml = "collaborators: 1\nready: ready\nhang_after: " + slowed(2s) +
                       "\naggregator: {command: " + build +
                       "/netcut_datagrams echo 1 7000}\ncollaborator: {command: " + build +
                       "/netcut_heartbeat aggregator 7000 150 " + std::to_string(deadline_ms * time_scale()) +
                       "}\nfaults:\n";
    for (std::size_t i = 0; i < kinds.size(); ++i)
        yaml += "  - {name: f" + std::to_string(i + 1) + ", kind: " + kinds.at(i) + ", for: 60ms, on: " +
                (i == 0 ? "{log: beat 5}" : "{after: f" + std::to_string(i) + ", delay: 60ms}") + "}\n";
    return yaml + "  - {name: f10, on: {after: f9, delay: 60ms}, " + last + "}\n";
}

void expect_ten_faults(const std::string& run, const std::string& verdict) {
    const Json told = read_verdict(run);
    EXPECT_EQ(told.at("verdict"), verdict) << told.dump(2);
    ASSERT_EQ(told.at("faults").size(), 10U) << told.dump(2);
    EXPECT_EQ(run_tool({"verify", run}).status, 0) << "journal and verdict agree";
}

TEST(DaemonUsers, TenFaultsEachAreJudgedRightlyWhileAThirdUserFloodsTheDaemon) {
    NETCUT_E2E();
    Daemon daemon;
    std::ofstream(daemon.home(mallory) + "/flood.py") << flood;
    std::ofstream(daemon.home(alice) + "/patient.yaml") << ten_faults(4000, "kind: drop, for: 100ms");
    std::ofstream(daemon.home(bob) + "/impatient.yaml")
        << ten_faults(1500, "kind: drop, for: " + std::to_string(4 * time_scale()) + "s");
    const auto flooding = daemon.begin_program(mallory, python, {"flood.py", daemon.socket()});
    ASSERT_TRUE(flooding->wait_for_output("flooding"));
    const auto patient = daemon.begin(alice, {"run", "patient.yaml", "--out", "run"});
    const auto impatient = daemon.begin(bob, {"run", "impatient.yaml", "--out", "run"});
    EXPECT_EQ(daemon.ask(stranger, "GET", "/version").status, 0)
        << "the socket is closed to who is not in the group";
    EXPECT_EQ(daemon.run(stranger, {"ps"}).status, 3);
    const Finished recovered = patient->wait(60s);
    EXPECT_EQ(recovered.status, 0) << recovered.out << recovered.err;
    const Finished crashed = impatient->wait(60s);
    EXPECT_EQ(crashed.status, 1) << crashed.out << crashed.err;
    EXPECT_EQ(flooding->processes().size(), 1U) << "it still does";
    expect_ten_faults(daemon.home(alice) + "/run", "recovered");
    expect_ten_faults(daemon.home(bob) + "/run", "crashed");
    EXPECT_EQ(daemon.ask(alice, "GET", "/version").status, 200);
    flooding->signal(SIGKILL);
    flooding->wait();
    const std::string metrics = daemon.ask(alice, "GET", "/metrics").body;
    EXPECT_TRUE(contains(metrics, "netcut_requests_refused_total ")) << metrics;
    EXPECT_FALSE(contains(metrics, "netcut_requests_refused_total 0\n")) << "it was answered";
}

}  // namespace
}  // namespace netcut::test::NETCUT_FILE
