// SPDX-License-Identifier: Apache-2.0
#include "explore/version_search.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>

namespace netcut::test::NETCUT_FILE {
namespace {

using testing::HasSubstr;

std::vector<std::string> numbered(std::size_t count) {
    std::vector<std::string> names;
    for (std::size_t i = 0; i < count; ++i) names.push_back("v" + std::to_string(i));
    return names;
}

// Tries what is asked for; versions from `first_bad` on fail with the one probability, those before it with the other.
std::size_t search(VersionSearch& search, std::size_t first_bad, double good_share, double bad_share,
                   std::mt19937_64& random) {
    std::size_t runs = 0;
    while (const auto version = search.next())
        while (search.versions()[*version].word == VersionWord::untried) {
            const double share = *version < first_bad ? good_share : bad_share;
            search.take(*version, std::bernoulli_distribution(share)(random));
            ++runs;
        }
    return runs;
}

TEST(VersionSearch, FindsTheChangeWhereverItIs) {
    std::mt19937_64 random(1);
    for (std::size_t count = 2; count <= 20; ++count)
        for (std::size_t first_bad = 1; first_bad < count; ++first_bad) {
            VersionSearch found(numbered(count), true, {});
            search(found, first_bad, 0, 1, random);
            EXPECT_TRUE(found.ends_agree());
            EXPECT_EQ(found.last_as_first(), first_bad - 1);
            EXPECT_EQ(found.first_as_last(), first_bad);
        }
}

TEST(VersionSearch, IsWrongNoMoreOftenThanItSaysAboutFlakyVersions) {
    std::mt19937_64 random(2);
    constexpr int tries = 600;
    int wrong = 0;
    std::size_t runs = 0;
    for (int i = 0; i < tries; ++i) {
        const std::size_t first_bad = 1 + random() % 9;
        VersionSearch found(numbered(10), true, {.seldom = 0.1, .often = 0.75, .wrong = 0.05});
        runs += search(found, first_bad, 0.1, 0.75, random);
        wrong += !found.ends_agree() || found.first_as_last() != first_bad;
    }
    EXPECT_LE(wrong, 0.05 * tries * 1.3);
    EXPECT_LT(runs / tries, 60U);
}

TEST(VersionSearch, FindsWhereAnOutcomeBecameGood) {
    std::mt19937_64 random(3);
    VersionSearch found({"1.3", "1.4", "1.5", "1.6"}, false, {});
    search(found, 1, 1, 0, random);
    EXPECT_EQ(found.answer(), "the outcome changed between 1.3 (bad) and 1.4 (good)");
}

TEST(VersionSearch, SkipsWhatCannotBeTested) {
    VersionSearch found(numbered(5), true, {});
    while (const auto version = found.next()) {
        if (*version == 2)
            found.give_up(*version, "it does not build");
        else
            found.take(*version, *version >= 2);
    }
    EXPECT_EQ(found.last_as_first(), 1U);
    EXPECT_EQ(found.first_as_last(), 3U);
    EXPECT_THAT(found.answer(), HasSubstr("1 between them cannot be tested"));
}

TEST(VersionSearch, SaysIfAnEndIsNotWhatItWasSaidToBe) {
    VersionSearch found(numbered(5), true, {});
    while (const auto version = found.next()) found.take(*version, true);
    EXPECT_FALSE(found.ends_agree());
    EXPECT_THAT(found.answer(), HasSubstr("v0 is not good"));
    VersionSearch gone(numbered(3), true, {});
    gone.give_up(*gone.next(), "it is not there");
    EXPECT_FALSE(gone.next());
    EXPECT_EQ(gone.answer(), "v0 cannot be tested: it is not there");
}

}  // namespace
}  // namespace netcut::test::NETCUT_FILE
