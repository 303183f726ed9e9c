// SPDX-License-Identifier: Apache-2.0
//
// The reference federation, gRPC with mutual TLS, whose collaborators reach the aggregator by a proxy alone.
#include <fmt/format.h>

#include "base/json.h"
#include "e2e/tool.h"
#include "fault/needs.h"
#include "fault/probe.h"
#include "kernel/netns.h"

namespace netcut::test::NETCUT_FILE {
namespace {

constexpr const char* behind_a_proxy = "a: {nodes: collaborators, proxy: connect}";

bool can_be_made() {
    const auto apart = NetNs::create();
    return apart && probe(Need::route_by_mark, *apart) && probe(Need::reject, *apart);
}

// How it ended, and that its record agrees with itself.
void expect_recovery(const Arguments& cut, const std::function<void()>& setup = {}) {
    const Folder folder;
    const std::string before = host_state();
    const std::string run = folder / "run";
    Arguments arguments = {"--pcap", "--site", behind_a_proxy};
    arguments.insert(arguments.end(), cut.begin(), cut.end());
    Tool tool(small_reference(run, arguments), setup);
    const Finished finished = tool.wait();
    ASSERT_EQ(finished.status, 0) << finished.out << finished.err;
    EXPECT_EQ(read_verdict(run).at("verdict"), "recovered");
    EXPECT_EQ(read_verdict(run).at("noticed"), true);
    const Finished verified = run_tool({"verify", run});
    EXPECT_EQ(verified.status, 0) << verified.out << verified.err;
    EXPECT_TRUE(tool.leaves_no_process());
    EXPECT_EQ(host_state(), before);
    for (const Json& event : read_journal(run)) {
        if (event.at("event") != "site.summed") continue;
        EXPECT_GT(event.at("details").at("proxy").at("tunnels"), 0);
        EXPECT_EQ(event.at("details").at("proxy").at("unread"), 0);
        EXPECT_EQ(event.at("details").at("unknown_up"), 0) << "nobody went round it";
    }
}

TEST(Proxy, TheReferenceIsCutWhileItTrainsAndRecovers) {
    NETCUT_E2E_WITH_REFERENCE();
    if (!can_be_made()) GTEST_SKIP() << "this kernel lacks what a proxied site needs, see netcut-fl doctor";
    expect_recovery({"--cut-on", "round 2: training", "--reconnect-after", "1s"});
}

TEST(Proxy, TheReferenceIsCutWhileItSendsAndRecovers) {
    NETCUT_E2E_WITH_REFERENCE();
    if (!can_be_made()) GTEST_SKIP() << "this kernel lacks what a proxied site needs, see netcut-fl doctor";
    expect_recovery({"--cut-when", "sending", "--after", "16KiB", "--round", "2", "--reconnect-after", "1s"});
}

TEST(Proxy, TheReferenceIsCutWhileItWaitsAndRecovers) {
    NETCUT_E2E_WITH_REFERENCE();
    if (!can_be_made()) GTEST_SKIP() << "this kernel lacks what a proxied site needs, see netcut-fl doctor";
    expect_recovery({"--cut-when", "waiting", "--reconnect-after", "1s", "--set",
                     fmt::format("aggregator-args=--server-delay {}ms", 500 * time_scale())});
}

TEST(Proxy, WithoutRootToo) {
    NETCUT_E2E_WITH_REFERENCE();
    if (!can_be_made()) GTEST_SKIP() << "this kernel lacks what a proxied site needs, see netcut-fl doctor";
    expect_recovery({"--cut-on", "round 2: training", "--reconnect-after", "1s"}, become_ordinary_user);
}

TEST(Proxy, WhoIgnoresItIsToldInItsLog) {
    NETCUT_E2E();
    const Folder folder;
    const std::string run = folder / "run";
    Tool tool({"run", "--out", run, "--cols", "1", "--site", behind_a_proxy, "--aggregator", "sleep 3",
               "--collaborator",
               "python3 -c 'import socket; socket.create_connection((\"aggregator\", 9000))'"});
    tool.wait();
    EXPECT_TRUE(contains(slurp(run + "/logs/collaborator1.err"), "Connection refused"));
}

}  // namespace
}  // namespace netcut::test::NETCUT_FILE
