// SPDX-License-Identifier: Apache-2.0
#include "base/json.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace netcut::test::NETCUT_FILE {
namespace {

std::string nested(char open, char close, std::size_t depth) {
    return std::string(depth, open) + std::string(depth, close);
}

TEST(Json, DepthCountsBracketsOutsideOfStrings) {
    EXPECT_EQ(depth_of_json("1"), 0);
    EXPECT_EQ(depth_of_json(R"({"a": [1, {"b": []}], "c": {}})"), 4);
    EXPECT_EQ(depth_of_json(R"({"[[[[": "\"[[[[\\"})"), 1);
    EXPECT_EQ(depth_of_json("[1"), 1) << "it is no JSON";
}

TEST(Json, OneThatNestsTooDeepIsRefusedAndOneThatDoesNotIsTaken) {
    EXPECT_TRUE(parse_json(nested('[', ']', deepest_json), "read it"));
    const auto deep = parse_json(nested('[', ']', 200'000), "read it");
    ASSERT_FALSE(deep);
    EXPECT_THAT(deep.error().text(), testing::HasSubstr("nest more than 64 deep"));
    std::string objects;
    for (int i = 0; i < 100'000; ++i) objects += R"({"a":)";
    EXPECT_FALSE(parse_json(objects, "read it"));
}

TEST(Json, WhatIsNoneSaysWhere) {
    const auto read = parse_json("{\"a\": }", "read it");
    ASSERT_FALSE(read);
    EXPECT_THAT(read.error().text(), testing::HasSubstr("parse error at line 1, column 7"));
}

}  // namespace
}  // namespace netcut::test::NETCUT_FILE
