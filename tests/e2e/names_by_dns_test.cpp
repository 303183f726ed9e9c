// SPDX-License-Identifier: Apache-2.0
//
// Names that the run's own name server answers: what getaddrinfo of a node says, and when.
#include <gmock/gmock.h>

#include <fstream>

#include "e2e/daemon.h"
#include "e2e/tool.h"

namespace netcut::test::NETCUT_FILE {
namespace {

using testing::HasSubstr;
using testing::Not;

// What the name leads to, whenever that changes, and how long it took at worst since then.
constexpr const char* resolver = R"(
import socket, sys, time
before, end = None, time.monotonic() + float(sys.argv[1])
while time.monotonic() < end:
    begin = time.monotonic()
    try:
        found = sorted({info[4][0] for info in socket.getaddrinfo("Aggregator", 7000, type=socket.SOCK_STREAM)})
    except socket.gaierror as error: found = error.strerror
    took = time.monotonic() - begin
    if took > 0.25: print("late", took, flush=True)
    if found != before: print("aggregator is", found, flush=True)
    before = found
    time.sleep(0.02)
)";

constexpr const char* known = "aggregator is ['10.99.0.2', 'fd63::2']\n";

struct Case {
    std::string fault;                  // empty: none
    std::string rest = "";              // of the scenario
    std::string env = "";               // of the nodes: RES_OPTIONS
    std::function<void()> before = {};  // in the child
    const char* seconds = "1.5";
};

std::string write(const Folder& folder, const Case& one) {
    std::ofstream(folder / "resolver.py") << resolver;
    std::ofstream out(folder / "scenario.yaml");
    out << "collaborators: 1\nnames: {by: dns}\naggregator: {command: sleep " << one.seconds
        << "}\ncollaborator: {command: [python3, \"" << folder / "resolver.py"
        << "\", \"" << one.seconds << "\"]}\nenv: {RES_OPTIONS: \"" << one.env << "\"}\n"
        << one.rest;
    if (!one.fault.empty()) out << "faults: [" << one.fault << "]\n";
    return folder / "scenario.yaml";
}

std::string log_of(const Folder& folder, const Case& one) {
    Tool tool({"run", write(folder, one), "--out", folder / "run"}, one.before);
    const Finished finished = tool.wait();
    EXPECT_EQ(finished.status, 0) << finished.out << finished.err;
    const Finished verified = run_tool({"verify", folder / "run"});
    EXPECT_EQ(verified.status, 0) << verified.out;
    return slurp(folder / "run/logs/collaborator1.out");
}

TEST(NamesByDns, AreAnsweredOverUdpAndTcpWithAndWithoutRoot) {
    NETCUT_E2E();
    for (const char* options : {"", "use-vc", "edns0"}) {
        const Folder folder;
        EXPECT_EQ(log_of(folder, {"", "", options, {}, "0.3"}), known) << options;
    }
    const Folder folder;
    EXPECT_EQ(
        log_of(folder, {"{kind: names, on: {log: aggregator is}, for: 300ms}", "", "", become_ordinary_user}),
        std::string(known) + "aggregator is Name or service not known\n" + known)
        << "as an ordinary user";
}

TEST(NamesByDns, AreAnsweredOnEachFabricOverEachFamily) {
    NETCUT_E2E();
    for (const char* kind : {"routed", "bridge"})
        for (const char* ip : {"4", "6"}) {
            const Folder folder;
            EXPECT_EQ(log_of(folder, {"{kind: names, on: {log: aggregator is}, for: 300ms}",
                                      std::string("fabric: {kind: ") + kind + ", ip: " + ip + "}\n"}),
                      std::string("aggregator is ['") + (*ip == '4' ? "10.99.0.2" : "fd63::2") +
                          "']\naggregator is Name or service not known\naggregator is ['" +
                          (*ip == '4' ? "10.99.0.2" : "fd63::2") + "']\n");
        }
}

TEST(NamesByDns, LeadToNobody) {
    NETCUT_E2E();
    const Folder folder;
    EXPECT_EQ(log_of(folder, {"{kind: names, answer: old, on: {log: aggregator is}, for: 300ms}"}),
              std::string(known) + "aggregator is ['10.99.255.253', 'fd63::fffd']\n" + known);
    EXPECT_EQ(read_verdict(folder / "run").at("noticed"), true);
}

TEST(NamesByDns, AreAnsweredInARunOfTheDaemon) {
    NETCUT_E2E();
    Daemon daemon;
    std::ofstream(daemon.home(alice) + "/scenario.yaml")
        << "collaborators: 1\nnames: {by: dns}\naggregator: {command: sleep 0.3}\n"
           "collaborator: {command: [getent, ahosts, aggregator]}\n";
    const Finished finished = daemon.run(alice, {"run", "scenario.yaml", "--out", "run"});
    EXPECT_EQ(finished.status, 0) << finished.out << finished.err;
    EXPECT_THAT(slurp(daemon.home(alice) + "/run/logs/collaborator1.out"), HasSubstr("10.99.0.2 "));
}

std::vector<double> late_in(const std::string& log) {
    std::vector<double> all;
    std::istringstream words(log);
    for (std::string word; words >> word;)
        if (double seconds = 0; word == "late" && words >> seconds) all.push_back(seconds);
    return all;
}

TEST(NamesByDns, AreLateByTheDelayAndThenNoMore) {
    NETCUT_E2E();
    constexpr double delay_s = 0.6;
    const Folder folder;
    const std::string log = log_of(
        folder,
        {"{kind: names, answer: late, delay: 600ms, on: {log: aggregator is}, for: 1s}", "", "", {}, "3"});
    EXPECT_THAT(log, Not(HasSubstr("not known"))) << "late, and right";
    const std::vector<double> late = late_in(log);
    ASSERT_GE(late.size(), 1U) << log;
    EXPECT_LE(late.size(), 2U) << "none after the heal: " << log;
    for (const double seconds : late) {
        EXPECT_GE(seconds, delay_s);
        EXPECT_LT(seconds, delay_s + 0.5 * time_scale());
    }
}

TEST(NamesByDns, TheDnsFaultIsOfThem) {
    NETCUT_E2E();
    const Folder refused;
    const std::string log = log_of(
        refused, {"{kind: dns, answer: refused, on: {log: aggregator is}, for: 400ms}", "pcap: true\n"});
    EXPECT_THAT(log, HasSubstr(std::string(known) + "aggregator is Temporary failure in name resolution\n"));
    EXPECT_THAT(log, HasSubstr("resolution\n" + std::string(known))) << "healed";
    EXPECT_GT(read_verdict(refused / "run").at("packets_lost"), 0);
    const Folder none;
    const std::string lost = log_of(none, {"{kind: dns, on: {log: aggregator is}, for: 400ms}",
                                           "pcap: true\n",
                                           "timeout:1 attempts:3",
                                           {},
                                           "3"});
    EXPECT_THAT(lost, HasSubstr("late 1")) << "asked again after a second";
    EXPECT_GT(read_verdict(none / "run").at("packets_lost"), 0);
}

TEST(NamesByDns, TheDnsFaultMakesThemLate) {
    NETCUT_E2E();
    NETCUT_NEEDS_NETEM();
    const Folder folder;
    const std::vector<double> late = late_in(log_of(
        folder,
        {"{kind: dns, answer: late, delay: 300ms, on: {log: aggregator is}, for: 1s}", "", "", {}, "3"}));
    ASSERT_GE(late.size(), 1U);
    for (const double seconds : late) EXPECT_GE(seconds, 0.59) << "question and answer each wait";
    EXPECT_GT(read_verdict(folder / "run").at("packets_queued"), 0);
}

TEST(NamesByDns, ANodeThatComesBackUnderAnotherAddressIsFoundThere) {
    NETCUT_E2E();
    const Folder folder;
    EXPECT_THAT(log_of(folder, {"{kind: renumber, nodes: [aggregator], on: {log: aggregator is, node: "
                                "collaborator1}, for: 200ms}"}),
                HasSubstr("aggregator is ['10.99.0.5', 'fd63::5']"));
}

// It reconnects by name for each round, and its own clock says when it went on.
TEST(NamesByDns, AFederationThatReconnectsByNameIsLate) {
    NETCUT_E2E();
    const Folder folder;
    std::ofstream(folder / "server.py") << R"(
import socket
server = socket.create_server(("::", 7000), family=socket.AF_INET6, dualstack_ipv6=True)
print("listening", flush=True)
for _ in range(8):
    connection = server.accept()[0]
    connection.sendall(connection.recv(99)); connection.close()
)";
    std::ofstream(folder / "client.py") << R"(
import socket, time
for number in range(8):
    begin = time.monotonic()
    with socket.create_connection(("server.example", 7000)) as connection:
        connection.sendall(b"x"); connection.recv(99)
    print("round", number, "took", time.monotonic() - begin, flush=True)
    time.sleep(0.1)
)";
    std::ofstream(folder / "scenario.yaml")
        << "collaborators: 1\nnames: {by: dns, ttl: 0s}\nready: listening\nprogress: \"re:round ([0-9]+)\"\n"
           "aggregator: {command: [python3, "
        << folder / "server.py"
        << "], aliases: [Server.example]}\ncollaborator: {command: [python3, " << folder / "client.py"
        << "]}\nfaults: [{kind: names, answer: late, delay: 700ms, on: {log: round 2}, for: 500ms}]\n";
    const Finished finished = run_tool({"run", folder / "scenario.yaml", "--out", folder / "run"});
    EXPECT_EQ(finished.status, 0) << finished.out << finished.err;
    EXPECT_EQ(read_verdict(folder / "run").at("verdict"), "recovered");
    std::istringstream lines(slurp(folder / "run/logs/collaborator1.out"));
    std::string word;
    int number = 0, late = 0;
    double took = 0;
    while (lines >> word >> number >> word >> took) late += took >= 0.7;
    EXPECT_EQ(number, 7);
    EXPECT_EQ(late, 1) << slurp(folder / "run/logs/collaborator1.out");
}

TEST(NamesByDns, NodesHaveTheirOwnNameAlone) {
    NETCUT_E2E();
    const Folder folder;
    std::ofstream(folder / "scenario.yaml")
        << "collaborators: 1\nnames: {by: dns}\naggregator: {command: sleep 0.3}\n"
           "collaborator: {command: cat /etc/hosts /etc/resolv.conf}\n";
    ASSERT_EQ(run_tool({"run", folder / "scenario.yaml", "--out", folder / "run"}).status, 0);
    EXPECT_EQ(slurp(folder / "run/logs/collaborator1.out"),
              "127.0.0.1 localhost\n::1 localhost ip6-localhost ip6-loopback\n10.99.0.3 collaborator1\n"
              "fd63::3 collaborator1\nnameserver 10.99.255.252\n");
}

TEST(NamesByDns, WhatFilesCannotDoIsRefused) {
    NETCUT_E2E();
    const auto refused = [](const std::string& text, const char* why) {
        const Folder folder;
        std::ofstream(folder / "scenario.yaml")
            << "collaborators: 1\naggregator: {command: sleep 1}\ncollaborator: {command: sleep 1}\n"
            << text;
        const Finished finished = run_tool({"run", folder / "scenario.yaml", "--out", folder / "run"});
        EXPECT_EQ(finished.status, 2) << text;
        EXPECT_THAT(finished.err, HasSubstr(why)) << text;
    };
    refused("faults: [{kind: names, answer: late, delay: 1s, on: start}]\n", "names: {by: dns}");
    refused("names: {by: dns}\nfaults: [{kind: names, answer: late, on: start}]\n", "delay");
    refused("names: {by: dns}\nfaults: [{kind: names, delay: 1s, on: start}]\n", "answer: late");
    refused("names: {by: pigeon}\n", "file or dns");
    refused("names: {by: dns, ttl: 300ms}\n", "whole seconds");
    refused("names: {by: dns, ttl: 2h}\n", "at most an hour");
}

}  // namespace
}  // namespace netcut::test::NETCUT_FILE
