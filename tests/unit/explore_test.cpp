// SPDX-License-Identifier: Apache-2.0

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

#include "base/json.h"
#include "base/time.h"
#include "explore/bisection.h"
#include "explore/compare.h"
#include "explore/cut_kind.h"
#include "explore/experiments.h"
#include "explore/outcome.h"
#include "explore/phase_moments.h"
#include "explore/reduce.h"
#include "explore/repeats.h"
#include "explore/run_pool.h"
#include "explore/search.h"
#include "link/counter.h"
#include "record/event.h"
#include "scenario/fault_kind.h"
#include "scenario/fault_spec.h"
#include "scenario/scenario.h"
#include "scenario/words.h"

namespace netcut::test::NETCUT_FILE {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using namespace std::chrono_literals;

// How many outages a search tries until it is done, with outages up to `threshold` survived.
unsigned search(Bisection& bisection, Nanoseconds threshold) {
    unsigned tries = 0;
    while (const auto length = bisection.next()) {
        bisection.take(*length, *length <= threshold ? Effect::survived : Effect::fatal);
        if (++tries > 1000) break;
    }
    return tries;
}

TEST(PhaseExperiments, FitAnyFederation) {
    Scenario base;
    base.aggregator.command = {"a"};
    base.collaborator.command = {"c"};
    std::set<std::string> names;
    for (const ExperimentSpec& moment : phase_experiments()) {
        const auto scenario = experiment_scenario(base, moment, {fault_kind("drop"), 5s});
        ASSERT_TRUE(scenario) << moment.name << scenario.error().text();
        EXPECT_EQ(scenario->faults.at(0).trigger.node, "collaborator2");
        EXPECT_EQ(phase_moment_name(scenario->faults.at(0).trigger.phase.kind), moment.name);
        names.insert(moment.name);
    }
    EXPECT_EQ(names.size(), 5U);
}

TEST(Experiment, MayChangeWhatNodesDoButNotAStageThatIsDoneOnceForAll) {
    Scenario base;
    base.aggregator.command = {"a", "{level}"};
    base.collaborator.command = {"c"};
    base.parameters = {{"level", "info"}, {"rounds", "3"}};
    StageSpec stage;
    stage.name = "workspace";
    stage.commands.emplace_back().run = {"make", "{rounds}"};
    base.stages = {stage};
    ExperimentSpec moment = phase_experiments().front();
    moment.parameters = {{"level", "debug"}, {"rounds", "3"}};
    EXPECT_TRUE(experiment_scenario(base, moment, {fault_kind("drop"), 5s}));
    moment.parameters = {{"rounds", "9"}};
    const auto refused = experiment_scenario(base, moment, {fault_kind("drop"), 5s});
    ASSERT_FALSE(refused);
    EXPECT_THAT(refused.error().text(), HasSubstr("--set rounds=9"));
    EXPECT_THAT(refused.error().text(), HasSubstr("the stage workspace"));
}

TEST(Bisection, FindsTheThresholdWithinItsBoundInLogarithmicallyManyTries) {
    for (const auto threshold : {1001ms, 3700ms, 7000ms, 12345ms, 59999ms}) {
        Bisection bisection(500ms, 60s, 250ms);
        EXPECT_LE(search(bisection, threshold), 10U);
        ASSERT_TRUE(bisection.longest_survived() && bisection.shortest_fatal());
        EXPECT_LE(*bisection.longest_survived(), threshold);
        EXPECT_GT(*bisection.shortest_fatal(), threshold);
        EXPECT_LE(*bisection.shortest_fatal() - *bisection.longest_survived(), 250ms);
    }
}

TEST(Bisection, OfSeveralAtOnceIsOverSooner) {
    for (const auto threshold : {1001ms, 3700ms, 7000ms, 12345ms, 59999ms}) {
        Bisection bisection(500ms, 60s, 250ms);
        unsigned turns = 0;
        for (auto lengths = bisection.next(4); !lengths.empty() && turns < 100;
             lengths = bisection.next(4), ++turns) {
            EXPECT_LE(lengths.size(), 4U);
            EXPECT_TRUE(std::is_sorted(lengths.begin(), lengths.end()));
            for (const auto length : lengths)
                bisection.take(length, length <= threshold ? Effect::survived : Effect::fatal);
        }
        EXPECT_LE(turns, 5U);
        ASSERT_TRUE(bisection.longest_survived() && bisection.shortest_fatal());
        EXPECT_LE(*bisection.longest_survived(), threshold);
        EXPECT_GT(*bisection.shortest_fatal(), threshold);
        EXPECT_LE(*bisection.shortest_fatal() - *bisection.longest_survived(), 250ms);
    }
}

TEST(Bisection, TriesNoMoreThanTellsAll) {
    Bisection bisection(1s, 10s, 1s);
    EXPECT_EQ(bisection.next(4), (std::vector<Nanoseconds>{1s, 10s}));
    bisection.take(1s, Effect::survived);
    bisection.take(10s, Effect::fatal);
    bisection.take(4s, Effect::fatal);
    EXPECT_EQ(bisection.next(9), (std::vector<Nanoseconds>{2s, 3s}));
    bisection.take(3s, Effect::survived);
    EXPECT_TRUE(bisection.next(9).empty());
}

TEST(Bisection, SaysWhenThereIsNoThresholdBetweenItsEnds) {
    Bisection always(500ms, 60s, 250ms);
    EXPECT_EQ(search(always, 100s), 1U);
    EXPECT_EQ(always.longest_survived(), 60s);
    EXPECT_FALSE(always.shortest_fatal());
    Bisection never(500ms, 60s, 250ms);
    EXPECT_EQ(search(never, 0s), 2U);
    EXPECT_EQ(never.shortest_fatal(), 500ms);
    EXPECT_FALSE(never.longest_survived());
}

TEST(Bisection, WhatNobodyNoticedIsNotSurvived) {
    Bisection bisection(500ms, 60s, 250ms);
    bisection.take(60s, Effect::fatal);
    bisection.take(500ms, Effect::unnoticed);
    EXPECT_FALSE(bisection.longest_survived());
    EXPECT_EQ(bisection.longest_unnoticed(), 500ms);
    EXPECT_EQ(bisection.next(), 30250ms) << "it is no threshold either";
    ResilienceCell cell{CutKind(fault_kind("drop")), bisection, 0, {}, false, {}, 0};
    EXPECT_EQ(cell.text(), "nobody noticed 500ms, does not survive 1m");
    cell.bounds.take(30250ms, Effect::survived);
    EXPECT_EQ(cell.text(), "survives 30.25s, not 1m");
    RunOutcome outcome;
    outcome.verdict = {{"verdict", "recovered"}, {"noticed", false}};
    EXPECT_FALSE(outcome.survived());
    EXPECT_FALSE(outcome.fatal());
    EXPECT_TRUE(outcome.unnoticed());
}

ItemSet reduce(std::size_t count, const std::function<bool(const ItemSet&)>& fails) {
    return reduce_to_smallest(count,
                              [&](const std::vector<ItemSet>& sets) -> Result<std::vector<bool>> {
                                  std::vector<bool> failed;
                                  for (const ItemSet& set : sets) failed.push_back(fails(set));
                                  return failed;
                              })
        .value();
}

bool has(const ItemSet& set, std::size_t item) {
    return std::find(set.begin(), set.end(), item) != set.end();
}

TEST(Reduction, FindsTheOneGuiltyItem) {
    for (std::size_t guilty = 0; guilty < 10; ++guilty)
        EXPECT_THAT(reduce(10, [&](const ItemSet& set) { return has(set, guilty); }), ElementsAre(guilty));
}

TEST(Reduction, FindsTwoThatAreGuiltyTogether) {
    for (std::size_t a = 0; a < 9; ++a)
        for (std::size_t b = a + 1; b < 9; ++b)
            EXPECT_THAT(reduce(9, [&](const ItemSet& set) { return has(set, a) && has(set, b); }),
                        ElementsAre(a, b));
}

TEST(Reduction, KeepsAllWhenAllAreNeeded) {
    EXPECT_EQ(reduce(5, [](const ItemSet& set) { return set.size() == 5; }).size(), 5U);
    EXPECT_THAT(reduce(1, [](const ItemSet&) { return true; }), ElementsAre(0U));
}

TEST(Reduction, AnOracleThatFailsEndsIt) {
    const auto result = reduce_to_smallest(
        4, [](const auto&) -> Result<std::vector<bool>> { return usage_failure("try", "no room"); });
    ASSERT_FALSE(result);
    EXPECT_EQ(result.error().reason, "no room");
}

RunOutcome outcome(const std::string& verdict, const std::string& reason, Json seconds) {
    RunOutcome one;
    one.id = "A-1";
    one.exit_status = verdict == "recovered" ? 0 : 1;
    one.verdict = {{"verdict", verdict},
                   {"reason", reason},
                   {"noticed", true},
                   {"time_to_recover_s", seconds},
                   {"nodes", {{{"node", "collaborator2"}, {"finished", verdict == "recovered"}}}}};
    return one;
}

TEST(Outcome, IsToldInAFewWords) {
    EXPECT_EQ(outcome("recovered", "", 1.66).detail(), "+1.7 s");
    RunOutcome crashed = outcome("crashed", "", nullptr);
    crashed.verdict["crashed"] = {{"node", "collaborator2"}, {"ended", "exit code 1"}, {"exit_code", 1}};
    EXPECT_EQ(crashed.detail(), "collaborator2, exit code 1");
    EXPECT_FALSE(outcome("crashed", "", 20.8).seconds_to_recover()) << "it went on, and crashed then";
    EXPECT_EQ(outcome("hung", "", nullptr).detail(), "collaborator2");
    RunOutcome unnoticed = outcome("recovered", "", nullptr);
    unnoticed.verdict["noticed"] = false;
    EXPECT_EQ(unnoticed.word(), "not noticed");
    RunOutcome broken;
    broken.exit_status = 3;
    broken.message = "netcut-fl: cannot make it";
    EXPECT_EQ(broken.word(), "error");
    EXPECT_FALSE(broken.judged());
}

ExperimentTable table_of(std::vector<RunOutcome> repeats) {
    ExperimentTable table;
    table.title = "t";
    table.rows = {{"C'", "a reply, lost", {}, {}, {}}};
    table.columns = {{fault_kind("drop"), 20s}};
    table.cells = {{{std::move(repeats)}}};
    return table;
}

TEST(Table, ShowsTheSpreadOfRepeatsAndTellsMixedOnes) {
    ExperimentTable same = table_of({outcome("recovered", "", 1.2), outcome("recovered", "", 3.0)});
    EXPECT_THAT(same.to_text(), HasSubstr("recovered +2.1 s (1.2 to 3.0)"));
    EXPECT_EQ(same.exit_status(), 0);
    ExperimentTable mixed = table_of({outcome("recovered", "", 1.2), outcome("hung", "", nullptr)});
    EXPECT_THAT(mixed.to_text(), HasSubstr("hung 1, recovered 1 of 2"));
    EXPECT_EQ(mixed.to_json()["rows"][0]["cells"][0]["outcome"], "mixed");
    EXPECT_EQ(mixed.exit_status(), 1);
    EXPECT_THAT(mixed.to_csv(),
                HasSubstr("C',\"a reply, lost\",drop,20,2,hung,collaborator2,,1,runs/A-1\r\n"));
    RunOutcome broken;
    broken.exit_status = 3;
    EXPECT_EQ(table_of({broken}).exit_status(), 3);
}

Event about_cut(event::Any what) {
    Event event;
    event.what = std::move(what);
    event.node = "collaborator1";
    event.fault = "cut";
    return event;
}

// A cut at a byte: it is in the packet that ends at `end`.
std::vector<Event> journal_of_cut(const std::string& when, std::uint64_t packets, std::uint64_t end,
                                  const std::string& verdict) {
    return {about_cut(event::FaultArmed{.when = when}),
            about_cut(event::TriggerTripped{
                .when = when, .packet = "x", .bytes = 500, .counted = CounterValue{packets, end}}),
            about_cut(event::FaultFired{.kind = "drop", .nodes = {"collaborator1"}, .number = 1}),
            about_cut(event::NodeExited{}), about_cut(event::RunEnded{.verdict = verdict})};
}

TEST(Comparison, TheSameByteMayBeInALongerPacket) {
    for (const std::string when : {"sent 2000 node collaborator1", "sending 2000"}) {
        const auto recorded = journal_of_cut(when, 4, 2000, "recovered");
        EXPECT_TRUE(compare_runs(recorded, journal_of_cut(when, 5, 2499, "recovered")).empty());
        const auto apart = compare_runs(recorded, journal_of_cut(when, 5, 2500, "recovered"));
        ASSERT_EQ(apart.size(), 1U);
        EXPECT_EQ(apart[0].what, "cut trips at");
        EXPECT_EQ(apart[0].recorded, "byte 2000");
        EXPECT_EQ(apart[0].replayed, "a packet of the bytes 2001 to 2500");
    }
}

TEST(Comparison, NamesWhatIsMissingAndWhatIsNew) {
    const std::string when = "sent-packets 4 node collaborator1";
    const auto recorded = journal_of_cut(when, 4, 2000, "recovered");
    auto other = journal_of_cut(when, 5, 2000, "crashed");
    other.erase(other.begin() + 2);
    const auto apart = compare_runs(recorded, other);
    ASSERT_EQ(apart.size(), 3U);
    EXPECT_EQ(apart[0].replayed, "data packet 5");
    EXPECT_EQ(apart[1].replayed, "nothing");
    EXPECT_EQ(apart[2].what, "the verdict");
    EXPECT_EQ(compare_runs(other, recorded).size(), 3U);
}

TEST(CutKind, HasTheOptionsOfACutAndKeysOfItsKind) {
    const auto unplug = CutKind::parse("unplug(new-mac,no-announce)");
    ASSERT_TRUE(unplug) << unplug.error().text();
    FaultSpec fault;
    ASSERT_TRUE(unplug->apply(fault));
    EXPECT_EQ(fault.kind, fault_kind("unplug"));
    EXPECT_EQ(fault.text("mac"), "new");
    EXPECT_EQ(fault.text("announce"), "false");
    EXPECT_EQ(unplug->name, "unplug(new-mac,no-announce)");
    const auto drop = CutKind::parse("drop(direction=up)");
    ASSERT_TRUE(drop && drop->apply(fault));
    EXPECT_EQ(fault.text("direction"), "up");
    EXPECT_EQ(CutKind::parse("down")->keys, "");
}

TEST(CutKind, WhatItsKindHasNotIsRefused) {
    for (const char* bad : {"unplug(new-mc)", "unplug(", "unplug(new-mac", "unplug()", "drop(on={x})", "drp"})
        EXPECT_FALSE(CutKind::parse(bad)) << bad;
    Scenario base;
    base.aggregator.command = {"a"};
    base.collaborator.command = {"c"};
    const auto cut = CutKind::parse("drop(end=router)");
    ASSERT_TRUE(cut);
    const auto refused = experiment_scenario(base, phase_experiments().front(), {*cut, 5s});
    ASSERT_FALSE(refused);
    EXPECT_THAT(refused.error().text(), HasSubstr("drop has no 'end'"));
}

TEST(RunOutcome, TellsThatItsCutCameLaterThanAskedFor) {
    RunOutcome outcome;
    outcome.verdict = {{"verdict", "recovered"},
                       {"noticed", true},
                       {"time_to_recover_s", 1.5},
                       {"faults", {{{"fault", "cut"}, {"missed", 2}}}}};
    EXPECT_EQ(outcome.detail(), "+1.5 s; later: 2 replies had passed");
    ExperimentCell cell;
    cell.repeats = {outcome};
    EXPECT_EQ(cell.text(), "recovered +1.5 s (later: 2 replies had passed)");
}

TEST(Repeats, FlakyRunSaysHowOftenAndWhich) {
    Repeats repeats{"upload",
                    {outcome("recovered", "", 1.0), outcome("hung", "no progress", nullptr),
                     outcome("recovered", "", 3.0)}};
    for (std::size_t i = 0; i < repeats.runs.size(); ++i) repeats.runs[i].id = std::to_string(i + 1);
    repeats.runs[1].exit_status = 1;
    EXPECT_EQ(repeats.failed(), 1U);
    EXPECT_EQ(repeats.exit_status(), 1);
    EXPECT_THAT(repeats.to_text(), testing::HasSubstr("   2 of 3  recovered +"));
    EXPECT_THAT(repeats.to_text(), testing::ContainsRegex("   1 of 3  hung.*: runs/2\n"));
    EXPECT_THAT(repeats.to_text(),
                testing::HasSubstr("flaky: 1 of 3 runs failed; 6 % to 79 % of all runs would fail"));
    EXPECT_THAT(repeats.to_csv(), testing::HasSubstr("\r\n2,hung,"));
    EXPECT_EQ(repeats.to_json()["rows"][0]["cells"][0]["outcome"], "mixed");
}

// A run that is expected to crash, and does, is no failure.
TEST(Repeats, ExitStatusOfEachRunDecides) {
    Repeats repeats{"r", {outcome("crashed", "", nullptr), outcome("crashed", "", nullptr)}};
    for (RunOutcome& run : repeats.runs) run.exit_status = 0;
    EXPECT_EQ(repeats.exit_status(), 0);
    EXPECT_THAT(repeats.headline(), testing::StartsWith("steady: 0 of 2 runs failed; 0 % to 66 %"));
    repeats.runs[0].exit_status = 4;
    EXPECT_EQ(repeats.exit_status(), 4);
    EXPECT_THAT(repeats.headline(), testing::StartsWith("steady: 0 of 1 runs failed; 0 % to 79 %"));
    EXPECT_THAT(repeats.headline(), testing::EndsWith("; 1 more said nothing")) << "its moment never came";
    repeats.runs[1].exit_status = 1;
    EXPECT_EQ(repeats.exit_status(), 1);
    EXPECT_THAT(repeats.headline(), testing::StartsWith("always fails: 1 of 1"));
    repeats.runs[1] = RunOutcome{};
    EXPECT_EQ(repeats.exit_status(), 5) << "one made no verdict";
    EXPECT_EQ(repeats.headline(), "unknown: none of 2 runs said anything");
}

TEST(RunPool, SaysHowManyAreDoneAndHowLongTheOthersTake) {
    EXPECT_EQ(progress_text({0, 4, 44, {}}, false), "0 of 48 runs, 4 under way");
    EXPECT_EQ(progress_text({7, 2, 39, 180s}, false), "7 of 48 runs, 2 under way, about 3 min left");
    EXPECT_EQ(progress_text({47, 1, 0, 200ms}, false), "47 of 48 runs, 1 under way, about 1 s left");
    EXPECT_EQ(progress_text({7, 2, 1, 20s}, true),
              "7 runs done, 2 under way, these and 1 more take about 20 s");
}

}  // namespace
}  // namespace netcut::test::NETCUT_FILE
