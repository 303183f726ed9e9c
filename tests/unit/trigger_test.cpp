// SPDX-License-Identifier: Apache-2.0
#include "netcut/trigger.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>

namespace netcut::test {
namespace {

using testing::ElementsAre;

Pattern pattern(const std::string& text) {
    auto parsed = Pattern::parse(text);
    if (!parsed) throw std::runtime_error(parsed.error().text());
    return *parsed;
}

TEST(Pattern, TextOccursAnywhere) {
    EXPECT_TRUE(pattern("round 2").matches("INFO round 2 of 5"));
    EXPECT_FALSE(pattern("round 2").matches("round 3"));
    EXPECT_TRUE(pattern("[a-z]?").matches("x[a-z]?y")) << "brackets and question marks are text";
}

TEST(Pattern, AsteriskStandsForAnything) {
    EXPECT_TRUE(pattern("epoch * of 5").matches("Run epoch 3 of 5 now"));
    EXPECT_TRUE(pattern("*epoch*5*").matches("epoch5"));
    EXPECT_FALSE(pattern("5*epoch").matches("epoch 5"));
    EXPECT_FALSE(pattern("aba*aba").matches("ababa")) << "pieces do not overlap";
    EXPECT_TRUE(pattern("lit:5 * 3").matches("= 5 * 3"));
    EXPECT_FALSE(pattern("lit:5 * 3").matches("5 and 3"));
}

TEST(Pattern, RegularExpressions) {
    EXPECT_TRUE(pattern("re:^round [0-9]+$").matches("round 12"));
    EXPECT_FALSE(pattern("re:^round [0-9]+$").matches("round 12."));
    EXPECT_EQ(pattern("re:round ([0-9]+)").first_group("in round 7 of 9"), "7");
    EXPECT_FALSE(pattern("round 7").first_group("round 7"));
}

TEST(Pattern, BadOnesAreUsageErrors) {
    for (const char* text : {"re:(", "", "*", "***", "lit:"}) {
        const auto parsed = Pattern::parse(text);
        ASSERT_FALSE(parsed) << text;
        EXPECT_EQ(parsed.error().kind, Error::Kind::usage);
        EXPECT_FALSE(parsed.error().hint.empty());
    }
}

TEST(Pattern, UnfinishedLineMatchesOnlyWhenNothingThatFollowsCanUndoIt) {
    EXPECT_TRUE(pattern("re:round 2").matches_already("round 2"));
    EXPECT_FALSE(pattern("re:round 2$").matches_already("round 2"));
    EXPECT_FALSE(pattern("re:round 2\\b").matches_already("round 2"));
    EXPECT_TRUE(pattern("re:round 2\\b").matches_already("round 2 "));
    EXPECT_FALSE(pattern("re:round 2[^0-9]").matches_already("round 2"));
    EXPECT_TRUE(pattern("round *2").matches_already("round 12"));
}

struct Scan {
    std::vector<std::string> lines, matches;
    LineScanner scanner;
    explicit Scan(const std::string& watched = "round 2") {
        scanner.on_line([this](std::string_view line) { lines.emplace_back(line); });
        scanner.watch({pattern(watched), [this](std::string_view line) { matches.emplace_back(line); }});
    }
};

TEST(LineScanner, MatchesWithoutWaitingForTheEndAndOnce) {
    Scan scan;
    scan.scanner.feed("now rou");
    EXPECT_TRUE(scan.matches.empty());
    scan.scanner.feed("nd 2");
    EXPECT_THAT(scan.matches, ElementsAre("now round 2"));
    scan.scanner.feed(" of 5\n");
    EXPECT_EQ(scan.matches.size(), 1U);
    EXPECT_THAT(scan.lines, ElementsAre("now round 2 of 5"));
    scan.scanner.feed("round 2 again\n");
    EXPECT_EQ(scan.matches.size(), 2U);
}

TEST(LineScanner, CarriageReturnEndsALine) {
    Scan scan("50%");
    scan.scanner.feed("10%\r50%\r100%\r\ndone\n");
    EXPECT_THAT(scan.lines, ElementsAre("10%", "50%", "100%", "done"));
    EXPECT_THAT(scan.matches, ElementsAre("50%"));
}

TEST(LineScanner, ColoursAndTitlesAreNotPartOfALine) {
    const std::string coloured = "\x1b[1;32mrou\x1b[0mnd\x1b]0;title\x07 \x1b]8;;http://x\x1b\\2\x1b(B!\n";
    Scan whole;
    whole.scanner.feed(coloured);
    EXPECT_THAT(whole.lines, ElementsAre("round 2!"));
    Scan split;  // at every byte
    for (const char c : coloured) split.scanner.feed(std::string_view(&c, 1));
    EXPECT_EQ(split.lines, whole.lines);
    EXPECT_EQ(split.matches.size(), 1U);
}

TEST(LineScanner, BrokenEscapeDoesNotSwallowTheNextLine) {
    Scan scan;
    scan.scanner.feed("\x1b[12\nround 2\n\x1b\nround 2\n\x1b]0;x\nround 2\n");
    EXPECT_EQ(scan.matches.size(), 3U);
}

TEST(LineScanner, LinesHaveABound) {
    Scan scan;
    scan.scanner.feed(std::string(LineScanner::max_line * 3 + 10, 'x'));
    scan.scanner.feed("\nround 2\n");
    EXPECT_EQ(scan.lines.size(), 5U);
    EXPECT_EQ(scan.lines.front().size(), LineScanner::max_line);
    EXPECT_EQ(scan.matches.size(), 1U);
}

TEST(LineScanner, LastLineNeedsNoEnd) {
    Scan scan("re:round 2$");
    scan.scanner.feed("round 2");
    EXPECT_TRUE(scan.matches.empty());
    scan.scanner.finish();
    EXPECT_THAT(scan.matches, ElementsAre("round 2"));
}

// Many lines at once are passed by where none matches; byte by byte they never are.
TEST(LineScanner, ManyLinesAtOnceMatchAsOneByOne) {
    std::mt19937 random(11);
    const std::string alphabet = "abc 12\n";
    const std::vector<std::string> patterns = {"ab*1",    "lit:c*",  "re:^a",    "re:2$",
                                               "re:\\Ab", "re:c\\b", "re:(?i)B2"};
    for (int round = 0; round < 300; ++round) {
        std::string bytes;
        for (int i = 0; i < 120; ++i) bytes += alphabet[random() % alphabet.size()];
        for (std::size_t used = 1; used <= patterns.size(); ++used) {
            std::vector<std::vector<std::string>> matches(2);
            for (const bool at_once : {false, true}) {
                LineScanner scanner;
                for (std::size_t i = 0; i < used; ++i)
                    scanner.watch({*Pattern::parse(patterns[i]), [&, i](std::string_view line) {
                                       // At once, a line is seen as far as it goes; byte by byte, as far as
                                       // it matches.
                                       matches[at_once].push_back(patterns[i] +
                                                                  std::string(line.substr(0, 1)));
                                   }});
                std::size_t lines = 0;
                scanner.on_line([&](std::string_view) { ++lines; });
                if (at_once)
                    scanner.feed(bytes);
                else
                    for (const char& byte : bytes) scanner.feed(std::string_view(&byte, 1));
                scanner.finish();
                matches[at_once].push_back(std::to_string(lines));
                std::sort(matches[at_once].begin(), matches[at_once].end());
            }
            ASSERT_EQ(matches[0], matches[1]) << bytes;
        }
    }
}

TEST(LineScanner, AnyWayToCutTheBytesGivesTheSameLinesAndMatches) {
    std::mt19937 random(7);
    const std::string alphabet = "rond 2\n\r\x1b[]m0;\x07\\(";
    for (int round = 0; round < 300; ++round) {
        std::string bytes;
        for (int i = 0; i < 200; ++i) bytes += alphabet[random() % alphabet.size()];
        bytes += "\nround 2\n";
        Scan whole("2");
        whole.scanner.feed(bytes);
        whole.scanner.finish();
        Scan pieces("2");
        for (std::size_t at = 0; at < bytes.size();) {
            const std::size_t size = 1 + random() % 9;
            pieces.scanner.feed(std::string_view(bytes).substr(at, size));
            at += size;
        }
        pieces.scanner.finish();
        ASSERT_EQ(pieces.lines, whole.lines);
        ASSERT_EQ(pieces.matches.size(), whole.matches.size());
    }
}

TEST(MatchCounter, FiresFromTheNthMatchAtMostSoOften) {
    using Verdict = MatchCounter::Verdict;
    MatchCounter counter(2, 2);
    EXPECT_EQ(counter.match(false), Verdict::too_early);
    EXPECT_EQ(counter.match(false), Verdict::fire);
    EXPECT_EQ(counter.match(true), Verdict::busy);
    EXPECT_EQ(counter.match(false), Verdict::fire);
    EXPECT_EQ(counter.match(false), Verdict::spent);
    EXPECT_EQ(counter.fired(), 2U);
    EXPECT_EQ(counter.matches(), 5U);
}

}  // namespace
}  // namespace netcut::test
