// SPDX-License-Identifier: Apache-2.0
//
// The second word of real runs: planted defects are found and named, and a run without one is as undisturbed.
#include <gmock/gmock.h>

#include <fstream>

#include "e2e/crowd.h"
#include "e2e/tool.h"

namespace netcut::test::NETCUT_FILE {
namespace {

using testing::AnyOf;
using testing::Contains;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

// Twins are made in the current folder: each test has one of its own.
class HereOf {
  public:
    explicit HereOf(const Folder& folder) : before_(std::filesystem::current_path()) {
        std::filesystem::current_path(folder.path());
    }
    ~HereOf() { std::filesystem::current_path(before_); }

  private:
    std::filesystem::path before_;
};

// collaborator3 is cut off when it begins the second round, and so late.
Arguments cut_and_compared(const std::string& out, const Arguments& more,
                           const std::string& on = "round 2: training") {
    Arguments arguments = {"run",
                           "-q",
                           "--local",
                           "--out",
                           out,
                           "--cols",
                           "3",
                           "--set",
                           "rounds=3",
                           "--set",
                           "pace=200ms",
                           "--set",
                           "model-size=64KiB",
                           "--cut-on",
                           on,
                           "--reconnect-after",
                           std::to_string(4 * time_scale()) + "s",
                           "--twins",
                           "1"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return reference_for_this_machine(arguments);
}

std::vector<std::string> findings_of(const Json& verdict) {
    std::vector<std::string> kinds;
    for (const Json& one : verdict.at("safety").at("findings")) kinds.push_back(one.at("finding"));
    return kinds;
}

struct Planted {
    const char *defect, *finding, *text;
};
void PrintTo(const Planted& planted, std::ostream* out) {
    *out << planted.defect;
}
class PlantedDefect : public testing::TestWithParam<Planted> {};

INSTANTIATE_TEST_SUITE_P(
    Safety, PlantedDefect,
    testing::Values(
        Planted{"drop-update", "not-counted",
                "round 2 went on without collaborator3 (delivered, not counted)"},
        Planted{"count-twice", "counted-twice", "collaborator3's update of round 2 counted twice"},
        Planted{"half-update", "counted-in-part", "collaborator3's update of round 2 counted in part"},
        Planted{"stale-model", "stale",
                "collaborator3's update of round 3 was trained from the model of round 2"},
        Planted{"skip-late", "not-counted", "round 2 went on without collaborator3"}),
    [](const auto& info) {
        std::string name = info.param.defect;
        name.erase(std::remove(name.begin(), name.end(), '-'), name.end());
        return name;
    });

TEST_P(PlantedDefect, IsFoundAndNamed) {
    NETCUT_E2E_WITH_REFERENCE();
    const Folder folder;
    const HereOf here(folder);
    const std::string run = folder / "run";
    const Finished finished =
        run_tool(cut_and_compared(run, {"--set", std::string("defect=") + GetParam().defect, "--safety"}));
    const Json verdict = read_verdict(run);
    EXPECT_EQ(verdict.at("verdict"), "recovered") << finished.err;
    EXPECT_EQ(finished.status, 1);
    EXPECT_THAT(findings_of(verdict), Contains(GetParam().finding)) << verdict.at("safety").dump(2);
    EXPECT_THAT(findings_of(verdict), Contains("digest"));
    EXPECT_THAT(verdict.at("safety").at("text").get<std::string>(), HasSubstr(GetParam().text));
    EXPECT_THAT(slurp(run + "/junit.xml"), HasSubstr("the model is that of an undisturbed run"));
}

TEST(Safety, ARunThatIsCutIsAsUndisturbedAndItsTwinIsMadeOnce) {
    NETCUT_E2E_WITH_REFERENCE();
    const Folder folder;
    const HereOf here(folder);
    const std::string first = folder / "first", second = folder / "second";
    EXPECT_EQ(run_tool(cut_and_compared(first, {"--safety", "--pcap"})).status, 0);
    const Json safety = read_verdict(first).at("safety");
    EXPECT_EQ(safety.at("word"), "as-undisturbed") << safety.dump(2);
    EXPECT_THAT(safety.at("judged"), Contains("delivered"));
    for (const Json& row : safety.at("grid").at("cells"))
        for (const Json& cell : row) {
            EXPECT_EQ(cell.at("counted"), 1);
            EXPECT_THAT(cell.at("delivered"), AnyOf(1, nullptr)) << safety.dump(2);
        }
    const Finished verified = run_tool({"verify", first});
    EXPECT_EQ(verified.status, 0) << verified.out;
    EXPECT_THAT(verified.out, HasSubstr("connections carried what the journal says"));
    const auto made = std::filesystem::last_write_time(folder / "netcut-twins");
    run_tool(cut_and_compared(second, {}, "round 3: training"));
    EXPECT_EQ(read_verdict(second).at("safety").at("word"), "as-undisturbed");
    EXPECT_EQ(std::filesystem::last_write_time(folder / "netcut-twins"), made);
}

// A and C differ in their cuts alone.
TEST(Safety, MomentsOfATableShareTheirTwins) {
    NETCUT_E2E_WITH_REFERENCE();
    const Folder folder;
    const HereOf here(folder);
    const Finished table =
        run_tool({"experiments", "--template", "reference", "--cols", "2", "--moments", "A,C", "--kinds",
                  "drop", "--for", "300ms", "--twins", "1", "--out", folder / "table"});
    EXPECT_EQ(table.status, 0) << table.out << table.err;
    const auto first = table.out.find("twin    twin1: undisturbed");
    ASSERT_NE(first, std::string::npos) << table.out;
    EXPECT_EQ(table.out.find("twin", first + 20), std::string::npos) << table.out;
    for (const Json& row : Json::parse(slurp(folder / "table/experiments.json")).at("rows"))
        EXPECT_EQ(row.at("cells")[0].at("repeats").size(), 1U) << row;
}

TEST(Safety, WhatNobodyTellsIsNotAsExpected) {
    NETCUT_E2E_WITH_REFERENCE();
    const Folder folder;
    const std::string run = folder / "run";
    std::ofstream(folder / "s.yaml")
        << "template: reference\ncollaborators: 2\nparameters: {rounds: 1, pace: 50ms}\n"
           "counted: {averaged: 're:never (?P<node>said)'}\nexpect: {counted: once}\n";
    EXPECT_EQ(run_tool({"run", "-q", folder / "s.yaml", "--out", run}).status, 1);
    EXPECT_THAT(read_verdict(run).at("expected").dump(), HasSubstr("went on without"));
}

}  // namespace
}  // namespace netcut::test::NETCUT_FILE
