// SPDX-License-Identifier: Apache-2.0

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <ctime>
#include <functional>
#include <random>
#include <set>

#include "base/error.h"
#include "base/time.h"
#include "trigger/line_scanner.h"
#include "trigger/match_counter.h"
#include "trigger/pattern.h"

namespace netcut::test::NETCUT_FILE {
namespace {

using testing::ElementsAre;
using testing::UnorderedElementsAre;

Pattern pattern(const std::string& text) {
    auto parsed = Pattern::parse(text);
    if (!parsed) throw std::runtime_error(parsed.error().text());
    return *parsed;
}

bool matches(const std::string& text, std::string_view line) {
    return PatternInLine(pattern(text)).holds(line);
}

std::optional<std::string> first_group(const std::string& text, std::string_view line) {
    return PatternInLine(pattern(text)).first_group(line);
}

bool is_certain(const std::string& text, std::string_view beginning) {
    return PatternInLine(pattern(text)).is_certain(beginning);
}

TEST(Pattern, TextOccursAnywhere) {
    EXPECT_TRUE(matches("round 2", "INFO round 2 of 5"));
    EXPECT_FALSE(matches("round 2", "round 3"));
    EXPECT_TRUE(matches("[a-z]?", "x[a-z]?y")) << "brackets and question marks are text";
}

TEST(Pattern, AsteriskStandsForAnything) {
    EXPECT_TRUE(matches("epoch * of 5", "Run epoch 3 of 5 now"));
    EXPECT_TRUE(matches("*epoch*5*", "epoch5"));
    EXPECT_FALSE(matches("5*epoch", "epoch 5"));
    EXPECT_FALSE(matches("aba*aba", "ababa")) << "pieces do not overlap";
    EXPECT_TRUE(matches("lit:5 * 3", "= 5 * 3"));
    EXPECT_FALSE(matches("lit:5 * 3", "5 and 3"));
}

TEST(Pattern, RegularExpressions) {
    EXPECT_TRUE(matches("re:^round [0-9]+$", "round 12"));
    EXPECT_FALSE(matches("re:^round [0-9]+$", "round 12."));
    EXPECT_EQ(first_group("re:round ([0-9]+)", "in round 7 of 9"), "7");
    EXPECT_FALSE(first_group("round 7", "round 7"));
}

TEST(Pattern, BadOnesAreUsageErrors) {
    for (const std::string& text : {std::string("re:("), std::string(), std::string("*"), std::string("***"),
                                    std::string("lit:"), std::string(Pattern::most_bytes + 1, 'x')}) {
        const auto parsed = Pattern::parse(text);
        ASSERT_FALSE(parsed) << text;
        EXPECT_EQ(parsed.error().kind, Error::Kind::usage);
        EXPECT_FALSE(parsed.error().hint.empty());
    }
}

TEST(Pattern, UnfinishedLineMatchesOnlyWhenNothingThatFollowsCanUndoIt) {
    EXPECT_TRUE(is_certain("re:round 2", "round 2"));
    EXPECT_FALSE(is_certain("re:round 2$", "round 2"));
    EXPECT_FALSE(is_certain("re:round 2\\b", "round 2"));
    EXPECT_TRUE(is_certain("re:round 2\\b", "round 2 "));
    EXPECT_FALSE(is_certain("re:round 2[^0-9]", "round 2"));
    EXPECT_TRUE(is_certain("round *2", "round 12"));
    EXPECT_TRUE(is_certain("re:round .*", "round ")) << "though more of the line would be part of the match";
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

TEST(LineScanner, ACarriageReturnRedrawsALineWhichMatchesOnce) {
    Scan scan("0%");
    std::vector<std::string> grown, whole;
    scan.scanner.watch({pattern("0%"), [&](std::string_view line) { grown.emplace_back(line); }, true});
    scan.scanner.watch_whole({pattern("re:([0-9]+)%"),
                              [&](std::string_view, const auto& group) { whole.push_back(group.value()); }});
    scan.scanner.feed("10%\r50%\r100%\r\ndone\r\n20%\n");
    EXPECT_THAT(scan.lines, ElementsAre("10%", "50%", "100%", "done", "20%"));
    EXPECT_THAT(scan.matches, ElementsAre("10%", "20%"));
    EXPECT_THAT(grown, ElementsAre("10%", "50%", "100%", "20%"));
    EXPECT_THAT(whole, ElementsAre("10", "50", "100", "20"));
}

TEST(LineScanner, WhatGrowsWithoutALinesEndIsSeenToGrow) {
    LineScanner scanner;
    std::vector<std::string> seen;
    scanner.watch({pattern("epoch"), [&](std::string_view line) { seen.emplace_back(line); }, true});
    for (const char* bytes : {"an ", "epoch ", ".", ".", "", "\x1b[0m", "\n", "other ", "."})
        scanner.feed(bytes);
    EXPECT_THAT(seen, ElementsAre("an epoch ", "an epoch .", "an epoch ..", "an epoch .."));
}

TEST(LineScanner, AGroupIsThatOfTheWholeLine) {
    LineScanner scanner;
    std::vector<std::string> rounds;
    scanner.watch_whole({pattern("re:round ([0-9]+)"), [&](std::string_view line, const auto& group) {
                             rounds.push_back(group.value() + " of " + std::string(line));
                         }});
    scanner.feed("round 1");
    EXPECT_TRUE(rounds.empty());
    scanner.feed("2 begins\nround 13");
    scanner.finish();
    EXPECT_THAT(rounds, ElementsAre("12 of round 12 begins", "13 of round 13"));
}

TEST(LineScanner, BytesThatAreNoUtf8AreACharacterEach) {
    for (const char* watched :
         {"round 2*training", "re:round 2 at .* training$", "re:^round 2 at M..nchen: \\w+"})
        for (const char* before : {"", "hello\n"}) {
            Scan scan(watched);
            scan.scanner.feed(before + std::string("round 2 at M\xfc\xe4nchen: training\n"));
            EXPECT_THAT(scan.matches, ElementsAre("round 2 at M\xef\xbf\xbd\xef\xbf\xbdnchen: training"))
                << watched << " after '" << before << "'";
        }
    Scan whole("re:^M.nchen$");
    for (const char* bytes : {"M\xc3", "\xbcnchen\n"}) whole.scanner.feed(bytes);
    EXPECT_THAT(whole.matches, ElementsAre("M\xc3\xbcnchen"));
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

TEST(LineScanner, LastLineNeedsNoEnd) {
    Scan scan("re:round 2$");
    scan.scanner.feed("round 2");
    EXPECT_TRUE(scan.matches.empty());
    scan.scanner.finish();
    EXPECT_THAT(scan.matches, ElementsAre("round 2"));
}

// What several watchers have seen of a stream: which of them what line, counted by the lines before it.
class Recorder {
  public:
    explicit Recorder(const std::vector<std::string>& patterns) {
        scanner.on_line([this](std::string_view line) { lines.emplace_back(line); });
        for (const std::string& text : patterns) {
            scanner.watch({pattern(text), [this, text](std::string_view) { note(text, "early"); }});
            scanner.watch_whole({pattern(text), [this, text](std::string_view line, const auto& group) {
                                     note(text,
                                          group.value_or("") + " of " + std::string(line.substr(0, 80)));
                                 }});
        }
    }
    void feed(std::string_view bytes, const std::function<std::size_t()>& size) {
        for (std::size_t at = 0, next = 0; at < bytes.size(); at += next) {
            next = size();
            scanner.feed(bytes.substr(at, next));
        }
        scanner.finish();
    }
    bool operator==(const Recorder& other) const { return lines == other.lines && seen == other.seen; }

    std::vector<std::string> lines;
    std::multiset<std::string> seen;

  private:
    void note(const std::string& text, const std::string& what) {
        seen.insert(std::to_string(lines.size()) + ": " + text + ": " + what);
    }
    LineScanner scanner;
};

const std::vector<std::string> some_patterns = {
    "ab*1",         "lit:c*",     "re:^a",        "re:2$",         "re:\\Ab",
    "re:c\\b",      "re:1\\B",    "\xc3\xbc",     "re:^.{3}$",     "re:(?i)B(.*)2$",
    "re:([0-9]+) ", "re:a.?(b*)", "re:\\x00(.)1", "\xef\xbf\xbd*c"};

std::string random_stream(std::mt19937& random, int pieces) {
    using namespace std::string_literals;
    static const std::vector<std::string> alphabet = {"a",
                                                      "b",
                                                      "c",
                                                      "1",
                                                      "2",
                                                      " ",
                                                      "ab1",
                                                      "\n",
                                                      "\r",
                                                      "\r\n",
                                                      "\x1b[1;3m",
                                                      "\x1b[",
                                                      "\x1b]0;t\x07",
                                                      "\x1bPx\x1b\\",
                                                      "\x1b(B",
                                                      "\x1b",
                                                      "\0"s,
                                                      "\xff",
                                                      "\xc3\xbc",
                                                      "\xc3",
                                                      "\xe2\x82",
                                                      "\xe2\x82\xac",
                                                      "\xf0\x9f\x98",
                                                      "\x98"};
    std::string bytes;
    for (int i = 0; i < pieces; ++i) bytes += alphabet[random() % alphabet.size()];
    return bytes;
}

TEST(LineScanner, AnyWayToCutTheBytesGivesTheSameLinesAndMatches) {
    std::mt19937 random(7);
    for (int round = 0; round < 400; ++round) {
        const std::string bytes = random_stream(random, 150);
        // One alone may have a sieve that passes lines by; all together have none.
        std::vector<std::string> patterns = some_patterns;
        if (round % 2 > 0) patterns = {some_patterns[random() % some_patterns.size()]};
        Recorder whole(patterns), single(patterns), pieces(patterns);
        whole.feed(bytes, [&] { return bytes.size(); });
        single.feed(bytes, [] { return 1; });
        pieces.feed(bytes, [&] { return 1 + random() % 40; });
        ASSERT_EQ(single.lines, whole.lines);
        ASSERT_EQ(single.seen, whole.seen) << testing::PrintToString(bytes);
        ASSERT_TRUE(pieces == whole) << testing::PrintToString(bytes);
    }
}

// A million bytes: only the end of it is kept.
TEST(LineScanner, ALineMayBeAsLongAsItLikes) {
    const std::vector<std::string> patterns = {"head*middle*tail",   "tail*head",     "re:^head",
                                               "re:^(middle)",       "re:tail$",      "re:middle$",
                                               "re:head\\b",         "re:\\bmiddle",  "re:round ([0-9]+)",
                                               "re:middle(?:.|\\n)", "re:(\\w+) tail"};
    std::mt19937 random(3);
    for (int round = 0; round < 12; ++round) {
        std::string bytes = "head" + std::string(1'000'000, '.') + " tail\nshort\n";
        // About where a half of what is kept begins.
        const std::size_t at = LineScanner::most_kept / 2 * (2 + random() % 20) - random() % 24;
        bytes.replace(at, 16, "; middle; \xc3\xbc\xff\x1b[m");
        bytes.replace(at + 100'000, 10, "round 123;");
        Recorder whole(patterns), pieces(patterns);
        whole.feed(bytes, [&] { return bytes.size(); });
        pieces.feed(bytes, [&] { return 1 + random() % 10'000; });
        ASSERT_TRUE(pieces == whole) << at;
        std::set<std::string> found;
        for (const std::string& one : whole.seen)
            if (one.ends_with("early")) found.insert(one);
        EXPECT_THAT(found, UnorderedElementsAre("0: head*middle*tail: early", "0: re:^head: early",
                                                "0: re:tail$: early", "0: re:head\\b: early",
                                                "0: re:\\bmiddle: early", "0: re:round ([0-9]+): early",
                                                "0: re:middle(?:.|\\n): early"));
        EXPECT_EQ(whole.lines.back(), "short");
        EXPECT_EQ(std::count_if(whole.seen.begin(), whole.seen.end(),
                                [](const std::string& one) {
                                    return one.starts_with("0: re:round ([0-9]+): 123 of ");
                                }),
                  1);
    }
}

Nanoseconds time_to_watch(unsigned patterns) {
    timespec begin{}, end{};
    ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &begin);
    LineScanner scanner;
    for (unsigned i = 0; i < patterns; ++i)
        scanner.watch({pattern("step " + std::to_string(i) + " of *"), [](std::string_view) {}});
    scanner.feed("a line\n");
    ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &end);
    return std::chrono::seconds(end.tv_sec - begin.tv_sec) + Nanoseconds(end.tv_nsec - begin.tv_nsec);
}

TEST(LineScanner, TheTimeToWatchForManyIsNotThatOfTheirSquare) {
    EXPECT_LT(time_to_watch(2000), 50 * std::max(time_to_watch(200), Nanoseconds(100'000)));
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
}  // namespace netcut::test::NETCUT_FILE
