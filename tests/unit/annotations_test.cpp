// SPDX-License-Identifier: Apache-2.0
#include "report/annotations.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/json.h"

namespace netcut::test::NETCUT_FILE {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::SizeIs;

Json hung_verdict() {
    return Json::parse(
        R"({"name": "upload", "verdict": "hung", "reason": "no progress for 5s; server did not end", "headline": "hung",
        "exit_status": 1, "noticed": true,
        "faults": [{"fault": "cut", "kind": "drop", "fired_s": 1.25, "healed_s": 3.25, "lasted_s": 2.0,
                    "nodes": [{"node": "collaborator1", "packets_lost": {"total": 7}, "time_to_recover_s": null}]}],
        "nodes": [{"node": "aggregator", "ended": "stopped by netcut-fl", "finished": false},
                  {"node": "collaborator1", "ended": "exit code 0", "finished": true}]})");
}

Json table_of(const std::vector<std::vector<std::string>>& cells) {
    Json table = {{"kind", "experiments"}, {"title", "t"}, {"rows", Json::array()}};
    Json& row =
        table["rows"].emplace_back(Json{{"name", "A"}, {"what", "it computes"}, {"cells", Json::array()}});
    for (const auto& outcomes : cells) {
        Json repeats = Json::array();
        for (const std::string& outcome : outcomes) repeats.push_back({{"outcome", outcome}});
        const bool same =
            std::count(outcomes.begin(), outcomes.end(), outcomes.front()) == std::ssize(outcomes);
        row["cells"].push_back({{"column", "drop " + std::to_string(row["cells"].size() + 1) + "s"},
                                {"outcome", same ? outcomes.front() : "mixed"},
                                {"text", same ? outcomes.front() : "differs"},
                                {"repeats", repeats}});
    }
    return table;
}

std::vector<std::string> commands_of(const std::vector<Annotation>& annotations) {
    std::vector<std::string> commands;
    for (const Annotation& one : annotations) commands.push_back(workflow_command(one));
    return commands;
}

TEST(WorkflowCommand, IsOneLineWhateverStandsInIt) {
    EXPECT_EQ(
        workflow_command({Annotation::Level::warning, "a, b: 100%\n::error::c", "1:2, 50%\r\n::error::x"}),
        "::warning title=netcut-fl%3A a%2C b%3A 100%25?%3A%3Aerror%3A%3Ac::1:2, 50%25?%0A::error::x");
}

TEST(AnnotationsOfRun, FailureIsOneAndSuccessIsNone) {
    EXPECT_THAT(commands_of(annotations_of_run(hung_verdict())),
                ElementsAre("::error title=netcut-fl%3A hung::no progress for 5s; server did not end"));
    Json good = hung_verdict();
    good.update({{"verdict", "recovered"}, {"exit_status", 0}});
    EXPECT_THAT(annotations_of_run(good), IsEmpty());
}

TEST(AnnotationsOfRun, EachExpectationThatWasNotMet) {
    Json verdict = hung_verdict();
    verdict["expected"] = Json::parse(R"([{"what": "rounds 5", "met": false, "found": "3"},
        {"what": "nobody crashed", "met": true},
        {"what": "it recovered", "met": false, "found": "hung: no progress for 5s; server did not end"}])");
    EXPECT_THAT(
        commands_of(annotations_of_run(verdict)),
        ElementsAre("::error title=netcut-fl%3A not met%3A rounds 5::3 (hung: no progress for 5s; "
                    "server did not end)",
                    "::error title=netcut-fl%3A not met%3A it recovered::hung: no progress for 5s; server "
                    "did not end"));
}

TEST(AnnotationsOfRun, OneThatProvesNothingIsWarnedOf) {
    Json verdict = hung_verdict();
    verdict.update({{"verdict", "recovered"}, {"exit_status", 0}, {"noticed", false}});
    EXPECT_THAT(commands_of(annotations_of_run(verdict)),
                ElementsAre(HasSubstr("::warning title=netcut-fl%3A this run proves nothing::")));
}

TEST(AnnotationsOfTable, WorstRepeatOfACellDecides) {
    const Json table = table_of({{"recovered", "recovered"},
                                 {"recovered", "hung"},
                                 {"not noticed", "recovered"},
                                 {"not noticed", "crashed"},
                                 {"not-triggered"}});
    EXPECT_THAT(commands_of(annotations_of_table(table)),
                ElementsAre("::error title=netcut-fl%3A A drop 2s::differs",
                            "::error title=netcut-fl%3A A drop 4s::differs",
                            "::error title=netcut-fl%3A A drop 5s::not-triggered",
                            "::warning title=netcut-fl%3A A drop 3s::differs"));
}

TEST(AnnotationsOfTable, NoMoreThanAreShownAndTheLastSaysHowManyAreLeft) {
    std::vector<std::vector<std::string>> cells(12, {"hung"});
    cells.push_back({"not noticed"});
    const auto annotations = annotations_of_table(table_of(cells));
    ASSERT_THAT(annotations, SizeIs(11));
    EXPECT_EQ(annotations[9].title, "and 3 more");
    EXPECT_EQ(annotations[10].level, Annotation::Level::warning);
}

TEST(Summary, SaysWhatFailedAndWhatWasDone) {
    const std::string summary = summary_of_run(hung_verdict(), "/runs/1");
    EXPECT_THAT(summary, HasSubstr("### upload: **hung**\n\nhung: no progress for 5s"));
    EXPECT_THAT(summary, HasSubstr("| cut | drop | collaborator1 | 1.250 s | 2.000 s | 7 lost | never |"));
    EXPECT_THAT(summary, HasSubstr("| aggregator | stopped by netcut\\-fl |"));
    EXPECT_THAT(summary, Not(HasSubstr("exit code 0")));
}

TEST(Summary, TableHasTheCellsAndMarksThoseThatFailed) {
    const std::string summary = summary_of_table(table_of({{"recovered"}, {"hung"}}), "/runs");
    EXPECT_THAT(summary, HasSubstr("| moment | drop 1s | drop 2s | what happens then |"));
    EXPECT_THAT(summary, HasSubstr("| A | recovered | **hung** | it computes |"));
}

TEST(Summary, HostileTextIsNoMarkup) {
    Json verdict = hung_verdict();
    verdict["nodes"][0]["ended"] = "| x |\n</td><img src=x>[a](http://b) `c` **d** \x1b[31m";
    const std::string summary = summary_of_run(verdict, "f");
    EXPECT_THAT(summary,
                HasSubstr("\\| x \\|\\?\\<\\/td\\>\\<img src\\=x\\>\\[a\\]\\(http\\:\\/\\/b\\) \\`c\\` "
                          "\\*\\*d\\*\\* \\?\\[31m"));
}

TEST(Summary, IsBounded) {
    Json verdict = hung_verdict();
    verdict["reason"] = std::string(100'000, 'x');
    for (int i = 0; i < 4096; ++i)
        verdict["nodes"].push_back(
            {{"node", "collaborator"}, {"ended", std::string(10'000, '|')}, {"finished", false}});
    EXPECT_LT(summary_of_run(verdict, "f").size(), 100'000U);
    EXPECT_THAT(summary_of_run(verdict, "f"), HasSubstr("and 4047 more"));
}

}  // namespace
}  // namespace netcut::test::NETCUT_FILE
