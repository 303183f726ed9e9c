// SPDX-License-Identifier: Apache-2.0
#include "run/late_lines.h"

#include <gtest/gtest.h>

#include "base/time.h"

namespace netcut::test::NETCUT_FILE {
namespace {

using namespace std::chrono_literals;

std::string lines(int count) {
    std::string text;
    for (int i = 0; i < count; ++i) text += "line\n";
    return text;
}

// A node that starts at 1 s, prints `early` lines while it works, and `late` ones at 5 s, when it ends.
std::optional<LineBurst> of_node(int early, int late, Nanoseconds first = 2s) {
    LateLines noticed;
    noticed.start(1s);
    for (int i = 0; i < early; ++i) noticed.take(lines(1), first + i * (2s / std::max(early, 1)));
    noticed.take(lines(late / 2), 5s);
    noticed.take(lines(late - late / 2), 5s + 100ms);
    return noticed.at_end(5s + 200ms);
}

TEST(LateLines, AreThoseThatCameAtOnceAsTheNodeEnded) {
    const auto burst = of_node(0, 40);
    ASSERT_TRUE(burst);
    EXPECT_EQ(burst->late, 40U);
    EXPECT_EQ(burst->all, 40U);
    EXPECT_EQ(of_node(4, 40).value().late, 40U);
    EXPECT_EQ(of_node(4, 40).value().all, 44U);
}

TEST(LateLines, AreNoneOfANodeThatPrintedAsItWorked) {
    EXPECT_FALSE(of_node(5, 4)) << "a few last words";
    EXPECT_FALSE(of_node(5, 0));
    EXPECT_FALSE(of_node(60, 40)) << "not most of them";
    LateLines early;
    early.start(1s);
    early.take(lines(40), 2500ms);
    EXPECT_FALSE(early.at_end(9s)) << "not as it ended";
    LateLines quick;
    quick.start(1s);
    quick.take(lines(40), 1500ms);
    EXPECT_FALSE(quick.at_end(1600ms)) << "it did not work before";
}

}  // namespace
}  // namespace netcut::test::NETCUT_FILE
