// SPDX-License-Identifier: Apache-2.0
#include "base/wrapped.h"

#include <gtest/gtest.h>

namespace netcut::test::NETCUT_FILE {
namespace {

TEST(Wrapped, GoesOnBelowWhatALineSays) {
    EXPECT_EQ(wrapped("why     a server waits for its client\n", 24),
              "why     a server waits\n"
              "        for its client\n");
    EXPECT_EQ(wrapped("[    1.152] cut 1: drop of collaborator2", 28),
              "[    1.152] cut 1: drop of\n"
              "            collaborator2");
    EXPECT_EQ(wrapped("    a row that is deeper than others", 24),
              "    a row that is deeper\n"
              "        than others");
}

TEST(Wrapped, LeavesWhatFitsAndWhatHasNoSpaces) {
    const std::string path(60, '/');
    for (const std::string& text : {std::string("short\n\nlines\n"), "files   " + path, path, std::string()})
        EXPECT_EQ(wrapped(text, 20), text);
    EXPECT_EQ(wrapped("a long line of words", 0), "a long line of words");
    EXPECT_EQ(wrapped("\x1b[1mhas been coloured by us\x1b[0m", 10), "\x1b[1mhas been coloured by us\x1b[0m");
}

TEST(Wrapped, CountsCharactersAndEndsAtAnyWidth) {
    EXPECT_EQ(wrapped("ääää ääää", 9), "ääää ääää");
    for (std::size_t width = 1; width < 40; ++width) {
        std::string joined;
        for (const char c : wrapped("seen    aggregator: python3 (17): 1 thread in recvfrom", width))
            if (c != ' ' && c != '\n') joined += c;
        EXPECT_EQ(joined, "seenaggregator:python3(17):1threadinrecvfrom") << width;
    }
}

}  // namespace
}  // namespace netcut::test::NETCUT_FILE
