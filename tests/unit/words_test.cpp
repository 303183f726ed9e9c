// SPDX-License-Identifier: Apache-2.0
//
// What people write on the command line and in scenarios: commands, rates, sizes.
#include "scenario/words.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/command.h"

namespace netcut::test::NETCUT_FILE {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

TEST(SplitCommand, QuotesAndBackslashesAsInAShell) {
    EXPECT_THAT(*split_command("a 'b c' \"d \\\" e\" f\\ g '' h'i'j"),
                ElementsAre("a", "b c", "d \" e", "f g", "", "hij"));
    for (const char* bad : {"", "   ", "'open", "a \"open", "''"}) EXPECT_FALSE(split_command(bad)) << bad;
}

TEST(SplitCommand, WhatOnlyAShellUnderstandsIsRefused) {
    for (const char* bad :
         {"server.py | tee log", "cd x && server.py", "server.py 2>&1", "a; b", "server.py > log",
          "server.py >log", "server.py &", "~/server.py", "server.py $HOME/x", "server.py ${HOME}",
          "server.py a$(date)", "server.py < in"}) {
        const auto split = split_command(bad);
        ASSERT_FALSE(split) << bad;
        EXPECT_THAT(split.error().text(), HasSubstr("sh -c '...'")) << bad;
    }
}

TEST(SplitCommand, WhatIsQuotedIsTheProgramsOwn) {
    EXPECT_THAT(*split_command("sh -c 'a | b > $C' '|' \\| \"~/x\" \\$HOME 're;'"),
                ElementsAre("sh", "-c", "a | b > $C", "|", "|", "~/x", "$HOME", "re;"));
    EXPECT_THAT(*split_command("grep ^a$ x=$ 5$ a|b a~b a&b --x=>2"),
                ElementsAre("grep", "^a$", "x=$", "5$", "a|b", "a~b", "a&b", "--x=>2"));
}

TEST(Rate, ReadsAsTcAndPeopleWrite) {
    EXPECT_EQ(*parse_rate("100mbit"), 100'000'000U);
    EXPECT_EQ(*parse_rate("1.5gbit"), 1'500'000'000U);
    for (const char* good : {"10Mbps", "10 Mbps", "10Mbit", "10Mbit/s", "10 mbit/s", "10000kbit"})
        EXPECT_EQ(*parse_rate(good), 10'000'000U) << good;
    for (const char* bad : {"", "100", "mbit", "-1mbit", "1bit", "99gbit", "nanmbit"})
        EXPECT_FALSE(parse_rate(bad)) << bad;
}

TEST(Rate, WhatIsWrongIsSaidAsItIs) {
    EXPECT_THAT(parse_rate("10M").error().text(), HasSubstr("'M' is not a unit of rate"));
    EXPECT_THAT(parse_rate("10").error().text(), HasSubstr("no unit"));
    EXPECT_THAT(parse_rate("10MB/s").error().text(), HasSubstr("counts bytes"));
    EXPECT_THAT(parse_rate("10mbps").error().text(), HasSubstr("bytes per second to tc(8)"));
    EXPECT_THAT(parse_rate("99gbit").error().text(), HasSubstr("not between"));
}

TEST(Bytes, ReadsWhatPeopleWrite) {
    for (const char* good : {"64000", "64k", "64kB", "64KB", "64 kB", "0.064MB"})
        EXPECT_EQ(*parse_bytes(good), 64'000U) << good;
    for (const char* good : {"64KiB", "64 KiB", "65536", "65536B", "64kib"})
        EXPECT_EQ(*parse_bytes(good), 65'536U) << good;
    for (const char* bad : {"", "KiB", "-1", "nan", "inf", "1e99", "2000000GiB"})
        EXPECT_FALSE(parse_bytes(bad)) << bad;
    EXPECT_THAT(parse_bytes("64kb").error().text(), HasSubstr("may mean bits"));
    EXPECT_THAT(parse_bytes("64Q").error().text(), HasSubstr("'Q' is not a unit of size"));
}

}  // namespace
}  // namespace netcut::test::NETCUT_FILE
