// SPDX-License-Identifier: Apache-2.0
#include "scenario/mistakes.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"
#include "scenario/scenario.h"
#include "scenario/yaml_section.h"

namespace netcut::test::NETCUT_FILE {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

// "code line:column" of each.
std::vector<std::string> found(const std::string& yaml) {
    Scenario scenario;
    const Reading reading = read_all(scenario, yaml, "test.yaml");
    Mistakes mistakes;
    find_mistakes(scenario, reading, mistakes);
    std::vector<Error> all = reading.errors;
    all.insert(all.end(), mistakes.found().begin(), mistakes.found().end());
    std::vector<std::string> texts;
    for (const Error& error : all)
        texts.push_back(std::string(word_of(error.mistake)) + " " + std::to_string(error.place.line) + ":" +
                        std::to_string(error.place.column));
    return texts;
}

constexpr const char* plain = "aggregator: {command: a}\ncollaborator: {command: c}\n";

TEST(Mistakes, OfAGoodScenarioThereAreNone) {
    EXPECT_THAT(found(plain), ElementsAre());
}

TEST(Mistakes, AllThatAreReadAreFoundAtOnce) {
    EXPECT_THAT(found(std::string(plain) + "timeout: 20\n"
                                           "fabric: {mtuu: 1}\n"
                                           "faults:\n"
                                           "  - {kind: dorp, on: start}\n"
                                           "  - {on: start, for: ever}\n"),
                ElementsAre("unknown-key 4:10", "bad-value 6:12", "bad-value 7:22", "bad-value 3:10"));
}

TEST(Mistakes, WhatWasReadWellIsCheckedAllTheSame) {
    EXPECT_THAT(
        found(std::string(plain) + "timeout: 20\n"
                                   "ready: 're:('\n"
                                   "faults:\n"
                                   "  - {kind: dorp, on: start}\n"
                                   "  - {on: start, nodes: [collaborator7]}\n"
                                   "  - {nodes: [collaborator1]}\n"),
        ElementsAre("bad-value 6:12", "bad-value 3:10", "bad-value 4:8", "unknown-name 7:24", "missing 8:5"));
}

TEST(Mistakes, WhatFollowsFromOneIsNoOther) {
    EXPECT_THAT(found("agregator: {command: a}\ncollaborator: {command: c}\n"),
                ElementsAre("unknown-key 1:1"));
    EXPECT_THAT(found("aggregator: {comand: a}\ncollaborator: {command: c}\n"),
                ElementsAre("unknown-key 1:14"));
    EXPECT_THAT(
        found(std::string(plain) + "collaborators: x\nfaults: [{on: start, nodes: [collaborator9]}]\n"),
        ElementsAre("bad-value 3:16"));
    EXPECT_THAT(found(std::string(plain) + "faults:\n  - {name: a, on: startt}\n  - {on: {after: a}}\n"),
                ElementsAre("bad-value 4:19"));
    EXPECT_THAT(found(std::string(plain) + "experiments: [{nam: A}]\n"), ElementsAre("unknown-key 3:16"));
    EXPECT_THAT(found("name: [\n"), ElementsAre("syntax 2:1"));
}

TEST(Mistakes, AreAHundredAtMost) {
    std::string yaml = plain;
    for (int i = 0; i < 300; ++i) yaml += "wrong" + std::to_string(i) + ": 1\n";
    EXPECT_EQ(found(yaml).size(), 100u);
}

TEST(Mistakes, TheExcerptOfAPlaceHasACaretBelowIt) {
    EXPECT_EQ(excerpt_of("a: 1\nbc: 2\n", {"f", 2, 5}), "    bc: 2\n        ^");
    EXPECT_EQ(excerpt_of("a: 1\n", {"f", 7, 1}), "");
    EXPECT_EQ(excerpt_of("a: 1\n", {"f", 0, 0}), "");
}

TEST(Mistakes, TheTextOfAnErrorNamesItsPlace) {
    Error error = usage_failure("read it", "it is wrong", "mend it").value();
    EXPECT_EQ(error.text(), "cannot read it: it is wrong (mend it)");
    error.place = {"f.yaml", 3, 7};
    EXPECT_EQ(error.text(), "cannot read it: f.yaml:3:7: it is wrong (mend it)");
    error.place = {"--for"};
    EXPECT_EQ(error.why(), "--for: it is wrong");
}

}  // namespace
}  // namespace netcut::test::NETCUT_FILE
