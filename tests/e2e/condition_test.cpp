// SPDX-License-Identifier: Apache-2.0
//
// A federation on a bad network from beginning to end: it finishes, and the program says how long each round
// took.
#include "base/json.h"
#include "e2e/tool.h"

namespace netcut::test::NETCUT_FILE {
namespace {

struct Condition {
    const char* name;
    const char* fault;
};
void PrintTo(const Condition& parameter, std::ostream* out) {
    *out << parameter.name;
}

class ConditionTest : public testing::TestWithParam<Condition> {};

INSTANTIATE_TEST_SUITE_P(Networks, ConditionTest,
                         testing::Values(Condition{"Loss1", "kind: loss, model: iid 1%"},
                                         Condition{"Loss5", "kind: loss, model: iid 5%"},
                                         Condition{"Loss20", "kind: loss, model: iid 20%"},
                                         Condition{"Delay100ms", "kind: delay, delay: 100ms"},
                                         Condition{"Rate1Mbit", "kind: rate, rate: 1mbit"}),
                         [](const auto& info) { return std::string(info.param.name); });

TEST_P(ConditionTest, FederationFinishesAndTheTimeOfItsRoundsIsTold) {
    NETCUT_E2E_WITH_REFERENCE();
    const Folder folder;
    const std::string fault =
        std::string("{") + GetParam().fault + ", nodes: collaborators, on: start, for: never}";
    const Finished finished = run_tool(reference_for_this_machine(
        {"run", "--out", folder / "run", "--cols", "2", "--set", "rounds=3", "--set", "epochs=1", "--set",
         "pace=50ms", "--set", "model-size=16KiB", "--set", "channel=kept", "--set", "on-error=deadline",
         "--fault", fault}));
    ASSERT_EQ(finished.status, 0) << finished.out << finished.err;
    const Json verdict = read_verdict(folder / "run");
    const Json& rounds = verdict.at("rounds");
    ASSERT_EQ(rounds.at("each").size(), 3U) << rounds.dump(2);
    for (int i = 0; i < 3; ++i) {
        EXPECT_EQ(rounds.at("each")[i].at("round"), std::to_string(i + 1));
        EXPECT_GE(rounds.at("each")[i].at("took_s"), 0.05) << "less than an epoch's least time";
    }
    EXPECT_NE(finished.out.find("rounds  3, "), std::string::npos) << finished.out;
    EXPECT_GT(verdict.at("packets_lost").get<int>() + verdict.at("packets_queued").get<int>(), 0);
    RecordProperty("median_s", rounds.at("median_s").dump());
}

}  // namespace
}  // namespace netcut::test::NETCUT_FILE
