// SPDX-License-Identifier: Apache-2.0
//
// A NAT that gives a flow another port: a server that knows its clients by an identifier, as QUIC does, follows it, and
// one that knows them by address and port does not.
#include "e2e/truth.h"

namespace netcut::test::NETCUT_FILE {
namespace {

constexpr const char* by_id = "serve_sessions(9000, by_id=True); listening(60)";
constexpr const char* by_address = "serve_sessions(9000, by_id=False); listening(60)";
constexpr const char* works = "session(9000, 12)";

TEST(Truth, AServerThatKnowsIdentifiersFollowsARebinding) {
    NETCUT_E2E();
    expect_truth({
        {"follows-4",
         by_id,
         works,
         "fabric: {ip: 4}\nend: collaborators\nfaults: [{kind: rebind, on: {log: work 2}, for: 450ms}]\n",
         "recovered",
         {"work went on"},
         {"nobody noticed"},
         measured},
        {"follows-6",
         by_id,
         works,
         "fabric: {ip: 6}\nend: collaborators\nfaults: [{kind: rebind, on: {log: work 2}, for: 450ms}]\n",
         "recovered",
         {"work went on"},
         {},
         measured},
        {"follows-on-a-bridge",
         by_id,
         works,
         "fabric: {kind: bridge}\nend: collaborators\nfaults: [{kind: rebind, on: {log: work 2}, for: "
         "450ms}]\n",
         "recovered",
         {"work went on"},
         {},
         measured},
        {"follows-a-lasting-one",
         by_id,
         works,
         "end: collaborators\npcap: true\nfaults: [{kind: rebind, on: {log: work 2}, for: never}]\n",
         "recovered",
         {"a fault was active to the end"},
         {"nobody noticed"}},
        {"a-cut-meets-it-too",
         by_id,
         works,
         "end: collaborators\nfaults:\n  - {name: nat, kind: rebind, on: {log: work 1}, for: never}\n"
         "  - {name: cut, kind: drop, on: {log: work 3}, for: 450ms}\n",
         "recovered",
         {"work went on", "a fault was active to the end"}},
        {"nothing-to-rebind",
         answers_all,
         "work(9000, 6)",
         "end: collaborators\nfaults: [{kind: rebind, on: {log: work 2}, for: 300ms}]\n",
         "recovered",
         {"nobody noticed"},
         {},
         none},
    });
}

TEST(Truth, AServerThatKnowsAddressesTakesARebindingForAStranger) {
    NETCUT_E2E();
    expect_truth({
        {"hangs",
         by_address,
         works,
         "hang_after: 1s\nfaults: [{kind: rebind, on: {log: work 2}, for: never}]\n",
         "hung",
         {"aggregator, collaborator1 did not end"},
         {},
         none},
        {"is-cut-off-to-the-end",
         "serve_sessions(9000, by_id=False); listening(2); print('all done'); time.sleep(60)",
         works,
         "end: all done\nhang_after: 20s\npcap: true\nfaults: [{name: nat, kind: rebind, on: {log: work 2}, "
         "for: "
         "never}]\n",
         "hung",
         {"collaborator1 was cut off by nat to the end"},
         {},
         none},
        {"goes-on-with-its-old-port",
         by_address,
         works,
         "end: collaborators\nfaults: [{kind: rebind, on: {log: work 2}, for: 450ms}]\n",
         "recovered",
         {"work went on"},
         {},
         measured},
        {"is-forgotten-meanwhile",
         "serve_sessions(9000, by_id=False, forget_after=0.3); listening(3); print('all done'); "
         "time.sleep(60)",
         works,
         "end: all done\nhang_after: 20s\nfaults: [{kind: rebind, on: {log: work 2}, for: 600ms}]\n",
         "hung",
         {"collaborator1 waits since cut healed: its flow of UDP to aggregator", "is stuck"},
         {},
         none},
        {"is-told-at-its-old-port",
         "tell_sessions(9000); listening(60)",
         "hear_session(9000, 12)",
         "hang_after: 1s\nfaults: [{kind: rebind, on: {log: work 2}, for: never}]\n",
         "hung",
         {"aggregator, collaborator1 did not end"},
         {},
         none},
    });
}

}  // namespace
}  // namespace netcut::test::NETCUT_FILE
