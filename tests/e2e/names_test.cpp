// SPDX-License-Identifier: Apache-2.0
//
// What a node's resolver says of the others' names.
#include <gmock/gmock.h>

#include <fstream>

#include "e2e/tool.h"

namespace netcut::test::NETCUT_FILE {
namespace {

using testing::HasSubstr;

// Which families a name leads to, whenever that changes; and whether somebody answers there.
constexpr const char* resolver = R"(
import socket, time
before = None
for _ in range(60):
    try:
        found = sorted({info[4][0] for info in socket.getaddrinfo("aggregator", 7000, type=socket.SOCK_STREAM)})
    except socket.gaierror as error: found = "nothing"
    if found != before: print("aggregator is", found, flush=True)
    before = found
    socket.getaddrinfo("collaborator1", 7000)
    time.sleep(0.02)
)";

std::string log_under(const Folder& folder, const std::string& fault, int status = 0) {
    std::ofstream(folder / "resolver.py") << resolver;
    const Finished finished =
        run_tool({"run", "--cols", "1", "--aggregator", "sleep 1", "--collaborator",
                  "python3 " + (folder / "resolver.py"), "--fault", fault, "--out", folder / "run"});
    EXPECT_EQ(finished.status, status) << finished.out << finished.err;
    return slurp(folder / "run/logs/collaborator1.out");
}

TEST(Names, StopResolvingAndResolveAgain) {
    NETCUT_E2E();
    const Folder folder;
    EXPECT_EQ(log_under(folder, "{kind: names, on: {log: aggregator is}, for: 300ms}"),
              "aggregator is ['10.99.0.2', 'fd63::2']\naggregator is nothing\n"
              "aggregator is ['10.99.0.2', 'fd63::2']\n");
    EXPECT_EQ(read_verdict(folder / "run").at("noticed"), true);
    EXPECT_EQ(run_tool({"verify", folder / "run"}).status, 0);
}

TEST(Names, LeadToNobody) {
    NETCUT_E2E();
    const Folder folder;
    EXPECT_THAT(
        log_under(folder, "{kind: names, answer: old, on: {log: aggregator is}, for: 300ms}"),
        HasSubstr("aggregator is ['10.99.255.253', 'fd63::fffd']\naggregator is ['10.99.0.2', 'fd63::2']"));
}

TEST(Names, OfNobodyAreRefused) {
    NETCUT_E2E();
    const Folder folder;
    log_under(folder, "{kind: names, names: [server], on: start}", 2);
}

}  // namespace
}  // namespace netcut::test::NETCUT_FILE
