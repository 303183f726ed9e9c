// SPDX-License-Identifier: Apache-2.0
//
// A machine that loses its power says nothing, and knows of nothing when it is back.
#include <gmock/gmock.h>

#include <fstream>

#include "e2e/tool.h"

namespace netcut::test::NETCUT_FILE {
namespace {

using testing::HasSubstr;
using testing::Not;

// It takes two connections, and then looks at the first: does it hear of its end, and what does it get when
// it sends?
constexpr const char* server = R"(
import socket, sys, threading
server = socket.create_server(("", 7000), family=socket.AF_INET6 if sys.argv[1] == "6" else socket.AF_INET)
print("ready", flush=True)
first, _ = server.accept()
print("first said", first.recv(5).decode(), flush=True)
def watch():
    try: print("first ended:", first.recv(5), flush=True)
    except OSError as error: print("first failed:", error.errno, flush=True)
threading.Thread(target=watch, daemon=True).start()
second, _ = server.accept()
print("second said", second.recv(5).decode(), flush=True)
import time; time.sleep(1)
print("waited", flush=True)
first.send(b"x"); time.sleep(0.7)
)";
constexpr const char* client = R"(
import socket, sys, time
connection = socket.create_connection(("aggregator", 7000))
connection.send(b"hello"); print("connected", flush=True)
time.sleep(float(sys.argv[1]))
)";

Finished run_machines(const Folder& folder, const std::string& kind, const std::string& fabric,
                      const std::string& ip) {
    std::ofstream(folder / "server.py") << server;
    std::ofstream(folder / "client.py") << client;
    return run_tool({"run", "--cols", "1", "--aggregator", "python3 " + (folder / "server.py") + " " + ip,
                     "--collaborator", "python3 " + (folder / "client.py") + " 1", "--ready-on", "ready",
                     "--ip", ip, "--fabric", fabric, "--hang-after", slowed(20s), "--fault",
                     "{kind: " + kind + ", on: {log: connected}, for: 400ms}", "--out", folder / "run"});
}

class PowerOffTest : public testing::TestWithParam<std::tuple<const char*, const char*>> {};
INSTANTIATE_TEST_SUITE_P(Fabrics, PowerOffTest,
                         testing::Combine(testing::Values("routed", "bridge"), testing::Values("4", "6")),
                         [](const auto& info) {
                             return std::string(std::get<0>(info.param)) + std::get<1>(info.param);
                         });

TEST_P(PowerOffTest, EndsNoConnectionAndTheNewKernelKnowsOfNone) {
    NETCUT_E2E();
    const Folder folder;
    const auto [fabric, ip] = GetParam();
    const Finished finished = run_machines(folder, "power-off", fabric, ip);
    EXPECT_EQ(finished.status, 0) << finished.out << finished.err;
    const std::string log = slurp(folder / "run/logs/aggregator.out");
    EXPECT_THAT(log, HasSubstr("second said hello")) << "it is back under its address";
    EXPECT_THAT(log.substr(0, log.find("waited")), Not(testing::ContainsRegex("first (ended|failed)")))
        << "neither a FIN nor an RST, before or after the heal";
    EXPECT_THAT(log, HasSubstr("waited\nfirst failed: 104")) << "ECONNRESET: nobody knows of it any more";
    EXPECT_EQ(read_verdict(folder / "run").at("nodes")[1].at("starts"), 2);
    EXPECT_EQ(run_tool({"verify", folder / "run"}).status, 0);
}

TEST(PowerOff, IsNotWhatARestartIs) {
    NETCUT_E2E();
    const Folder folder;
    const Finished finished = run_machines(folder, "restart", "routed", "4");
    EXPECT_THAT(slurp(folder / "run/logs/aggregator.out"), HasSubstr("first ended: b''\nsecond said"))
        << finished.out << finished.err;
}

TEST(PowerOff, ForEverLeavesNothingThatAnswers) {
    NETCUT_E2E();
    const Folder folder;
    const Finished finished = run_tool(
        {"run", "--cols", "1", "--aggregator", "sleep 1", "--collaborator", "sh -c 'echo up; sleep 30'",
         "--fault", "{kind: power-off, on: {log: up}, for: never}", "--out", folder / "run"});
    EXPECT_EQ(finished.status, 0) << finished.out << finished.err;
    EXPECT_EQ(read_verdict(folder / "run").at("nodes")[1].at("ended"), "killed by the fault");
}

}  // namespace
}  // namespace netcut::test::NETCUT_FILE
