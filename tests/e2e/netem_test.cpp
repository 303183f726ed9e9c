// SPDX-License-Identifier: Apache-2.0
//
// Faults that make packets wait, be late, come twice or be wrong, through the whole program; held by us, and by netem where
// the kernel has it.
#include <gmock/gmock.h>

#include <algorithm>
#include <map>
#include <regex>
#include <set>
#include <sstream>

#include "base/json.h"
#include "e2e/crowd.h"
#include "e2e/tool.h"

namespace netcut::test::NETCUT_FILE {
namespace {

using testing::AllOf;
using testing::Ge;
using testing::Le;

constexpr int questions = 60;  // of each port and round, 10 ms apart

struct Answer {
    int number = 0;
    double ms = 0;
};
using Answers = std::vector<Answer>;  // in the order of their coming

double median_ms(Answers answers) {
    if (answers.empty()) return -1;
    std::sort(answers.begin(), answers.end(), [](const Answer& a, const Answer& b) { return a.ms < b.ms; });
    return answers[answers.size() / 2].ms;
}
std::set<int> numbers_of(const Answers& answers) {
    std::set<int> numbers;
    for (const Answer& answer : answers) numbers.insert(answer.number);
    return numbers;
}

// Both collaborators ask the aggregator in three rounds; collaborator2 has the fault in the second.
class HeldRun {
  public:
    HeldRun(const std::string& fault, const Arguments& network) {
        const int round_ms = 2200 * time_scale();
        const std::string program = std::string(NETCUT_BUILD_DIR) + "/netcut_datagrams";
        Arguments arguments = {"run",
                               "--out",
                               folder_ / "run",
                               "--cols",
                               "2",
                               "--ready-on",
                               "ready",
                               "--aggregator",
                               program + " echo 2 4000 53",
                               "--collaborator",
                               program + " ask {aggregator} 3 " + std::to_string(round_ms) + " " +
                                   std::to_string(questions) + " 4000 53",
                               "--fault",
                               "{" + fault + ", on: {log: 'round 2', node: collaborator2}, for: " +
                                   std::to_string(1900 * time_scale()) + "ms}"};
        arguments.insert(arguments.end(), network.begin(), network.end());
        const Lateness lateness;
        const Finished finished = run_tool(arguments);
        EXPECT_EQ(finished.status, 0) << finished.out << finished.err;
        verdict_ = read_verdict(folder_ / "run");
        for (int node : {1, 2}) read_log(node);
        // One of the three rounds may be crowded alone: the first one, while programs begin.
        crowd_ = lateness.is_one() || lateness.quantile_ms(0.9) > 20 ? lateness.text() : "";
    }
    // Programs waited so long for a processor that the times of answers say nothing of the network: how long. Else empty.
    const std::string& crowd() const { return crowd_; }
    const Answers& answers(int node, int round, int port = 4000) { return answers_[{node, round, port}]; }
    const Answers& answers() { return answers(2, 2); }  // those that met the fault
    const Json& verdict() const { return verdict_; }

    // Whatever is neither of this node nor of this round, nor of that port.
    void expect_others_alone(const std::set<int>& ports = {4000, 53}) {
        for (const int node : {1, 2})
            for (const int round : {1, 2, 3})
                for (const int port : {4000, 53}) {
                    if (node == 2 && round == 2 && ports.contains(port)) continue;
                    const Answers& all = answers(node, round, port);
                    SCOPED_TRACE(testing::Message() << node << ", round " << round << ", port " << port);
                    EXPECT_EQ(all.size(), std::size_t{questions});
                    // In round 1 nothing has fired yet, and times are those of programs that begin.
                    if (round > 1) {
                        EXPECT_LT(median_ms(all), 50);
                    }
                    EXPECT_TRUE(std::is_sorted(all.begin(), all.end(), [](const Answer& a, const Answer& b) {
                        return a.number < b.number;
                    }));
                }
    }

  private:
    void read_log(int node) {
        static const std::regex line("round (\\d+) port (\\d+) answer (\\d+) after (\\d+) us");
        std::istringstream log(slurp(folder_ / ("run/logs/collaborator" + std::to_string(node) + ".out")));
        std::smatch match;
        for (std::string text; std::getline(log, text);)
            if (std::regex_match(text, match, line))
                answers_[{node, std::stoi(match[1]), std::stoi(match[2])}].push_back(
                    {std::stoi(match[3]), std::stod(match[4]) / 1000});
    }

    Folder folder_;
    std::string crowd_;
    Json verdict_;
    std::map<std::tuple<int, int, int>, Answers> answers_;
};

#define NETCUT_SKIP_IF_CROWDED(run) \
    if (!(run).crowd().empty()) GTEST_SKIP() << "crowded: " << (run).crowd()

class HeldFaultTest : public testing::TestWithParam<const char*> {
  protected:
    void SetUp() override {
        NETCUT_E2E();
        if (GetParam() == std::string("netem")) NETCUT_NEEDS_NETEM();
    }
    std::string by(const std::string& fault) const { return fault + ", engine: " + GetParam(); }
};

INSTANTIATE_TEST_SUITE_P(Engines, HeldFaultTest, testing::Values("own", "netem"),
                         [](const auto& info) { return std::string(info.param); });

TEST_P(HeldFaultTest, DelayIsAddedEachWay) {
    HeldRun run(by("kind: delay, delay: 100ms"), {"--ip", "4"});
    NETCUT_SKIP_IF_CROWDED(run);
    EXPECT_EQ(numbers_of(run.answers()).size(), std::size_t{questions});
    for (const Answer& answer : run.answers()) EXPECT_GE(answer.ms, 200);
    EXPECT_LT(median_ms(run.answers()), 300);
    run.expect_others_alone();
    const Json& packets = run.verdict().at("faults").at(0).at("nodes").at(0).at("packets_queued");
    EXPECT_GE(packets.at("router_up"), 2 * questions);
    EXPECT_GE(packets.at("router_down"), 2 * questions);
    EXPECT_EQ(run.verdict().at("packets_lost"), 0);
    EXPECT_EQ(run.verdict().at("noticed"), true);
}

TEST_P(HeldFaultTest, JitterSpreadsTheDelay) {
    HeldRun run(by("kind: jitter, delay: 150ms, jitter: 100ms, distribution: normal"),
                {"--fabric", "bridge", "--ip", "6"});
    NETCUT_SKIP_IF_CROWDED(run);
    EXPECT_EQ(numbers_of(run.answers()).size(), std::size_t{questions});
    const auto [fastest, slowest] =
        std::minmax_element(run.answers().begin(), run.answers().end(),
                            [](const Answer& a, const Answer& b) { return a.ms < b.ms; });
    ASSERT_NE(fastest, run.answers().end());
    EXPECT_GT(slowest->ms - fastest->ms, 100);
    EXPECT_THAT(median_ms(run.answers()), AllOf(Ge(150), Le(450)));
    run.expect_others_alone();
}

TEST_P(HeldFaultTest, ReorderedPacketsOvertakeOthers) {
    HeldRun run(by("kind: reorder, delay: 100ms, share: 30%, direction: up"), {"--fabric", "bridge"});
    NETCUT_SKIP_IF_CROWDED(run);
    EXPECT_EQ(numbers_of(run.answers()).size(), std::size_t{questions});
    int highest = 0;
    int overtaken = 0;
    for (const Answer& answer : run.answers()) {
        if (answer.number < highest) ++overtaken;
        highest = std::max(highest, answer.number);
    }
    EXPECT_GT(overtaken, questions / 10);
    run.expect_others_alone();
}

TEST_P(HeldFaultTest, DuplicatesComeAsSecondAnswers) {
    HeldRun run(by("kind: duplicate, share: 50%, direction: up"), {"--ip", "6"});
    NETCUT_SKIP_IF_CROWDED(run);
    EXPECT_EQ(numbers_of(run.answers()).size(), std::size_t{questions});
    EXPECT_THAT(run.answers().size(), AllOf(Ge(questions * 12 / 10), Le(questions * 18 / 10)));
    run.expect_others_alone();
}

TEST_P(HeldFaultTest, CorruptPacketsAreNotAnswered) {
    HeldRun run(by("kind: corrupt, share: 50%, direction: up"), {"--ip", "4"});
    NETCUT_SKIP_IF_CROWDED(run);
    EXPECT_EQ(numbers_of(run.answers()).size(), run.answers().size());
    EXPECT_THAT(run.answers().size(), AllOf(Ge(questions * 2 / 10), Le(questions * 8 / 10)));
    run.expect_others_alone();
}

TEST(DnsFaultTest, LateNameServerLeavesOtherPortsAlone) {
    NETCUT_E2E();
    HeldRun run("kind: dns, answer: late, delay: 200ms", {"--fabric", "bridge", "--ip", "4"});
    NETCUT_SKIP_IF_CROWDED(run);
    EXPECT_EQ(numbers_of(run.answers(2, 2, 53)).size(), std::size_t{questions});
    for (const Answer& answer : run.answers(2, 2, 53)) EXPECT_GE(answer.ms, 200);
    run.expect_others_alone({53});
}

}  // namespace
}  // namespace netcut::test::NETCUT_FILE
