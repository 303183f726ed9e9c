// SPDX-License-Identifier: Apache-2.0
//
// Recovery is measured on what the fault could hit: other traffic of the node went on.
#include "e2e/truth.h"

namespace netcut::test::NETCUT_FILE {
namespace {

constexpr const char* answers_two = "serve(9000, 9001); listening(60)";
constexpr const char* beats_and_works = "beat(9001); work(9000, 6)";

TEST(Truth, OtherFlowsThatWentOnDoNotEndTheMeasurement) {
    NETCUT_E2E();
    expect_truth({
        {"port",
         answers_two,
         beats_and_works,
         "end: collaborators\nfaults: [{kind: drop, port: 9000, on: {log: work 2}, for: 700ms}]\n",
         "recovered",
         {},
         {},
         measured},
        {"port-and-too-slow",
         answers_two,
         beats_and_works,
         "expect: {recovered_within: 100ms}\n"
         "end: collaborators\nfaults: [{kind: drop, port: 9000, on: {log: work 2}, for: 1100ms}]\n",
         "recovered",
         {},
         {},
         measured,
         1},
        {"port-and-fast-enough",
         answers_two,
         beats_and_works,
         "expect: {recovered_within: 5s}\n"
         "end: collaborators\nfaults: [{kind: drop, port: 9000, on: {log: work 2}, for: 700ms}]\n",
         "recovered",
         {},
         {},
         measured,
         0},
        {"peers",
         answers_two,
         "work(9000, 6)",
         "collaborators: 2\nend: collaborators\nfaults: [{kind: drop, peers: [aggregator], on: {log: work "
         "2}, for: 700ms}]\n",
         "recovered",
         {},
         {},
         measured},
        {"established",
         answers_two,
         "beat(9001); work(9000, 6, timeout=0.25, again=True)",
         "end: collaborators\nfaults: [{kind: drop, only: established, port: 9000, on: {log: work 2}, for: "
         "700ms}]\n",
         "recovered",
         {},
         {},
         Federation::Recovery::any},
        {"both-flows-were-cut", answers_two, beats_and_works,
         "end: collaborators\nfaults: [{kind: drop, on: {log: work 2}, for: 700ms}]\n", "recovered"},
        {"idle-and-nobody-noticed",
         answers_all,
         "c = work(9000, 2); say('cut me'); time.sleep(0.8)",
         "end: collaborators\nfaults: [{kind: drop, on: {log: cut me}, for: 300ms}]\n",
         "recovered",
         {"nobody noticed"},
         {},
         none},
    });
}

TEST(Truth, TwoFaultsAndFlapsAreEachMeasured) {
    NETCUT_E2E();
    expect_truth({
        {"two-faults",
         answers_all,
         "work(9000, 12)",
         "end: collaborators\nfaults:\n"
         "  - {name: one, kind: drop, on: {log: work 2}, for: 250ms}\n"
         "  - {name: two, kind: drop, on: {log: work 8}, for: 500ms}\n",
         "recovered",
         {},
         {},
         measured},
        {"flap",
         answers_all,
         "work(9000, 12)",
         "end: collaborators\nfaults: [{kind: drop, on: {log: work 2}, flap: {period: 300ms, duty: 50%, "
         "count: 3}}]\n",
         "recovered",
         {"on and off 3 times"}},
        {"the-aggregator-is-cut", answers_all, "work(9000, 6)",
         "end: collaborators\nfaults: [{kind: drop, nodes: [aggregator], on: {log: work 2, node: "
         "collaborator1}, for: 700ms}]\n",
         "recovered"},
    });
}

TEST(Truth, WhatIsStuckOrGivenUpIsNamed) {
    NETCUT_E2E();
    expect_truth({
        // The server gives its answer up; the client waits for it for ever.
        {"half-open",
         "def late(c):\n"
         "  receive(c); time.sleep(0.6)\n"
         "  c.setsockopt(6, 18, 200); c.sendall(b'a' * 500); time.sleep(0.5); c.close()\n"
         "serve(9000, answer=late); listening(60)",
         "c = connect(9000); c.sendall(b'q' * 500); time.sleep(0.1); say('cut me'); receive(c)",
         "hang_after: 1s\nfaults: [{kind: drop, on: {log: cut me}, for: 1400ms}]\n",
         "hung",
         {"half open"},
         {},
         none},
        {"given-up-after-the-heal",
         answers_all,
         "c = connect(9000); exchange(c); say('cut me'); time.sleep(0.2); c.settimeout(1.2)\n"
         "try: exchange(c)\nexcept OSError: pass",
         "end: collaborators\nfaults: [{kind: drop, on: {log: cut me}, for: 1100ms}]\n",
         "left",
         {"left with exit 0 after cut, which had healed"},
         {},
         none},
        {"killed",
         answers_all,
         "work(9000, 99)",
         "end: collaborators\nfaults: [{kind: kill, on: {log: work 2}}]\n",
         "recovered",
         {"the fault killed collaborator1"}},
        {"crashed",
         answers_all,
         "work(9000, 6, timeout=0.2)",
         "end: collaborators\nfaults: [{kind: drop, on: {log: work 2}, for: 500ms}]\n",
         "crashed",
         {"collaborator1 ended with exit code 1"}},
    });
}

TEST(Truth, DatagramsRecoverToo) {
    NETCUT_E2E();
    constexpr const char* answers = "serve_datagrams(9000); listening(60)";
    constexpr const char* works = "datagrams(9000, 6)";
    constexpr const char* cut = "end: collaborators\nfaults: [{kind: drop, on: {log: work 2}, for: 450ms}]\n";
    expect_truth({
        {"udp-4",
         answers,
         works,
         "fabric: {ip: 4}\nend: collaborators\nfaults: [{kind: drop, on: {log: work 2}, for: 450ms}]\n",
         "recovered",
         {},
         {},
         measured},
        {"udp-6",
         answers,
         works,
         "fabric: {ip: 6}\nend: collaborators\nfaults: [{kind: drop, on: {log: work 2}, for: 450ms}]\n",
         "recovered",
         {},
         {},
         measured},
        {"udp-bridge",
         answers,
         works,
         "fabric: {kind: bridge}\nend: collaborators\nfaults: [{kind: drop, on: {log: work 2}, for: "
         "450ms}]\n",
         "recovered",
         {},
         {},
         measured},
        {"udp-left",
         answers,
         "datagrams(9000, 2); say('work 2'); threading.Thread(target=datagrams, args=(9000, 9), "
         "daemon=True).start(); time.sleep(0.3)",
         cut,
         "left",
         {"left"}},
    });
}

TEST(Truth, FlowsOfUdpAreToldApart) {
    NETCUT_E2E();
    constexpr const char* answers = "serve_datagrams(9000); serve(9001); listening(60)";
    constexpr const char* cut = "end: collaborators\nfaults: [{kind: drop, on: {log: work 2}, for: 450ms}]\n";
    constexpr const char* cut_udp =
        "end: collaborators\nfaults: [{kind: drop, port: 9000, on: {log: work 2}, for: 450ms}]\n";
    expect_truth({
        {"beside-tcp-that-went-on",
         answers,
         "beat(9001); datagrams(9000, 6)",
         cut_udp,
         "recovered",
         {"work went on"},
         {},
         measured},
        {"another-port-replaces-it",
         answers,
         "datagrams(9000, 6, again=True)",
         cut,
         "recovered",
         {"work went on"},
         {},
         measured},
        {"another-port-replaces-it-6",
         answers,
         "datagrams(9000, 6, again=True)",
         "fabric: {ip: 6}\nend: collaborators\nfaults: [{kind: drop, on: {log: work 2}, for: 450ms}]\n",
         "recovered",
         {"work went on"},
         {},
         measured},
        {"up-alone",
         answers,
         "datagrams(9000, 6)",
         "end: collaborators\nfaults: [{kind: drop, direction: up, on: {log: work 2}, for: 450ms}]\n",
         "recovered",
         {"work went on"},
         {},
         measured},
        {"nobody-answers-it-any-more",
         "serve_datagrams(9000, forget_after=0.3); serve(9001); listening(60)",
         "beat(9001); datagrams(9000, 6)",
         "hang_after: 1s\nfaults: [{kind: drop, port: 9000, on: {log: work 2}, for: 450ms}]\n",
         "hung",
         {},
         {},
         none},
        {"nobody-answers-and-the-work-ends",
         "serve_datagrams(9000, forget_after=0.3); serve(9001); listening(3); print('all done'); "
         "time.sleep(60)",
         "beat(9001); datagrams(9000, 6)",
         "end: all done\nhang_after: 20s\nfaults: [{kind: drop, port: 9000, on: {log: work 2}, for: "
         "450ms}]\n",
         "hung",
         {"collaborator1 waits since cut healed: its flow of UDP to aggregator", "is stuck"},
         {},
         none},
        {"given-up-beside-tcp-that-went-on",
         answers,
         "beat(9001); threading.Thread(target=datagrams, args=(9000, 2), daemon=True).start()\n"
         "time.sleep(0.5); s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); s.bind(('', 9700))\n"
         "a = (socket.getaddrinfo('aggregator', 9000, socket.AF_INET)[0][4][0], 9000)\n"
         "s.sendto(b'x' * 99, a); s.recv(999); say('work 2'); time.sleep(0.2); s.sendto(b'y' * 99, a)\n"
         "time.sleep(0.1); s.close(); time.sleep(0.6); work(9001, 3)",
         cut_udp,
         "recovered",
         {},
         {"did not go on"}},
    });
}

}  // namespace
}  // namespace netcut::test::NETCUT_FILE
