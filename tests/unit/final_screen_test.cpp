// SPDX-License-Identifier: Apache-2.0
#include "report/final_screen.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "unit/cut_facts.h"

namespace netcut::test::NETCUT_FILE {
namespace {

using testing::HasSubstr;
using testing::Not;

TEST(FinalScreen, TellsOfAFlapOnce) {
    const Facts facts = flapped();
    const std::string screen = shown(facts);
    for (const char* text :
         {"fault 1   cut (drop) at 1.400 s, on and off 3 of 3 times until 2.400 s, on for 0.600 s in all",
          "lost 18 packets (9 up, 6 down, 3 it could not send)", "data after the last heal: sent 0.100 s"})
        EXPECT_THAT(screen, HasSubstr(text));
    EXPECT_THAT(screen, Not(HasSubstr("fault 2")));
}

TEST(FinalScreen, SaysWhatWasCutAndWhatItLost) {
    const Facts facts = cut_and_back();
    const std::string screen = shown(facts);
    for (const char* text :
         {"recovered:", "cut (drop) at 1.000 s, for 2.000 s",
          "lost 6 packets (3 up, 2 down, 1 it could not send)", "sent 0.100 s, received 0.250 s",
          "went on after 0.250 s\n", "3 of 3 finished\n"})
        EXPECT_THAT(screen, HasSubstr(text));
}

TEST(FinalScreen, SaysOfANodeThatFailedAfterTheHealWhenItDid) {
    Facts facts = cut_and_back();
    (facts.nodes[1] = ended("collaborator1", 1)).ended = 5s;
    EXPECT_THAT(shown(facts), HasSubstr("went on after 0.250 s, but it ended (exit code 1) 1.750 s later\n"));
}

TEST(FinalScreen, CountsConnectionsThatWereReplacedAndSaysOneOfOne) {
    Facts facts = cut_and_back();
    facts.outcomes[0].losses["collaborator1"] = {1, 0, 0};
    auto& conversations = facts.outcomes[0].recovery["collaborator1"].conversations;
    conversations.push_back(
        {"aggregator", "10.99.0.3 port 1", "10.99.0.2 port 2", Conversation::Outcome::replaced, 300ms});
    EXPECT_THAT(shown(facts), HasSubstr("        a connection was replaced by a new one\n"));
    EXPECT_THAT(shown(facts), HasSubstr("lost 1 packet (1 up"));
    conversations.push_back(conversations.front());
    EXPECT_THAT(shown(facts), HasSubstr("        2 connections were replaced by new ones\n"));
    EXPECT_THAT(shown(facts), Not(HasSubstr("10.99.0.3 port 1")));
}

}  // namespace
}  // namespace netcut::test::NETCUT_FILE
