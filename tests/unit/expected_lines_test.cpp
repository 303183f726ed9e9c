// SPDX-License-Identifier: Apache-2.0
#include "run/expected_lines.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/io.h"
#include "record/event.h"
#include "record/journal.h"

namespace netcut::test::NETCUT_FILE {
namespace {

using testing::ElementsAre;

class ExpectedLinesTest : public testing::Test {
  protected:
    ExpectedLinesTest() {
        scenario_.expect.logs = {{.node = "aggregator", .pattern = "re:accuracy ([0-9]+)", .equals = ""},
                                 {.node = "aggregator", .pattern = "finished", .equals = ""},
                                 {.node = "collaborator1", .pattern = "finished", .equals = ""}};
        lines_.watch(scanner_, "aggregator");
    }

    Scenario scenario_;
    std::vector<std::string> noted_;
    Journal journal_{Fd(::open("/dev/null", O_WRONLY | O_CLOEXEC)), [this](const Event& event) {
                         noted_.push_back(event.node + event.to_json()["details"].dump());
                     }};
    ExpectedLines lines_{scenario_, journal_};
    LineScanner scanner_;
};

TEST_F(ExpectedLinesTest, EachNewValueIsNotedOnceAndOnlyOfTheNodesOwnLines) {
    scanner_.feed("accuracy 1\naccuracy 1\nfinished\naccuracy 2\n");
    lines_.finish();
    EXPECT_THAT(noted_, ElementsAre(R"(aggregator{"number":0,"value":"1"})",
                                    R"(aggregator{"number":1,"value":"finished"})",
                                    R"(aggregator{"number":0,"value":"2"})"));
}

TEST_F(ExpectedLinesTest, OfAValueThatChangesWithoutEndTheFirstOnesAndTheLastAreNoted) {
    for (int i = 0; i < 5000; ++i) scanner_.feed("accuracy " + std::to_string(i) + "\n");
    EXPECT_EQ(noted_.size(), 1000U);
    lines_.finish();
    ASSERT_EQ(noted_.size(), 1001U);
    EXPECT_EQ(noted_.back(), R"(aggregator{"number":0,"value":"4999"})");
    lines_.finish();
    EXPECT_EQ(noted_.size(), 1001U);
}

}  // namespace
}  // namespace netcut::test::NETCUT_FILE
