// SPDX-License-Identifier: Apache-2.0
//
// How long it took until work went on, with every kind of cut and network.
#include "e2e/truth.h"

namespace netcut::test::NETCUT_FILE {
namespace {

constexpr const char* works = "work(9000, 6)";
// Until its third request is answered, by the timers of TCP.
#define CUT_WORK(more) "end: collaborators\nfaults: [{" more ", on: {log: work 2}, for: 700ms}]\n"

TEST(Truth, TimeToRecoverIsWhatTheProgramSaw) {
    NETCUT_E2E();
    expect_truth({
        {"drop-4",
         answers_all,
         works,
         "fabric: {ip: 4}\n" CUT_WORK("kind: drop"),
         "recovered",
         {},
         {},
         measured},
        {"drop-6",
         answers_all,
         works,
         "fabric: {ip: 6}\n" CUT_WORK("kind: drop"),
         "recovered",
         {},
         {},
         measured},
        {"bridge-4",
         answers_all,
         works,
         "fabric: {kind: bridge, ip: 4}\n" CUT_WORK("kind: drop"),
         "recovered",
         {},
         {},
         measured},
        {"bridge-6",
         answers_all,
         works,
         "fabric: {kind: bridge, ip: 6}\n" CUT_WORK("kind: drop"),
         "recovered",
         {},
         {},
         measured},
        {"up", answers_all, works, CUT_WORK("kind: drop, direction: up"), "recovered", {}, {}, measured},
        {"down", answers_all, works, CUT_WORK("kind: drop, direction: down"), "recovered", {}, {}, measured},
        {"link-down", answers_all, works, CUT_WORK("kind: down"), "recovered", {}, {}, measured},
        {"unplug", answers_all, works, CUT_WORK("kind: unplug"), "recovered", {}, {}, measured},
        {"bridge-unplug",
         answers_all,
         works,
         "fabric: {kind: bridge}\n" CUT_WORK("kind: unplug"),
         "recovered",
         {},
         {},
         measured},
        {"partition",
         answers_all,
         works,
         "end: collaborators\nfaults: [{kind: partition, groups: [[aggregator], [collaborator1]], on: {log: "
         "work 2, node: collaborator1}, "
         "for: 700ms}]\n",
         "recovered",
         {},
         {},
         Federation::Recovery::any},
        {"a-slow-answer",
         "def slow(c):\n  while True: receive(c); time.sleep(0.3); c.sendall(b'a' * 500)\n"
         "serve(9000, answer=slow); listening(60)",
         works,
         CUT_WORK("kind: drop"),
         "recovered",
         {},
         {},
         measured},
    });
}

TEST(Truth, ConnectionThatIsReplacedGoesOnWithTheNewOne) {
    NETCUT_E2E();
    constexpr const char* replaces = "work(9000, 6, timeout=0.25, again=True)";
    expect_truth({
        {"replaced",
         answers_all,
         replaces,
         CUT_WORK("kind: drop"),
         "recovered",
         {"work went on"},
         {},
         measured},
        {"replaced-6",
         answers_all,
         replaces,
         "fabric: {ip: 6}\n" CUT_WORK("kind: drop"),
         "recovered",
         {},
         {},
         measured},
        {"replaced-bridge",
         answers_all,
         replaces,
         "fabric: {kind: bridge}\n" CUT_WORK("kind: unplug"),
         "recovered",
         {},
         {},
         measured},
        {"reset", answers_all, replaces, CUT_WORK("kind: reset"), "recovered", {}, {}, measured},
        {"refused", answers_all, replaces, CUT_WORK("kind: reject"), "recovered", {}, {}, measured},
        {"a-connection-a-request",
         answers_all,
         "for n in range(6):\n  say('work %d' % n)\n  c = connect(9000); exchange(c); truth('answered'); "
         "c.close()\n"
         "  time.sleep(0.1)",
         CUT_WORK("kind: drop"),
         "recovered",
         {},
         {},
         measured},
        {"new-address",
         answers_all,
         replaces,
         CUT_WORK("kind: unplug, address: new"),
         "recovered",
         {"came back under another address"},
         {},
         measured},
        {"restarted",
         answers_all,
         works,
         "end: collaborators\nfaults: [{kind: restart, on: {log: work 2}, for: 300ms}]\n",
         "recovered",
         {},
         {},
         measured},
    });
}

// The other fault, which lasts, is why connections are watched from their beginning: more than there is room for.
TEST(Truth, ServerThatSpeaksFirstAndMuch) {
    NETCUT_E2E();
    constexpr const char* serves =
        "def model(c):\n  while True: c.sendall(b'm' * 2000000); receive(c, 2000000)\n"
        "serve(9000, answer=model); listening(60)";
    constexpr const char* trains =
        "c = connect(9000)\nfor n in range(5):\n  receive(c, 2000000); truth('answered'); time.sleep(0.3)\n"
        "  say('work %d' % n); c.sendall(b'u' * 2000000)\n";
    expect_truth({
        {"speaks-first",
         serves,
         trains,
         "collaborators: 2\nend: collaborators\nfaults:\n"
         "  - {name: lossy, kind: loss, model: iid 1%, seed: 3, for: never, nodes: [collaborator1], on: "
         "start}\n"
         "  - {kind: drop, nodes: [collaborator2], on: {log: work 2, node: collaborator2}, for: 600ms}\n",
         "recovered",
         {},
         {"left"}},
        {"speaks-first-6",
         serves,
         trains,
         "collaborators: 2\nfabric: {kind: bridge, ip: 6}\nend: collaborators\nfaults:\n"
         "  - {name: lossy, kind: loss, model: iid 1%, seed: 3, for: never, nodes: [collaborator1], on: "
         "start}\n"
         "  - {kind: drop, nodes: [collaborator2], on: {log: work 2, node: collaborator2}, for: 600ms}\n",
         "recovered",
         {},
         {"left"}},
    });
}

TEST(Truth, FaultThatNeverHealsStopsNoNodeThatGetsThrough) {
    NETCUT_E2E();
    constexpr const char* loses =
        "hang_after: 5s\nfaults: [{kind: loss, model: iid 5%, on: {log: work 1}, for: never}]\n";
    expect_truth({
        {"loss-and-finishes",
         "serve(9000); listening(4)",
         "work(9000, 20, pause=0.02)",
         loses,
         "recovered",
         {"a fault was active to the end"},
         {"left"}},
        {"loss-and-end-line", "serve(9000); listening(3); print('all done'); time.sleep(60)",
         "work(9000, 9999, pause=0.02)",
         "end: all done\nhang_after: 5s\nfaults: [{kind: loss, model: iid 5%, on: {log: work 1}, for: "
         "never}]\n",
         "recovered"},
        {"loss-and-end-with-collaborators", answers_all, "work(9000, 20, pause=0.02)",
         "end: collaborators\nhang_after: 5s\n"
         "faults: [{kind: loss, model: iid 5%, on: {log: work 1}, for: never}]\n",
         "recovered"},
        {"other-port-is-cut-off",
         "serve(9000, 9001); listening(60)",
         "c = connect(9001); exchange(c); c.settimeout(0.2); work(9000, 3); say('cut me')\n"
         "try: exchange(c)\nexcept OSError: pass\nwork(9000, 3)",
         "end: collaborators\nfaults: [{kind: drop, port: 9001, on: {log: cut me}, for: never}]\n",
         "recovered",
         {"a fault was active to the end"},
         {"left"}},
    });
}

}  // namespace
}  // namespace netcut::test::NETCUT_FILE
