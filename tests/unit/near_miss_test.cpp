// SPDX-License-Identifier: Apache-2.0
#include "digest/near_miss.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "trigger/pattern.h"

namespace netcut::test::NETCUT_FILE {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

struct Printed {
    std::string node, line;
};

std::vector<std::string> hints_of(const std::string& pattern, const std::vector<Printed>& lines,
                                  unsigned nth = 1) {
    NearMiss near(Pattern::parse(pattern).value(), "collaborator1", nth);
    for (const Printed& printed : lines) near.take(printed.node, printed.line);
    return near.hints();
}

TEST(NearMiss, NamesWhatDiffers) {
    const std::vector<Printed> lines = {{"collaborator1", "loading data"},
                                        {"collaborator1", "INFO Run 0 epoch of 2 round"},
                                        {"collaborator1", "bye"}};
    EXPECT_THAT(hints_of("Of 2 Round", lines),
                ElementsAre("A line differs in upper and lower case only: \"INFO Run 0 epoch of 2 round\"."));
    EXPECT_THAT(hints_of("epoch  of 2", lines), ElementsAre(HasSubstr("differs in spaces only")));
    EXPECT_THAT(hints_of("epoch of 12 round", lines),
                ElementsAre(HasSubstr("differs in numbers only; the last one is")));
    EXPECT_THAT(hints_of("Run .* of 2 round", lines),
                ElementsAre(HasSubstr("As a regular expression it matches")));
    EXPECT_THAT(hints_of("re:run [0-9]+ EPOCH", lines), ElementsAre(HasSubstr("upper and lower case")));
    EXPECT_THAT(hints_of("2 epochs in round", lines),
                ElementsAre(HasSubstr("The line most like it: \"INFO Run")));
    EXPECT_THAT(hints_of("nothing like that", lines), IsEmpty());
    EXPECT_THAT(hints_of("end 1", {{"collaborator1", "[Errno 111] Connection refused"}}), IsEmpty());
}

TEST(NearMiss, NamesTheNodeThatPrintedIt) {
    EXPECT_THAT(
        hints_of("round 1 finished", {{"aggregator", "round 1 finished"},
                                      {"aggregator", "round 1 finished"},
                                      {"collaborator1", "sent"}}),
        ElementsAre(
            "aggregator printed it twice: watch that node (--watch aggregator, or node: aggregator)."));
}

TEST(NearMiss, NamesTheNodeThatPrintedNearlyThat) {
    EXPECT_THAT(
        hints_of("Round 2: aggregated", {{"aggregator", "round 1: aggregated"},
                                         {"aggregator", "round 2: aggregated"},
                                         {"collaborator1", "round 2: uploading"}}),
        ElementsAre(HasSubstr("aggregator printed what is nearly that: \"round 2: aggregated\". Watch")));
}

TEST(NearMiss, KnowsAMatchThatCameTooSeldom) {
    EXPECT_THAT(hints_of("round", {{"collaborator1", "round 1"}, {"collaborator1", "round 2"}}, 3),
                ElementsAre("It matched twice, and match 3 was waited for."));
}

TEST(NearMiss, SeesALineThatWasWrapped) {
    EXPECT_THAT(hints_of("sending task results, round_number=2",
                         {{"collaborator1", "sending task results, round_"}, {"collaborator1", "number=2"}}),
                ElementsAre(HasSubstr("two lines put together")));
}

TEST(NearMiss, CountsTheLinesThatWereWatched) {
    NearMiss near(Pattern::parse("x").value(), "a", 1);
    for (const char* node : {"a", "b", "a"}) near.take(node, "line");
    EXPECT_EQ(near.lines(), 2U);
}

}  // namespace
}  // namespace netcut::test::NETCUT_FILE
