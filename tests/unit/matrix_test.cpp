// SPDX-License-Identifier: Apache-2.0
//
// Matrix files, the cells that are made of them, and what is said of their runs.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/json.h"
#include "matrix/matrix_design.h"
#include "matrix/matrix_file.h"
#include "matrix/matrix_result.h"
#include "matrix/matrix_result_schema.h"
#include "results/read.h"

namespace netcut::test::NETCUT_FILE {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

constexpr const char* two_frameworks = R"(
name: two
frameworks:
  - name: one
    scenario:
      aggregator: {command: "server {release}"}
      collaborator: {command: client}
      parameters: {release: ""}
      experiments:
        - {name: A, what: it computes, fault: {on: {log: computing}}}
        - {name: B, what: it sleeps, fault: {on: {log: sleeping}}}
    versions: ["1", "2"]
    set: {parameters.release: "r{version}"}
  - name: other
    scenario:
      aggregator: {command: server}
      collaborator: {command: client}
      experiments:
        - {name: A, fault: {on: {log: computing}}}
    versions: ["7"]
kinds: [drop, unplug(new-mac)]
durations: [5s, 20s]
repeat: 2
)";

struct TwoFrameworks : testing::Test {
    TwoFrameworks() {
        auto read = read_matrix(two_frameworks, "two.yaml");
        if (!read) throw std::runtime_error(read.error().text());
        spec = std::move(*read);
        auto made = design_of(spec);
        if (!made) throw std::runtime_error(made.error().text());
        design = std::move(*made);
    }
    // A row of a cell.
    StudyRow row(std::size_t cell, unsigned repeat, const std::string& verdict) const {
        StudyRow one;
        one.cell = design.cells[cell].id;
        one.repeat = repeat;
        one.key = key_text(design, {cell, repeat});
        one.factors = design.cells[cell].factors;
        one.verdict = verdict;
        one.noticed = verdict == "recovered";
        if (one.noticed) one.recovery_s = 1.0 + repeat;
        one.started = "2026-11-30T20:00:00Z";
        return one;
    }

    MatrixSpec spec;
    StudyDesign design;
};

TEST_F(TwoFrameworks, HaveACellForEachMomentThatTheyHave) {
    EXPECT_EQ(design.kind, "matrix");
    ASSERT_EQ(design.cells.size(), 3 + 2 * 2 * 4 + 4U);
    EXPECT_TRUE(is_undisturbed(design.cells[2]));
    EXPECT_TRUE(design.cells[2].scenario.faults.empty());
    EXPECT_EQ(design.cells[3].text(), "framework=one, version=1, moment=A, kind=drop, for=5s");
    EXPECT_EQ(design.cells[6].text(), "framework=one, version=1, moment=A, kind=unplug(new-mac), for=20s");
    EXPECT_EQ(design.cells[3].scenario.faults.at(0).duration, std::chrono::seconds(5));
    EXPECT_EQ(design.cells[11].scenario.parameters.at("release"), "r2");
    EXPECT_EQ(version_of(spec, design.cells.back()), 2U);
    EXPECT_THAT(design.factors.at(2).levels, ElementsAre("undisturbed", "A", "B"));
    EXPECT_EQ(design.keep, KeepRuns::all);
}

TEST(Matrix, HasParametersOfTheCommandLineInEachScenario) {
    constexpr const char* text = R"(
frameworks:
  - {name: one, versions: ["1"], scenario: {aggregator: {command: "server {rounds}"}, collaborator: {command: client},
                                                  parameters: {rounds: "1"}}}
)";
    const auto read = read_matrix(text, "one.yaml", {{"rounds", "9"}});
    ASSERT_TRUE(read) << read.error().text();
    EXPECT_EQ(read->versions.at(0).base.parameters.at("rounds"), "9");
}

TEST_F(TwoFrameworks, AreUnsupportedIfNoUndisturbedRunPasses) {
    StudyRows rows;
    const auto add = [&](const StudyRow& one) { rows.emplace(one.key, one); };
    add(row(0, 1, "undisturbed"));
    add(row(0, 2, "crashed"));
    add(row(1, 1, "crashed"));
    add(row(1, 2, "crashed"));
    add(row(3, 1, "recovered"));
    add(row(3, 2, "recovered"));
    add(row(4, 1, "recovered"));
    add(row(4, 2, "hung"));
    MatrixExtras extras;
    extras.not_prepared["other 7"] = "it is not there";
    const Json result = matrix_result(spec, design, results_of_rows(rows, "two"), extras);
    EXPECT_TRUE(result.at("versions")[0].at("supported"));
    EXPECT_THAT(result.at("versions")[1].at("why").get<std::string>(),
                HasSubstr("none of 2 undisturbed runs passed: crashed"));
    EXPECT_EQ(result.at("versions")[2].at("why"), "it is not there");
    EXPECT_EQ(result.at("cells")[0].at("outcome"), "mixed");
    EXPECT_EQ(result.at("cells")[3].at("outcome"), "recovered");
    EXPECT_EQ(result.at("cells")[3].at("recovery_s").at("median"), 2.5);
    EXPECT_EQ(result.at("cells")[4].at("outcome"), "mixed");
    EXPECT_EQ(result.at("cells")[5].at("outcome"), "not run");
    EXPECT_EQ(result.at("cells")[11].at("outcome"), "unsupported");
    EXPECT_EQ(result.at("cells").back().at("outcome"), "unsupported");
    EXPECT_EQ(exit_status_of_matrix(result), 1);
    EXPECT_EQ(history_entry(result, "here").at("cells").at("one | 1 | A | drop | 5s"), "recovered");
    EXPECT_THAT(matrix_text(result), HasSubstr("one 2 is unsupported: none of 2"));
}

TEST_F(TwoFrameworks, MachineDoesNotMakeAVersionUnsupported) {
    StudyRow crowded = row(0, 1, "undisturbed");
    crowded.machine = MachineWord::crowded;
    StudyRow error = row(1, 1, "error");
    error.machine = MachineWord::error;
    StudyRows rows;
    rows.emplace(crowded.key, crowded);
    rows.emplace(error.key, error);
    const Json result = matrix_result(spec, design, results_of_rows(rows, "two"), {});
    EXPECT_TRUE(result.at("versions")[0].at("supported"));
    EXPECT_EQ(result.at("cells")[0].at("outcome"), "machine");
    EXPECT_TRUE(result.at("versions")[1].at("supported"));
    EXPECT_EQ(result.at("cells")[1].at("outcome"), "machine");
}

TEST_F(TwoFrameworks, CellHasTheOutageThatASearchFound) {
    MatrixExtras extras;
    extras.maps["one 1"] = {
        {"rows",
         {{{"phase", "A"},
           {"cells", {{{"kind", "drop"}, {"survived_s", 12.0}, {"fatal_s", 13.0}, {"limit_s", 60}}}}}}}};
    const Json result = matrix_result(spec, design, results_of_rows({}, "two"), extras);
    EXPECT_EQ(result.at("cells")[3].at("outage").at("survived_s"), 12.0);
    EXPECT_TRUE(result.at("cells")[5].at("outage").is_null());
}

TEST_F(TwoFrameworks, ResultHasTheKeysOfItsSchema) {
    StudyRows rows;
    const StudyRow one = row(3, 1, "recovered");
    rows.emplace(one.key, one);
    MatrixExtras extras;
    const Json result = matrix_result(spec, design, results_of_rows(rows, "two"), extras);
    const Json schema = Json::parse(matrix_result_schema());
    const auto same_keys = [](const Json& object, const Json& of, const char* what) {
        for (const auto& [key, unused] : object.items())
            EXPECT_TRUE(of.at("properties").contains(key)) << what << key;
        for (const auto& [key, unused] : of.at("properties").items())
            EXPECT_TRUE(object.contains(key)) << what << key;
    };
    same_keys(result, schema, "result ");
    const Json& cell = schema.at("properties").at("cells").at("items");
    same_keys(result.at("cells")[3], cell, "cell ");
    same_keys(result.at("cells")[3].at("each")[0], cell.at("properties").at("each").at("items"), "run ");
    same_keys(result.at("cells")[3].at("recovery_s"), cell.at("properties").at("recovery_s"), "recovery_s ");
    same_keys(history_entry(result, ""), schema.at("properties").at("history").at("items"), "history ");
}

TEST(MatrixFile, SaysWhatIsWrongWithIt) {
    const auto first_error = [](const std::string& text) {
        const auto read = read_matrix(text, "m.yaml");
        return read ? "nothing" : read.error().text();
    };
    EXPECT_THAT(first_error("name: x"), HasSubstr("a matrix needs a framework"));
    EXPECT_THAT(first_error("frameworks: [{name: a, template: reference, versions: []}]"),
                HasSubstr("needs at least one version"));
    EXPECT_THAT(first_error("frameworks: [{name: a, versions: [\"1\"]}]"),
                HasSubstr("needs a scenario or a template"));
    EXPECT_THAT(first_error("frameworks: [{name: a, scenario: {aggregator: {command: s}, collaborator: "
                            "{command: c}}, versions: "
                            "[\"1\"]}]\nmoments: [nowhen]"),
                HasSubstr("no framework has the moment 'nowhen'"));
    EXPECT_THAT(first_error("frameworks: []\nmoment: A"), HasSubstr("moments"));
    EXPECT_TRUE(is_matrix("frameworks: []"));
    EXPECT_FALSE(is_matrix("factors: []"));
}

TEST(MatrixFile, EachKeyOfItsSchemaHasAMeaning) {
    const Json schema = Json::parse(matrix_schema());
    EXPECT_TRUE(schema.at("properties").contains("frameworks"));
    EXPECT_TRUE(schema.at("properties").contains("repeat"));
    EXPECT_FALSE(schema.at("properties").contains("factors"));
}

}  // namespace
}  // namespace netcut::test::NETCUT_FILE
