// SPDX-License-Identifier: Apache-2.0
//
// What a study measures of TCP is what is known of it: with Reno, throughput falls as one over the square root of the loss
// (M. Mathis et al., "The macroscopic behavior of the TCP congestion avoidance algorithm", CCR 27, 1997).
#include <fmt/format.h>
#include <gmock/gmock.h>

#include <fstream>

#include "e2e/crowd.h"
#include "e2e/tool.h"
#include "statistics/fit.h"

namespace netcut::test::NETCUT_FILE {
namespace {

// The receiver says how fast bytes came once slow start is over; for so long that at the smallest loss, too, many are lost.
constexpr const char* study = R"(name: mathis
scenario:
  collaborators: 1
  ready: listening
  end: throughput
  aggregator:
    command:
      - python3
      - -uc
      - |
        import socket, time
        server = socket.create_server(('0.0.0.0', 9000))
        print('listening')
        peer = server.accept()[0]
        begun, got = time.monotonic(), 0
        while time.monotonic() < begun + 2: peer.recv(1 << 20)
        begun = time.monotonic()
        while time.monotonic() < begun + 7: got += len(peer.recv(1 << 20))
        print('throughput', 8 * got / (time.monotonic() - begun))
        time.sleep(60)
  collaborator:
    command:
      - python3
      - -uc
      - |
        import socket
        peer = socket.create_connection(('aggregator', 9000))
        while True: peer.sendall(bytes(1 << 16))
  fabric: {ip: 4, single_segments: true}
  tcp: {congestion: reno, sack: true}
  faults:
    - {name: far, kind: delay, delay: 10ms, on: start, for: never}
    - {name: lossy, kind: loss, only: data, direction: up, on: start, for: never}
factors: [{name: loss, key: faults.lossy.model, as: "iid {loss}%", values: [0.25, 1, 4]}]
measures: [{name: throughput, node: aggregator, pattern: 're:throughput ([0-9.]+)'}]
repeat: 4
machine: {crowded_above: 80%}
)";

TEST(StudyOfReno, ThroughputFallsAsOneOverTheSquareRootOfLoss) {
    NETCUT_E2E();
    const Folder folder;
    std::ofstream(folder / "study.yaml") << study;
    const Crowd crowd;
    const Lateness lateness;  // of the thread that holds the packets, too
    const Finished made = run_tool({"study", folder / "study.yaml", "--out", folder / "out", "--jobs", "3"});
    ASSERT_EQ(made.status, 0) << made.out << made.err;
    NETCUT_SKIP_IN_A(crowd);
    if (lateness.is_one(2)) GTEST_SKIP() << "crowded: " << lateness.text();
    std::vector<std::pair<double, double>> points;
    std::ifstream lines(folder / "out/results.jsonl");
    for (std::string line; std::getline(lines, line);) {
        const Json row = Json::parse(line);
        if (row.at("machine") != "ok") GTEST_SKIP() << "crowded: " << row;
        points.emplace_back(std::stod(row.at("factor.loss").get<std::string>()) / 100,
                            row.at("measure.throughput").get<double>());
    }
    ASSERT_EQ(points.size(), 12U) << made.out;
    const auto law = fit_power_law(points, 0.95);
    ASSERT_TRUE(law);
    EXPECT_NEAR(law->exponent, -0.5, 0.15) << made.out;
    EXPECT_GT(law->explained, 0.8);
    // The factor of the law is the segment over the round trip, times 1.22 or so (1.31 with an acknowledgement each).
    const double expected = 1.22 * 8 * 1448 / 0.02;
    EXPECT_GT(law->factor, expected / 2) << made.out;
    EXPECT_LT(law->factor, expected * 2) << made.out;
}

}  // namespace
}  // namespace netcut::test::NETCUT_FILE
