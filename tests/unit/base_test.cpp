// SPDX-License-Identifier: Apache-2.0

#include <gtest/gtest.h>

#include <vector>

#include "base/error.h"
#include "base/nearest_word.h"
#include "base/time.h"

namespace netcut::test::NETCUT_FILE {
namespace {

using namespace std::chrono_literals;

TEST(Duration, ReadsEveryUnit) {
    const std::vector<std::pair<const char*, Nanoseconds>> cases = {
        {"20s", 20s},        {"1.5m", 90s},  {"250ms", 250ms}, {"10us", 10us}, {"7ns", 7ns},
        {"1h", 1h},          {"0", 0s},      {"0s", 0s},       {"20 s", 20s},  {"1min", 60s},
        {"2 minutes", 120s}, {"20sec", 20s}, {" 1s ", 1s},     {"3hours", 3h}};
    for (const auto& [text, value] : cases) {
        const auto parsed = parse_duration(text);
        ASSERT_TRUE(parsed) << text;
        EXPECT_EQ(*parsed, value) << text;
    }
}

TEST(Duration, RefusesWhatIsNone) {
    for (const char* text : {"", "s", "20", "-1s", "1d", "1S", "1 s s", "1e3s", "nan", "inf", "nans", "infs",
                             "9999999h", "1.2.3s"}) {
        const auto parsed = parse_duration(text);
        ASSERT_FALSE(parsed) << text;
        EXPECT_EQ(parsed.error().kind, Error::Kind::usage);
        EXPECT_NE(parsed.error().text().find("20s"), std::string::npos) << "the hint shows a good one";
    }
}

TEST(Duration, WritesWhatItReads) {
    for (const char* text : {"20s", "1.5s", "250ms", "1.5m", "0s", "1h", "61s", "3601s", "65s"})
        EXPECT_EQ(duration_text(*parse_duration(text)), text);
}

TEST(Duration, EveryOneSurvivesBeingWritten) {
    for (const std::int64_t count :
         {1L, 999L, 1001L, 1234567L, 61'000'000'000L, 3'601'000'000'001L, 7'777'777'777L})
        EXPECT_EQ(parse_duration(duration_text(Nanoseconds(count))), Nanoseconds(count)) << count;
}

TEST(Error, ReadsLikeASentence) {
    const Error error{Error::Kind::machine, "add veth c3", 1, "", "run it as root"};
    EXPECT_EQ(error.text(), "cannot add veth c3: Operation not permitted (run it as root)");
}

TEST(NearestWord, FindsTyposAndNothingElse) {
    const std::vector<std::string> keys = {"fabric", "faults", "timeout"};
    EXPECT_EQ(nearest_word("fabrik", keys), "fabric");
    EXPECT_EQ(nearest_word("tiemout", keys), "timeout");
    EXPECT_FALSE(nearest_word("xyzzy-plugh", keys));
}

TEST(NearestWord, OfEquallyNearOnesItIsTheOneThatBeginsAlike) {
    const std::vector<std::string> keys = {"code", "mode", "nodes"};
    EXPECT_EQ(nearest_word("node", keys), "nodes");
}

TEST(Error, ShowsTheLineThatIsWrong) {
    const Error error{Error::Kind::usage, "read the scenario", 0, "a:1:3: no", "", "    x: y\n      ^"};
    EXPECT_EQ(error.text(), "cannot read the scenario: a:1:3: no\n    x: y\n      ^");
}

TEST(WallTime, IsIso8601) {
    EXPECT_EQ(wall_time_text(std::chrono::system_clock::time_point(1500ms)), "1970-01-01T00:00:01.500Z");
}

}  // namespace
}  // namespace netcut::test::NETCUT_FILE
