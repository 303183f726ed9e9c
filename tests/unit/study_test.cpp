// SPDX-License-Identifier: Apache-2.0
//
// Study files, their cells, the order of runs, and rows.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

#include "base/json.h"
#include "study/cells.h"
#include "study/design.h"
#include "study/measure.h"
#include "study/packer.h"
#include "study/plan.h"
#include "study/progress.h"
#include "study/row.h"
#include "study/study_file.h"

namespace netcut::test::NETCUT_FILE {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::SizeIs;

constexpr const char* scenario = R"(
name: loss
scenario:
  aggregator: {command: server}
  collaborator: {command: client}
  faults: [{name: lossy, kind: loss, model: iid 1%, on: start, for: never}]
)";

StudyDesign design_of(const std::string& rest) {
    auto design = read_study(scenario + rest, "study.yaml");
    EXPECT_TRUE(design) << design.error().text();
    return design ? *design : StudyDesign{};
}

std::string mistake_in(const std::string& rest) {
    const auto design = read_study(scenario + rest, "study.yaml");
    EXPECT_FALSE(design);
    return design ? "" : design.error().text();
}

std::string model_of(const StudyCell& cell) {
    return cell.scenario.faults.front().text("model");
}

StudyRow row(const std::string& cell, unsigned repeat, std::optional<double> recovery,
             MachineWord machine = MachineWord::ok) {
    StudyRow row;
    row.cell = cell;
    row.repeat = repeat;
    row.key = fmt::format("{}-r{:02}", cell, repeat);
    row.verdict = "recovered";
    row.noticed = true;
    row.recovery_s = recovery;
    row.duration_s = 10;
    row.machine = machine;
    return row;
}

StudyRows rows_of(const std::vector<StudyRow>& rows) {
    StudyRows all;
    for (const StudyRow& one : rows) all[one.key] = one;
    return all;
}

TEST(StudyFile, CombinesEachLevelWithEachOther) {
    const StudyDesign design = design_of(R"(
factors:
  - {name: loss, key: faults.lossy.model, as: "iid {loss}", from: 0%, to: 12%, by: 6%}
  - {key: cols, values: [2, 4]}
)");
    ASSERT_THAT(design.cells, SizeIs(6));
    EXPECT_EQ(design.cells[0].id, "c001");
    EXPECT_EQ(design.cells[0].text(), "loss=0%, cols=2");
    EXPECT_EQ(design.cells[3].text(), "loss=6%, cols=4");
    EXPECT_EQ(model_of(design.cells[3]), "iid 6%");
    EXPECT_EQ(design.cells[3].scenario.collaborators, 4U);
    EXPECT_THAT(design.factors[0].levels, ElementsAre("0%", "6%", "12%"));
}

TEST(StudyFile, ALevelSetsSeveralKeysAndNamesOtherFactors) {
    const StudyDesign design = design_of(R"(
factors:
  - {name: share, values: [2%, 8%]}
  - name: model
    levels:
      - {name: single, set: {faults.0.model: "iid {share}"}}
      - {name: bursts, set: {faults.0.model: "burst {share} 50%", tcp.congestion: reno, env.MODE: "{share}"}}
)");
    ASSERT_THAT(design.cells, SizeIs(4));
    EXPECT_EQ(model_of(design.cells[2]), "iid 8%");
    EXPECT_EQ(model_of(design.cells[3]), "burst 8% 50%");
    EXPECT_EQ(design.cells[3].scenario.env.at("MODE"), "8%");
    EXPECT_EQ(design.cells[3].scenario.tcp.front().keys.at("congestion"), "reno");
    EXPECT_TRUE(design.cells[2].scenario.tcp.empty());
}

TEST(StudyFile, TakesListedCombinationsAlone) {
    const StudyDesign design = design_of(R"(
factors: [{key: cols, values: [2, 3, 4]}, {key: fabric.mtu, values: [1280, 1500]}]
combine: [[2, 1500], [4, 1280]]
)");
    ASSERT_THAT(design.cells, SizeIs(2));
    EXPECT_EQ(design.cells[1].text(), "cols=4, fabric.mtu=1280");
    EXPECT_EQ(design.cells[1].scenario.fabric.mtu, 1280U);
}

TEST(StudyFile, ReadsRepeatsBudgetAndMeasures) {
    const StudyDesign design = design_of(R"(
factors: [{key: cols, from: 2, to: 10, steps: 5}]
repeat: 5..30
until: {accuracy: 10%, at: 90%}
budget: {time: 2h, runs: 500}
measures:
  - {name: accuracy, pattern: 're:accuracy ([0-9.]+)', take: most}
  - {name: longest, verdict: rounds.longest_s}
machine: {tries: 2, crowded_above: 40%}
keep: none
seed: 7
)");
    EXPECT_THAT(design.factors[0].levels, ElementsAre("2", "4", "6", "8", "10"));
    EXPECT_EQ(design.least_repeats, 5U);
    EXPECT_EQ(design.most_repeats, 30U);
    ASSERT_THAT(design.until, SizeIs(1));
    EXPECT_DOUBLE_EQ(design.until[0].share, 0.1);
    EXPECT_DOUBLE_EQ(design.confidence, 0.9);
    EXPECT_EQ(design.budget, std::chrono::hours(2));
    EXPECT_EQ(design.most_runs, 500U);
    EXPECT_EQ(design.measures[0].take, MeasureTake::most);
    EXPECT_EQ(design.measures[0].node, "aggregator");
    EXPECT_EQ(design.most_tries, 2U);
    EXPECT_DOUBLE_EQ(design.crowded_above, 0.4);
    EXPECT_EQ(design.keep, KeepRuns::none);
    EXPECT_EQ(design.seed, 7U);
}

TEST(StudyFile, SaysWhatIsWrongAndWhere) {
    EXPECT_THAT(mistake_in("factors: [{key: cols, valuess: [1]}]"), HasSubstr("did you mean 'values'?"));
    EXPECT_THAT(mistake_in("factors: [{key: cols, valuess: [1]}]"), HasSubstr("study.yaml:7:"));
    EXPECT_THAT(mistake_in("factors: [{key: cols, from: 6%, to: 5}]"), HasSubstr("'6%' is not below '5'"));
    EXPECT_THAT(mistake_in("factors: [{key: cols, from: 1, to: 5}]"), HasSubstr("either by or steps"));
    EXPECT_THAT(mistake_in("factors: [{key: cols, values: [2, 2]}]"), HasSubstr("the level '2' twice"));
    EXPECT_THAT(mistake_in("factors: [{name: idle, values: [1, 2]}]"), HasSubstr("idle sets nothing"));
    EXPECT_THAT(mistake_in("factors: [{key: cols, values: [2]}]\nrepeat: 9..3"), HasSubstr("runs backwards"));
    EXPECT_THAT(mistake_in("factors: [{key: cols, values: [2]}]\nuntil: {recovry_s: 10%}"),
                HasSubstr("no measure 'recovry_s'"));
    EXPECT_THAT(mistake_in("factors: [{key: cols, values: [2]}]\nmeasures: [{name: a, pattern: acc}]"),
                HasSubstr("no group that is the number"));
    EXPECT_THAT(mistake_in("factors: [{key: cols, values: [2]}]\ncombine: [[3]]"), HasSubstr("no level '3'"));
    EXPECT_THAT(mistake_in("factors: [{key: faults.other.model, values: [iid 1%]}]"),
                HasSubstr("no such entry"));
}

TEST(StudyFile, NamesTheCellThatCannotBe) {
    const std::string mistake = mistake_in("factors: [{key: faults.0.model, values: [iid 1%, iid 700%]}]");
    EXPECT_THAT(mistake, HasSubstr("the cell c002 (faults.0.model=iid 700%)"));
    EXPECT_THAT(mistake, HasSubstr("is above 100%"));
}

TEST(StudyFile, HasASchemaOfEachKey) {
    const Json schema = Json::parse(study_schema());
    for (const char* key : {"name", "factors", "combine", "repeat", "until", "budget", "measures", "seed"})
        EXPECT_TRUE(schema.at("properties").at(key).contains("description")) << key;
    EXPECT_TRUE(schema.at("$defs").contains("scenario"));
}

TEST(StudyOrder, EachBlockHasEachCellOnceInAnOrderOfTheSeed) {
    StudyDesign design = design_of("factors: [{key: cols, from: 1, to: 20, by: 1}]\nrepeat: 3");
    const auto order = order_of(design);
    ASSERT_THAT(order, SizeIs(60));
    for (unsigned block = 0; block < 3; ++block) {
        std::set<std::size_t> cells;
        for (std::size_t i = block * 20; i < (block + 1) * 20; ++i) {
            cells.insert(order[i].cell);
            EXPECT_EQ(order[i].repeat, block + 1);
        }
        EXPECT_THAT(cells, SizeIs(20));
    }
    EXPECT_EQ(order_of(design), order);
    design.seed = 2;
    EXPECT_NE(order_of(design), order);
}

TEST(StudyOrder, EachRunHasASeedOfItsOwnThatStaysTheSame) {
    const StudyDesign design = design_of("factors: [{key: cols, from: 1, to: 20, by: 1}]\nrepeat: 3");
    std::set<std::uint64_t> seeds;
    for (const StudyRunKey& run : order_of(design)) {
        seeds.insert(seed_of(design, run));
        EXPECT_EQ(scenario_of(design, run).faults.front().text("seed"), std::to_string(seed_of(design, run)));
    }
    EXPECT_THAT(seeds, SizeIs(60));
    EXPECT_LT(*seeds.rbegin(), std::uint64_t{1} << 53);
    // Of SHA-256("1 c001-r01"): the same on every machine.
    EXPECT_EQ(key_text(design, {0, 1}), "c001-r01");
    EXPECT_EQ(seed_of(design, {0, 1}), seed_of(design_of("factors: [{key: cols, values: [9]}]"), {0, 1}));
}

TEST(StudyOrder, AFactorMayBeTheSeed) {
    const StudyDesign design = design_of("factors: [{key: seed, values: [11, 12]}]\nrepeat: 2");
    EXPECT_EQ(scenario_of(design, {0, 1}).faults.front().text("seed"), "11");
    EXPECT_EQ(scenario_of(design, {1, 2}).faults.front().text("seed"), "12");
}

TEST(StudyDigest, ChangesWithTheCellsAndNotWithTheRepeats) {
    const std::string factors = "factors: [{key: cols, values: [2, 3]}]\n";
    EXPECT_EQ(design_of(factors + "repeat: 5").digest(),
              design_of(factors + "repeat: 9\nkeep: all").digest());
    EXPECT_NE(design_of(factors).digest(), design_of("factors: [{key: cols, values: [2, 4]}]").digest());
    EXPECT_NE(design_of(factors).digest(), design_of(factors + "seed: 2").digest());
}

TEST(StudyRow, IsReadAsItWasWritten) {
    StudyRow one = row("c002", 3, 1.25);
    one.factors = {{"loss", "6%"}, {"a,b", "x\"y"}};
    one.measures = {{"accuracy", 0.5}, {"none", std::nullopt}};
    one.starved = 0.25;
    one.seed = (std::uint64_t{1} << 53) - 1;
    one.detail = "line\nbreak";
    const auto read = row_from_json(Json::parse(to_json(one).dump()), "read");
    ASSERT_TRUE(read) << read.error().text();
    EXPECT_EQ(to_json(*read), to_json(one));
    EXPECT_EQ(read->number("recovery_s"), 1.25);
    EXPECT_EQ(read->number("accuracy"), 0.5);
    EXPECT_FALSE(read->number("none"));
    EXPECT_EQ(read->seed, one.seed);
}

TEST(StudyRow, IsALineOfTheHeadersColumns) {
    StudyRow one = row("c002", 3, 1.25);
    one.factors = {{"loss", "6%"}, {"a,b", "x\"y"}};
    one.measures = {{"accuracy", 0.5}};
    const std::string header = csv_header(one), line = csv_line(one);
    EXPECT_THAT(header, HasSubstr("cell,repeat,key,seed,factor.loss,\"factor.a,b\",verdict,noticed,word,"));
    EXPECT_THAT(line, HasSubstr("c002,3,c002-r03,0,6%,\"x\"\"y\",recovered,true,,"));
    EXPECT_THAT(line, HasSubstr(",1.25,"));
    EXPECT_EQ(std::count(header.begin(), header.end(), ','), std::count(line.begin(), line.end(), ',') + 1);
}

TEST(StudyRow, OfAnotherShapeIsRefused) {
    EXPECT_FALSE(row_from_json(Json{{"cell", "c001"}}, "read"));
    EXPECT_FALSE(row_from_json(Json::array(), "read"));
}

StudyDesign one_cell_until_narrow(const std::string& repeat) {
    return design_of("factors: [{key: cols, values: [2]}]\nrepeat: " + repeat + "\nuntil: {recovery_s: 10%}");
}

TEST(StudyProgress, RepeatsUntilTheIntervalIsNarrow) {
    const StudyDesign design =
        design_of("factors: [{key: cols, values: [2, 3]}]\nrepeat: 3..30\nuntil: {recovery_s: 10%}");
    CellProgress progress(design);
    EXPECT_TRUE(progress.wants({0, 3}));
    // The half width of the 95 % interval of 1, 2, 3 is 4.303 / sqrt(3) = 2.484: 124 % of the mean, which needs 463 runs.
    const StudyRows wide = rows_of({row("c001", 1, 1), row("c001", 2, 2), row("c001", 3, 3),
                                    row("c002", 1, 1.0), row("c002", 2, 1.01), row("c002", 3, 0.99)});
    progress.update(wide);
    EXPECT_TRUE(progress.wants({0, 4}));
    EXPECT_EQ(progress.expected_repeats(0), 30U);
    EXPECT_FALSE(progress.wants({1, 4}));
    EXPECT_EQ(progress.expected_repeats(1), 3U);
    EXPECT_EQ(progress.expected_runs(), 33U);
}

TEST(StudyProgress, RunsThatTheMachineSpoiledDoNotCount) {
    const StudyDesign design = one_cell_until_narrow("2..9");
    CellProgress progress(design);
    progress.update(
        rows_of({row("c001", 1, 1), row("c001", 2, 50, MachineWord::crowded), row("c001", 3, 1)}));
    EXPECT_FALSE(progress.wants({0, 4}));
}

TEST(StudyProgress, SpoiledRunIsMadeUpForByAnotherRepeat) {
    const StudyDesign design = one_cell_until_narrow("3..30");
    CellProgress progress(design);
    progress.update(
        rows_of({row("c001", 1, 1), row("c001", 2, 50, MachineWord::crowded), row("c001", 3, 2)}));
    EXPECT_TRUE(progress.wants({0, 4}));
    // Two good runs that are far apart would need thousands.
    EXPECT_EQ(progress.expected_repeats(0), 30U);
    progress.update(rows_of({row("c001", 1, 1, MachineWord::crowded), row("c001", 2, 1, MachineWord::error),
                             row("c001", 3, 1, MachineWord::unknown)}));
    EXPECT_TRUE(progress.wants({0, 6}));
    EXPECT_FALSE(progress.wants({0, 7})) << "three good ones may be narrow";
    EXPECT_EQ(progress.expected_repeats(0), 6U);
}

TEST(StudyRow, IsGoodOnlyIfSomebodySawThatItHadItsCpu) {
    EXPECT_EQ(machine_word(0.1, 0.3), MachineWord::ok);
    EXPECT_EQ(machine_word(0.4, 0.3), MachineWord::crowded);
    EXPECT_EQ(machine_word({}, 0.3), MachineWord::unknown);
    EXPECT_EQ(machine_word({}, 1), MachineWord::ok) << "any crowd will do";
    EXPECT_FALSE(row("c001", 1, 1, MachineWord::unknown).good());
}

TEST(StudyProgress, WhatHasNoSuchNumberIsNotRepeatedForIt) {
    const StudyDesign design = one_cell_until_narrow("2..9");
    CellProgress progress(design);
    progress.update(rows_of({row("c001", 1, std::nullopt), row("c001", 2, std::nullopt)}));
    EXPECT_FALSE(progress.wants({0, 3}));
}

TEST(StudyPlan, CountsWhatIsMissingAndSaysWhenItGuesses) {
    const StudyDesign design = design_of("factors: [{key: cols, values: [2, 3]}]\nrepeat: 5");
    const StudyPlan guess = plan_of(design, {}, 2);
    EXPECT_EQ(guess.missing, 10U);
    EXPECT_THAT(guess.to_text(), HasSubstr("a guess"));
    StudyRow made = row("c001", 1, 1);
    made.disk_bytes = 1e6;
    const StudyPlan plan = plan_of(design, rows_of({made}), 2);
    EXPECT_EQ(plan.missing, 9U);
    EXPECT_DOUBLE_EQ(plan.seconds(), 45);
    EXPECT_FALSE(plan.time_is_guessed);
}

TEST(StudyPacker, LearnsFromTheFirstRunHowManyFit) {
    Packer packer({4, 1e9}, {});
    EXPECT_TRUE(packer.fits("c001"));
    packer.add("c001-r01", "c001");
    EXPECT_FALSE(packer.fits("c001")) << "nothing is known yet";
    packer.remove("c001-r01");
    StudyRow known = row("c001", 1, 1);
    known.cpu_s = 10;  // one CPU
    known.memory_bytes = 3e8;
    packer.learn(known);
    packer.add("c001-r02", "c001");
    EXPECT_TRUE(packer.fits("c002")) << "another cell needs no less";
    packer.add("c002-r01", "c002");
    EXPECT_FALSE(packer.fits("c001")) << "three have more memory than there is";
}

TEST(StudyPacker, MakesFewerAtOnceAfterCrowdedRuns) {
    Packer packer({4, 0}, {});
    StudyRow known = row("c001", 1, 1);
    known.cpu_s = 10;
    packer.learn(known);
    packer.add("c001-r02", "c001");
    packer.add("c001-r03", "c001");
    EXPECT_TRUE(packer.fits("c001"));
    known.machine = MachineWord::crowded;
    packer.learn(known);
    EXPECT_FALSE(packer.fits("c001"));
}

TEST(StudyPacker, MakesAsManyAsWasAskedFor) {
    Packer packer({1, 1}, 2);
    packer.add("a", "c001");
    EXPECT_TRUE(packer.fits("c001"));
    packer.add("b", "c001");
    EXPECT_FALSE(packer.fits("c001"));
}

TEST(WithLevels, FillsInFactorsAndNothingElse) {
    EXPECT_EQ(with_levels("iid {loss} {name} {{loss}}", {{"loss", "6%"}}), "iid 6% {name} {6%}");
}

}  // namespace
}  // namespace netcut::test::NETCUT_FILE
