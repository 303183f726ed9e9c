// SPDX-License-Identifier: Apache-2.0
//
// Federations behind routers of their own: what the tool says of them is what their programs saw, and the record agrees with its captures.
#include "e2e/truth.h"
#include "fault/needs.h"
#include "fault/probe.h"
#include "kernel/netns.h"

namespace netcut::test::NETCUT_FILE {
namespace {

constexpr const char* works = "work(9000, 12)";

TEST(Truth, WorkBehindANatIsSeenAtTheNodesPort) {
    NETCUT_E2E();
    expect_truth({
        {"home",
         answers_all,
         works,
         "fabric: {ip: 4}\nsites: {a: {nodes: collaborators, uplink: 20mbit/5mbit, nat: home}}\n"
         "end: collaborators\npcap: true\nfaults: [{kind: drop, on: {log: work 2}, for: 450ms}]\n",
         "recovered",
         {"work went on"},
         {},
         measured},
        {"symmetric-with-a-peer-and-a-moment",
         answers_all,
         works,
         "fabric: {ip: 4}\nsites: {a: {nodes: collaborators, nat: symmetric, firewall: idle 300s}}\n"
         "end: collaborators\npcap: true\nfaults: [{kind: drop, peers: [aggregator], on: {log: work 2}, "
         "when: request peer aggregator, for: 450ms}]\n",
         "recovered",
         {"work went on"},
         {},
         measured},
        {"a-whole-site-without-a-nat",
         answers_all,
         works,
         "sites: {a: {nodes: collaborators, firewall: outbound-only}}\n"
         "end: collaborators\npcap: true\nfaults: [{kind: site, on: {log: work 2}, for: 450ms}]\n",
         "recovered",
         {"work went on"},
         {},
         measured},
    });
}

TEST(Truth, AServerThatKnowsIdentifiersFollowsAForgottenMapping) {
    NETCUT_E2E();
    expect_truth({
        {"by-identifier",
         "serve_sessions(9000, by_id=True); listening(60)",
         "session(9000, 12)",
         "fabric: {ip: 4}\nsites: {a: {nodes: collaborators, nat: home}}\nend: collaborators\n"
         "faults: [{kind: nat-rebind, new: address, on: {log: work 2}}]\n",
         "recovered",
         {"under another address"}},
        {"by-address",
         "serve_sessions(9000, by_id=False); listening(60)",
         "session(9000, 12)",
         "fabric: {ip: 4}\nsites: {a: {nodes: collaborators, nat: home}}\nhang_after: 1s\n"
         "faults: [{kind: nat-rebind, on: {log: work 2}}]\n",
         "hung",
         {"aggregator, collaborator1 did not end"},
         {},
         none},
    });
}

// While its client is silent the server asks for it, again and again; when the client speaks again, the answer takes a while.
constexpr const char* asks_and_answers_late =
    "def echo(server):\n"
    "  heard = {}\n"
    "  while True:\n"
    "    request, client = server.recvfrom(9999)\n"
    "    last, heard[client] = heard.get(client), time.monotonic()\n"
    "    if last is None: in_background(ask, server, client, heard)\n"
    "    elif heard[client] - last > 0.5: time.sleep(0.8)\n"
    "    server.sendto(request, client)\n"
    "def ask(server, client, heard):\n"
    "  while True:\n"
    "    if 1.1 < time.monotonic() - heard[client] < 1.6: server.sendto(b'?', client)\n"
    "    time.sleep(0.02)\n"
    "in_background(echo, open_datagrams(9000)); listening(60)";

// Its line is full when the fault heals: what it asks arrives when the line has carried what was before it.
constexpr const char* behind_its_own_upload =
    "def upload():\n"
    "  s = socket.socket(family, socket.SOCK_DGRAM)\n"
    "  time.sleep(0.35)\n"
    "  for i in range(32): s.sendto(b'u' * 1000, (server[0], 9002))\n"
    "family, _, _, _, server = socket.getaddrinfo('aggregator', 9000, type=socket.SOCK_DGRAM)[0]\n"
    "c = socket.socket(family, socket.SOCK_DGRAM); c.settimeout(0.1)\n"
    "for number in range(6):\n"
    "  say('work %d' % number)\n"
    "  if number == 2: in_background(upload)\n"
    "  answered = False\n"
    "  while not answered:\n"
    "    c.sendto(b'%08d' % number, server)\n"
    "    end = time.monotonic() + 0.1\n"
    "    while not answered and time.monotonic() < end:\n"
    "      try: answered = c.recv(9999) == b'%08d' % number\n"
    "      except OSError: pass\n"
    "  truth('answered'); time.sleep(0.1)";
// It tells the client things at any time, from the port at which it is asked.
constexpr const char* asked_and_talkative =
    "def tell(server, client):\n"
    "  while True:\n"
    "    server.sendto(b's', client); time.sleep(0.02)\n"
    "def echo(server):\n"
    "  known = set()\n"
    "  while True:\n"
    "    request, client = server.recvfrom(9999)\n"
    "    if client not in known: in_background(tell, server, client)\n"
    "    known.add(client)\n"
    "    server.sendto(request, client)\n"
    "sink = open_datagrams(9002); in_background(echo, open_datagrams(9000)); listening(60)";

TEST(Truth, ADatagramHasPassedWhenItIsAtTheFarEnd) {
    NETCUT_E2E();
    expect_truth({
        {"a-firewall-has-forgotten-it",
         asks_and_answers_late,
         "datagrams(9000, 5, timeout=1.6)",
         "sites: {a: {nodes: collaborators, firewall: idle 1s}}\nend: collaborators\nhang_after: 4s\n"
         "faults: [{kind: drop, on: {log: work 2}, for: 1300ms}]\n",
         "recovered",
         {"work went on"},
         {},
         measured},
        {"so-has-a-nat",
         asks_and_answers_late,
         "datagrams(9000, 5, timeout=1.6)",
         "fabric: {ip: 4}\nsites: {a: {nodes: collaborators, nat: home, firewall: idle 1s}}\n"
         "end: collaborators\nhang_after: 4s\nfaults: [{kind: drop, on: {log: work 2}, for: 1300ms}]\n",
         "recovered",
         {"work went on"},
         {},
         measured},
        {"a-full-line",
         asked_and_talkative,
         behind_its_own_upload,
         "sites: {a: {nodes: collaborators, uplink: 10mbit/100kbit, queue: 5s}}\nend: collaborators\n"
         "faults: [{kind: drop, port: 9000, on: {log: work 2}, for: 450ms}]\n",
         "recovered",
         {"work went on"},
         {},
         measured},
        {"a-full-line-behind-a-nat",
         asked_and_talkative,
         behind_its_own_upload,
         "fabric: {ip: 4}\nsites: {a: {nodes: collaborators, uplink: 10mbit/100kbit, queue: 5s, nat: home}}\n"
         "end: collaborators\nfaults: [{kind: drop, port: 9000, on: {log: work 2}, for: 450ms}]\n",
         "recovered",
         {"work went on"},
         {},
         measured},
        {"another-port-and-a-site",
         "serve_sessions(9000, by_id=True); listening(60)",
         "session(9000, 12)",
         "sites: {a: {nodes: collaborators}}\nend: collaborators\n"
         "faults: [{kind: rebind, on: {log: work 2}, for: 450ms}]\n",
         "recovered",
         {"work went on"},
         {"nobody noticed"},
         measured},
    });
}

// What is sent to a proxy has not arrived yet, and what one end of two connections says of the other is the proxy's.
constexpr const char* works_through_a_proxy = "work(9000, 12, connect=through_proxy)";

TEST(Truth, WorkGoesOnThroughAVpn) {
    NETCUT_E2E();
    const auto apart = NetNs::create();
    ASSERT_TRUE(apart) << apart.error().text();
    if (!probe(Need::wireguard, *apart)) GTEST_SKIP() << "this kernel has no WireGuard (CONFIG_WIREGUARD)";
    expect_truth({
        {"its-vpn-is-down",
         answers_all,
         works,
         "sites: {a: {nodes: collaborators, uplink: 50mbit/20mbit, vpn: wireguard}}\nhang_after: 20s\n"
         "end: collaborators\npcap: true\nfaults: [{kind: vpn-down, on: {log: work 2}, for: 700ms}]\n",
         "recovered",
         {"work went on"},
         {},
         measured},
        {"a-request-is-lost-in-front-of-it",
         answers_all,
         works,
         "fabric: {ip: 4}\nsites: {a: {nodes: collaborators, nat: home, vpn: wireguard}}\nhang_after: 20s\n"
         "end: collaborators\npcap: true\nfaults: [{kind: drop, peers: [aggregator], on: {log: work 2}, "
         "when: request peer aggregator, for: 450ms}]\n",
         "recovered",
         {"work went on"},
         {},
         measured},
        {"behind-a-proxy-its-vpn-is-down",
         answers_all,
         works_through_a_proxy,
         "sites: {a: {nodes: collaborators, vpn: wireguard, proxy: connect}}\nhang_after: 20s\n"
         "end: collaborators\nfaults: [{kind: vpn-down, on: {log: work 2}, for: 700ms}]\n",
         "recovered",
         {"work went on"},
         {},
         measured},
        {"datagrams-of-it",
         "serve_datagrams(9000); listening(60)",
         "datagrams(9000, 12)",
         "sites: {a: {nodes: collaborators, vpn: wireguard}}\nhang_after: 20s\nend: collaborators\n"
         "faults: [{kind: drop, on: {log: work 2}, for: 450ms}]\n",
         "recovered",
         {"work went on"},
         {},
         measured},
    });
}

TEST(Truth, WorkGoesOnThroughAProxy) {
    NETCUT_E2E();
    expect_truth({
        {"a-request-is-lost-in-front-of-it",
         answers_all,
         works_through_a_proxy,
         "sites: {a: {nodes: collaborators, proxy: connect}}\nend: collaborators\npcap: true\n"
         "faults: [{kind: drop, peers: [aggregator], on: {log: work 2}, when: request peer aggregator, "
         "for: 450ms}]\n",
         "recovered",
         {"work went on"},
         {},
         measured},
        {"behind-a-nat-and-an-uplink",
         answers_all,
         works_through_a_proxy,
         "fabric: {ip: 4}\nsites: {a: {nodes: collaborators, uplink: 20mbit/5mbit, nat: home, proxy: "
         "connect}}\n"
         "end: collaborators\nfaults: [{kind: drop, on: {log: work 2}, for: 450ms}]\n",
         "recovered",
         {"work went on"},
         {},
         measured},
        {"the-aggregator-is-cut-off",
         answers_all,
         works_through_a_proxy,
         "fabric: {ip: 6}\nsites: {a: {nodes: collaborators, proxy: connect}}\nend: collaborators\n"
         "faults: [{kind: drop, nodes: [aggregator], on: {log: work 2, node: collaborator1}, for: 450ms}]\n",
         "recovered",
         {"work went on"},
         {}},
        {"another-connection",
         answers_all,
         "work(9000, 12, timeout=0.2, again=True, connect=through_proxy)",
         "sites: {a: {nodes: collaborators, proxy: connect}}\nend: collaborators\n"
         "faults: [{kind: drop, on: {log: work 2}, for: 700ms}]\n",
         "recovered",
         {"work went on"},
         {},
         measured},
    });
}

// The first connection after the heal does no more than set itself up, for a while. The heal is between two tries of TCP on the
// connection before it, some 0.85 s and 1.7 s after the cut, whose program has not closed it yet: what comes on that one is data.
TEST(Truth, SetUpThroughAProxyIsNoWork) {
    NETCUT_E2E();
    expect_truth({
        {"http2",
         "serve(9000, answer=answer_http2); listening(60)",
         "work_after_set_up(9000, 6, greet_http2, exchange=call_http2, connect=through_proxy)",
         "sites: {a: {nodes: collaborators, proxy: connect}}\nend: collaborators\nhang_after: 5s\n"
         "faults: [{kind: drop, on: {log: work 2}, for: 960ms}]\n",
         "recovered",
         {"work went on"},
         {},
         measured},
        {"tls",
         "serve(9000, answer=accept_tls(ssl.TLSVersion.TLSv1_3)); listening(60)",
         "work_after_set_up(9000, 6, tls_client(), connect=through_proxy)",
         "sites: {a: {nodes: collaborators, proxy: connect}}\nend: collaborators\nhang_after: 5s\n"
         "faults: [{kind: drop, on: {log: work 2}, for: 960ms}]\n",
         "recovered",
         {"work went on"},
         {},
         measured},
    });
}

// It has taken the request, and nobody else ever gets it: no evidence of anything.
TEST(Truth, WhatTheProxyAloneHasIsNoRecovery) {
    NETCUT_E2E();
    expect_truth({
        {"nobody-reads",
         "def first(connection):\n  connection.sendall(receive(connection))\n  while True: time.sleep(9)\n"
         "serve(9000, answer=first); listening(60)",
         works_through_a_proxy,
         "sites: {a: {nodes: collaborators, proxy: connect}}\nhang_after: 3s\n"
         "faults: [{kind: drop, on: {log: work 1}, for: 450ms}]\n",
         "hung",
         {"aggregator, collaborator1 did not end"},
         {},
         none},
    });
}

}  // namespace
}  // namespace netcut::test::NETCUT_FILE
