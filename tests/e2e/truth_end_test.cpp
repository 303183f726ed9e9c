// SPDX-License-Identifier: Apache-2.0
//
// Who left, who is stuck, and who took part when the run ended by its `end:`.
#include "e2e/truth.h"

namespace netcut::test::NETCUT_FILE {
namespace {

constexpr const char* cut_at_work_2 =
    "end: collaborators\nfaults: [{kind: drop, on: {log: work 2}, for: 300ms}]\n";

TEST(Truth, NodeThatLeftIsNamed) {
    NETCUT_E2E();
    expect_truth({
        {"left-before-the-heal",
         "s = listen(9000); print('listening'); c = s.accept()[0]; c.recv(2); time.sleep(0.2)\n"
         "c.sendall(b't' * 100); time.sleep(2)",
         "c = connect(9000); c.sendall(b'go'); say('cut me'); time.sleep(0.4); c.sendall(b'u' * 3000)\n"
         "time.sleep(0.4); os._exit(0)",
         "faults: [{kind: drop, on: {log: cut me}, for: 1500ms}]\n",
         "left",
         {"collaborator1 left with exit 0 after cut, before it healed"},
         {"work went on"}},
        {"left-for-good",
         answers_all,
         "work(9000, 2); c = connect(9000); say('cut me'); time.sleep(0.4); c.sendall(b'u' * 3000)\n"
         "time.sleep(0.3)",
         "end: collaborators\nfaults: [{kind: unplug, on: {log: cut me}, for: never}]\n",
         "left",
         {"collaborator1 left with exit 0 after cut, which did not heal"}},
        {"left-and-the-others-hang",
         answers_all,
         "work(9000, 2); c = connect(9000); say('cut me'); time.sleep(0.4); c.sendall(b'u' * 3000)\n"
         "time.sleep(0.2); os._exit(0)",
         "faults: [{kind: drop, on: {log: cut me}, for: 1200ms}]\n",
         "hung",
         {"aggregator did not end", "collaborator1 left with exit 0"}},
        {"stayed", answers_all, "work(9000, 6)", cut_at_work_2, "recovered", {}, {"left"}},
        {"not-noticed-is-not-left",
         answers_all,
         "work(9000, 3); say('cut me'); time.sleep(0.2)",
         "end: collaborators\nfaults: [{kind: drop, port: 9999, on: {log: cut me}, for: 1s}]\n",
         "recovered",
         {"no packet met a fault"},
         {"left"}},
    });
}

TEST(Truth, EndLineEndsTheRunAndThenEachNodeIsJudged) {
    NETCUT_E2E();
    constexpr const char* gives_tasks =
        "s = listen(9000); print('listening'); cs = [s.accept()[0] for _ in range(2)]\n"
        "for r in range(1, 4):\n"
        "  print('round', r)\n"
        "  for c in cs: c.sendall(b'task' * 125)\n"
        "  time.sleep(0.6)\n"
        "print('all done'); time.sleep(60)";
    constexpr const char* does_tasks =
        "c = connect(9000)\n"
        "while receive(c): say('task'); time.sleep(0.1); c.sendall(b'r' * 2000)";
    expect_truth({
        {"cut-off-to-the-end",
         gives_tasks,
         does_tasks,
         "collaborators: 2\nend: all done\nhang_after: 20s\nfaults: [{kind: drop, on: {log: task}, for: "
         "never}]\n",
         "hung",
         {"the end line came", "collaborator2 was cut off by cut to the end"}},
        {"took-part-again",
         gives_tasks,
         does_tasks,
         "collaborators: 2\nend: all done\nhang_after: 20s\nfaults: [{kind: drop, on: {log: task}, for: "
         "250ms}]\n",
         "recovered",
         {"its end line came"}},
        {"waits-after-the-heal",
         "serve(9000); listening(3.5); print('all done'); time.sleep(60)",
         "work(9000, 2); c = connect(9000); say('cut me'); time.sleep(0.4)\n"
         "c.setsockopt(6, 18, 250); c.sendall(b'u' * 3000); time.sleep(60)",
         "end: all done\nhang_after: 20s\nfaults: [{kind: drop, on: {log: cut me}, for: 1200ms}]\n",
         "hung",
         {"collaborator1 waits since cut healed"}},
        {"half-open",
         // The server gives its answer up, and its end is gone.
         "def late(c):\n"
         "  receive(c); time.sleep(0.6)\n"
         "  c.setsockopt(6, 18, 200); c.sendall(b'a' * 500); time.sleep(0.5); c.close()\n"
         "serve(9000, answer=late); listening(3.5); print('all done'); time.sleep(60)",
         "c = connect(9000); c.sendall(b'q' * 500); time.sleep(0.1); say('cut me'); receive(c)",
         "end: all done\nhang_after: 20s\nfaults: [{kind: drop, on: {log: cut me}, for: 1400ms}]\n",
         "hung",
         {"collaborator1 waits since", "is half open"}},
        {"all-collaborators-ended",
         answers_all,
         "work(9000, 6)",
         "collaborators: 2\nend: collaborators\nexpect: {finished: true}\n"
         "faults: [{kind: drop, on: {log: work 2}, for: 300ms}]\n",
         "recovered",
         {"all collaborators finished"}},
        {"one-of-them-crashed",
         answers_all,
         "work(9000, 6, timeout=0.2)",
         "collaborators: 2\nend: collaborators\nfaults: [{kind: drop, on: {log: work 2}, for: 600ms}]\n",
         "crashed",
         {"collaborator2 ended with exit code 1"}},
        {"one-of-them-left",
         answers_all,
         "try: work(9000, 6, timeout=0.2)\nexcept OSError: pass",
         "collaborators: 2\nend: collaborators\nfaults: [{kind: drop, on: {log: work 2}, for: 900ms}]\n",
         "left",
         {"all collaborators ended; collaborator2 left with exit 0"}},
    });
}

}  // namespace
}  // namespace netcut::test::NETCUT_FILE
