// SPDX-License-Identifier: Apache-2.0
//
// Nodes that come back under another address: what was connected is dead, though no packet meets a fault.
#include "e2e/truth.h"

namespace netcut::test::NETCUT_FILE {
namespace {

TEST(Truth, ConnectionFromAnAddressThatIsGoneIsNamed) {
    NETCUT_E2E();
    // It is idle while the address changes, and speaks much later.
    constexpr const char* listens =
        "s = listen(9000); print('listening'); c = s.accept()[0]; c.settimeout(1.5)\n"
        "try:\n  while c.recv(9999): truth('got')\nexcept OSError as e: print('went on without it:', e)";
    constexpr const char* loses_it =
        "c = connect(9000); c.sendall(b'one'); time.sleep(0.2); say('training'); "
        "time.sleep(0.8)\n"
        "c.settimeout(1)\n"
        "try: c.sendall(b'two'); c.recv(1)\nexcept OSError as e: print('connection lost:', e)";
    constexpr const char* waits_for_ever = "c = connect(9000); exchange(c); say('training'); receive(c)";
    expect_truth({
        {"renumbered-4",
         listens,
         loses_it,
         "fabric: {ip: 4}\nfaults: [{kind: renumber, on: {log: training}, for: 200ms}]\n",
         "left",
         {"collaborator1 left with exit 0 after cut"},
         {"nobody noticed"},
         none},
        {"renumbered-6",
         listens,
         loses_it,
         "fabric: {ip: 6}\nfaults: [{kind: renumber, on: {log: training}, for: 200ms}]\n",
         "left",
         {"collaborator1 left with exit 0 after cut"},
         {"nobody noticed"},
         none},
        {"renumbered-on-a-bridge",
         listens,
         loses_it,
         "fabric: {kind: bridge}\nfaults: [{kind: renumber, mac: new, on: {log: training}, for: 200ms}]\n",
         "left",
         {"collaborator1 left with exit 0 after cut"},
         {"nobody noticed"},
         none},
        {"unplugged-with-a-new-address",
         listens,
         loses_it,
         "faults: [{kind: unplug, address: new, on: {log: training}, for: 200ms}]\n",
         "left",
         {"collaborator1 left with exit 0 after cut"},
         {"nobody noticed"},
         none},
        {"hangs-on-it-4",
         answers_all,
         waits_for_ever,
         "fabric: {ip: 4}\nhang_after: 1s\nfaults: [{kind: renumber, on: {log: training}, for: 200ms}]\n",
         "hung",
         {"collaborator1 holds a connection to aggregator from 10.",
          "an address that it no longer has (half open)"},
         {},
         none},
        {"hangs-on-it-6",
         answers_all,
         waits_for_ever,
         "fabric: {ip: 6}\nhang_after: 1s\nfaults: [{kind: renumber, on: {log: training}, for: 200ms}]\n",
         "hung",
         {"holds a connection"},
         {},
         none},
        {"connects-anew",
         answers_all,
         "work(9000, 8, timeout=0.3, again=True)",
         "end: collaborators\nfaults: [{kind: renumber, on: {log: work 2}, for: 200ms}]\n",
         "recovered",
         {"came back under another address"},
         {},
         measured},
        {"connects-anew-on-a-bridge-with-a-new-mac",
         answers_all,
         "work(9000, 8, timeout=0.3, again=True)",
         "fabric: {kind: bridge}\nend: collaborators\n"
         "faults: [{kind: renumber, mac: new, on: {log: work 2}, for: 200ms}]\n",
         "recovered",
         {"came back under another address"},
         {},
         measured},
    });
}

TEST(Truth, NeighboursThatNobodyFindsAreNamed) {
    NETCUT_E2E();
    // Nobody comes.
    constexpr const char* serves =
        "serve(9000); met.set(); listening(5.5); print('all done', flush=True); time.sleep(60)";
    // It has looked the address up before it changed.
    constexpr const char* connects =
        "family, _, _, _, at = socket.getaddrinfo('aggregator', 9000)[0]; say('looked up'); time.sleep(0.5)\n"
        "s = socket.socket(family)\n"
        "try: s.connect(at)\nexcept OSError as e: truth(e)\ntime.sleep(60)";
#define RENUMBERED(ip)                                                                                \
    "fabric: {kind: bridge, ip: " ip                                                                  \
    "}\nend: all done\nhang_after: 20s\n"                                                             \
    "faults: [{kind: renumber, nodes: [aggregator], on: {log: looked up, node: collaborator1}, for: " \
    "200ms}]\n"
    expect_truth({
        {"neighbour-4",
         serves,
         connects,
         RENUMBERED("4"),
         "hung",
         {"aggregator waits since cut healed", "collaborator1 finds no link address for 10."},
         {"nobody noticed"}},
        {"neighbour-6",
         serves,
         connects,
         RENUMBERED("6"),
         "hung",
         {"aggregator waits since cut healed", "collaborator1 finds no link address for fd"},
         {"nobody noticed"}},
    });
}

}  // namespace
}  // namespace netcut::test::NETCUT_FILE
