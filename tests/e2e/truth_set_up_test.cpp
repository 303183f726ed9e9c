// SPDX-License-Identifier: Apache-2.0
//
// That a connection is set up is no work: TLS and HTTP/2 say much before anybody asks for anything.
#include <fstream>
#include <sstream>

#include "e2e/truth.h"

namespace netcut::test {
namespace {

#define CUT_AND_SEE(more) \
    "pcap: true\npcap_snap: 2048\nend: collaborators\nfaults: [{" more ", on: {log: work 2}, for: 700ms}]\n"

constexpr const char* over_tls_12 = "serve(9000, answer=accept_tls(ssl.TLSVersion.TLSv1_2)); listening(60)";
constexpr const char* over_tls_13 = "serve(9000, answer=accept_tls(ssl.TLSVersion.TLSv1_3)); listening(60)";
constexpr const char* over_http2 = "serve(9000, answer=answer_http2); listening(60)";
constexpr const char* over_http2_tls_12 =
    "serve(9000, answer=accept_tls(ssl.TLSVersion.TLSv1_2, answer_http2)); listening(60)";
constexpr const char* over_http2_tls_13 =
    "serve(9000, answer=accept_tls(ssl.TLSVersion.TLSv1_3, answer_http2)); listening(60)";
constexpr const char* works_over_tls = "work_after_set_up(9000, 5, tls_client())";
constexpr const char* works_over_http2 = "work_after_set_up(9000, 5, greet_http2, exchange=call_http2)";
constexpr const char* works_over_http2_tls =
    "work_after_set_up(9000, 5, tls_client('h2'), greet_http2, exchange=call_http2)";

TEST(Truth, SetUpOfANewConnectionIsNoWork) {
    NETCUT_E2E();
    expect_truth({
        {"tls-12", over_tls_12, works_over_tls, CUT_AND_SEE("kind: drop"), "recovered", {}, {}, measured},
        {"tls-13", over_tls_13, works_over_tls, CUT_AND_SEE("kind: drop"), "recovered", {}, {}, measured},
        {"tls-13-at-once",
         over_tls_13,
         "work_after_set_up(9000, 5, tls_client(), wait=0)",
         CUT_AND_SEE("kind: drop"),
         "recovered",
         {},
         {},
         measured},
        {"http2", over_http2, works_over_http2, CUT_AND_SEE("kind: drop"), "recovered", {}, {}, measured},
        {"http2-tls-12",
         over_http2_tls_12,
         works_over_http2_tls,
         CUT_AND_SEE("kind: drop"),
         "recovered",
         {},
         {},
         measured},
        {"http2-tls-13",
         over_http2_tls_13,
         works_over_http2_tls,
         CUT_AND_SEE("kind: drop"),
         "recovered",
         {},
         {},
         measured},
        {"http2-tls-13-on-a-bridge",
         over_http2_tls_13,
         works_over_http2_tls,
         "fabric: {kind: bridge}\n" CUT_AND_SEE("kind: unplug"),
         "recovered",
         {},
         {},
         measured},
        // Each attempt fails at once, so that no connection is stopped.
        {"without-a-link",
         over_http2_tls_13,
         "work_after_set_up(9000, 5, tls_client('h2'), greet_http2, exchange=call_http2, keep=False, "
         "timeout=2)",
         "pcap: true\npcap_snap: 2048\nend: collaborators\n"
         "faults: [{kind: unplug, on: {log: answered, nth: 2}, for: 700ms}]\n",
         "recovered",
         {"work went on"},
         {},
         measured},
        {"connects-in-the-cut",
         over_http2_tls_13,
         "say('work 2'); time.sleep(0.1)\n"
         "work_after_set_up(9000, 2, tls_client('h2'), greet_http2, exchange=call_http2, timeout=9)",
         CUT_AND_SEE("kind: drop"),
         "recovered",
         {},
         {},
         measured},
    });
}

TEST(Truth, WhoOnlyConnectsAnewIsNotPartOfTheWork) {
    NETCUT_E2E();
    constexpr const char* connects_and_waits =
        "c = work_after_set_up(9000, 2, tls_client('h2'), greet_http2, exchange=call_http2); say('work 2')\n"
        "time.sleep(0.15)\ntry: call_http2(c)\nexcept OSError: pass\n"
        "c.close(); time.sleep(0.9); c = greet_http2(tls_client('h2')(connect(9000)))\n";
    const std::string waits = std::string(connects_and_waits) + "time.sleep(60)";
    const std::string leaves = std::string(connects_and_waits) + "time.sleep(0.3)";
    expect_truth({
        {"waits",
         over_http2_tls_13,
         waits.c_str(),
         "hang_after: 1s\nfaults: [{kind: drop, on: {log: work 2}, for: 700ms}]\n",
         "hung",
         {},
         {},
         none},
        {"leaves",
         over_http2_tls_13,
         leaves.c_str(),
         "end: collaborators\nfaults: [{kind: drop, on: {log: work 2}, for: 700ms}]\n",
         "left",
         {"left with exit 0 after cut, which had healed, with its work not done"},
         {},
         none},
    });
}

}  // namespace
}  // namespace netcut::test
