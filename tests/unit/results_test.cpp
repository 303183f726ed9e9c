// SPDX-License-Identifier: Apache-2.0
//
// What many runs say: cells, and whether two sets of results differ by more than chance.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <random>

#include "results/cells.h"
#include "results/comparison.h"
#include "results/comparison_report.h"
#include "results/study_page.h"

namespace netcut::test::NETCUT_FILE {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

StudyRow row(const std::string& cell, unsigned repeat, const std::string& loss, const std::string& verdict,
             std::optional<double> recovery = {}) {
    StudyRow one;
    one.cell = cell;
    one.repeat = repeat;
    one.key = fmt::format("{}-r{:02}", cell, repeat);
    one.factors = {{"loss", loss}};
    one.verdict = verdict;
    one.noticed = true;
    one.recovery_s = recovery;
    return one;
}

// Runs that recover after about `seconds`; by how much the time varies is usual for real federations.
class MadeUp {
  public:
    explicit MadeUp(unsigned seed) : random_(seed) {}

    ResultSet results(std::size_t cells, std::size_t repeats, double seconds, double failed_share = 0.1) {
        ResultSet set;
        std::lognormal_distribution<double> time(std::log(seconds), 0.08);
        std::bernoulli_distribution fails(failed_share);
        for (std::size_t cell = 0; cell < cells; ++cell)
            for (std::size_t repeat = 1; repeat <= repeats; ++repeat) {
                const bool hung = fails(random_);
                set.take(row(fmt::format("c{:03}", cell + 1), static_cast<unsigned>(repeat),
                             fmt::format("{}%", cell), hung ? "hung" : "recovered",
                             hung ? std::nullopt : std::optional(time(random_))));
            }
        return set;
    }

  private:
    std::mt19937_64 random_;
};

TEST(Results, CellsCountWhatSaysSomething) {
    ResultSet set;
    set.take(row("c002", 1, "6%", "hung"));
    set.take(row("c001", 2, "0%", "recovered", 1.5));
    StudyRow unnoticed = row("c001", 1, "0%", "recovered");
    unnoticed.noticed = false;
    set.take(unnoticed);
    StudyRow wrong = row("c001", 3, "0%", "recovered", 2.5);
    wrong.word = "but";
    set.take(wrong);
    StudyRow crowded = row("c001", 4, "0%", "hung");
    crowded.machine = MachineWord::crowded;
    crowded.crowded_tries = 2;
    set.take(crowded);
    set.sort();
    ASSERT_EQ(set.cells().size(), 2U);
    const ResultCell& cell = set.cells().front();
    EXPECT_THAT(cell.levels, ElementsAre("0%"));
    EXPECT_THAT(cell.outcomes, ElementsAre(std::pair("not noticed", 1), std::pair("recovered", 1),
                                           std::pair("recovered, but", 1)));
    EXPECT_EQ(cell.count(), 3U);
    EXPECT_EQ(cell.failed(), 1U);
    EXPECT_EQ(cell.survived(), 2U);
    EXPECT_EQ(cell.crowded, 1U);
    EXPECT_THAT(cell.numbers.at("recovery_s"), ElementsAre(1.5, 2.5));
    EXPECT_EQ(cell.runs.front().key, "c001-r01");
    EXPECT_EQ(set.trouble().crowded, 2U);
    EXPECT_EQ(set.trouble().crowded_rows, 1U);
    EXPECT_THAT(set.measures(), ElementsAre("recovery_s"));
}

TEST(Results, OneLevelOfAFactorIsASetOfItsOwn) {
    ResultSet set;
    for (const char* version : {"1.3", "1.4"})
        for (const char* moment : {"A", "B"}) {
            StudyRow one = row("c001", 1, "", "recovered", 1);
            one.factors = {{"version", version}, {"moment", moment}};
            set.take(one);
        }
    const ResultSet part = set.where("version", "1.4");
    EXPECT_THAT(part.factors(), ElementsAre("moment"));
    EXPECT_EQ(part.cells().size(), 2U);
    EXPECT_EQ(part.rows(), 2U);
    EXPECT_THAT(set.where("version", "2").cells(), IsEmpty());
    EXPECT_THAT(set.where("nothing", "2").cells(), IsEmpty());
}

TEST(Results, LevelsAreNumbersOfOneUnitOrNone) {
    EXPECT_THAT(numbers_of_levels({"0%", "6%", "12%"})->numbers, ElementsAre(0, 6, 12));
    EXPECT_EQ(numbers_of_levels({"0", "6%"})->unit, "%");
    EXPECT_THAT(numbers_of_levels({"500ms", "2s", "1m"})->numbers, ElementsAre(0.5, 2, 60));
    EXPECT_EQ(numbers_of_levels({"500ms", "2s"})->unit, "s");
    EXPECT_FALSE(numbers_of_levels({"5", "6%"}));
    EXPECT_FALSE(numbers_of_levels({"cubic", "reno"}));
    EXPECT_FALSE(numbers_of_levels({}));
}

TEST(Comparison, OfTheSameThingShowsNoChange) {
    unsigned alarms = 0;
    constexpr unsigned pairs = 200;
    for (unsigned i = 0; i < pairs; ++i) {
        MadeUp made(i);
        const auto found = compare_results(made.results(6, 15, 2), made.results(6, 15, 2), {});
        ASSERT_TRUE(found);
        alarms += found->exit_status() != 0 || found->count(ChangeKind::improvement) > 0;
    }
    EXPECT_LE(alarms, 4U) << "of " << pairs << ": one in a hundred is what 99 % confidence allows";
}

TEST(Comparison, FindsAFifthMoreTimeWithFifteenRepeats) {
    constexpr unsigned pairs = 40;
    unsigned found_both = 0;
    for (unsigned i = 0; i < pairs; ++i) {
        MadeUp made(1000 + i);
        const ResultSet before = made.results(4, 15, 2), now = made.results(4, 15, 2.4);
        const auto worse = compare_results(before, now, {});
        const auto better = compare_results(now, before, {});
        ASSERT_TRUE(worse && better);
        found_both += worse->exit_status() == 1 && better->count(ChangeKind::improvement) > 0;
        EXPECT_EQ(better->exit_status(), 0);
    }
    EXPECT_GE(found_both, pairs - 2);
}

TEST(Comparison, FindsRunsThatBeganToHang) {
    MadeUp made(1);
    const auto found = compare_results(made.results(3, 15, 2, 0), made.results(3, 15, 2, 1), {});
    ASSERT_TRUE(found);
    EXPECT_EQ(found->count(ChangeKind::regression), 3U);
    const Difference& first = found->differences.front();
    EXPECT_EQ(first.measure, Difference::outcome);
    EXPECT_THAT(text_of(*found), HasSubstr("loss=0%: recovered 15 -> hung 15; p < 0.0001"));
    EXPECT_EQ(headline_of(*found), "3 regressions in 3 cells");
    EXPECT_EQ(json_of(*found).at("regressions"), 3);
}

TEST(Comparison, OtherOutcomesAreNoRegressionUnlessMoreRunsFail) {
    const auto of = [](unsigned recovered, unsigned unnoticed, unsigned hung) {
        ResultSet set;
        unsigned repeat = 0;
        for (; repeat < recovered + unnoticed; ++repeat) {
            StudyRow one = row("c001", repeat, "0%", "recovered");
            one.noticed = repeat < recovered;
            set.take(one);
        }
        for (; repeat < recovered + unnoticed + hung; ++repeat) set.take(row("c001", repeat, "0%", "hung"));
        return set;
    };
    const auto shifted = compare_results(of(19, 0, 1), of(1, 17, 2), {});
    ASSERT_TRUE(shifted);
    EXPECT_EQ(shifted->exit_status(), 0) << "one more of 20 may hang by chance";
    EXPECT_EQ(shifted->count(ChangeKind::other), 1U);
    EXPECT_EQ(shifted->tests, 2U);
    const auto worse = compare_results(of(10, 10, 0), of(3, 3, 14), {});
    ASSERT_TRUE(worse);
    EXPECT_EQ(worse->exit_status(), 1);
    EXPECT_LT(*worse->differences.front().corrected_p_failed, 0.01);
}

TEST(Comparison, ThreeRepeatsAreSaidToProveNothing) {
    MadeUp made(1);
    const auto found = compare_results(made.results(1, 3, 2, 0), made.results(1, 3, 2, 1), {});
    ASSERT_TRUE(found);
    EXPECT_EQ(found->exit_status(), 0);
    EXPECT_TRUE(found->differences.front().suspected);
    EXPECT_EQ(found->runs_to_prove, 5U);
    EXPECT_THAT(text_of(*found), HasSubstr("5 runs of a cell on each side would"));
}

TEST(Comparison, SmallChangeIsNoneHoweverSure) {
    MadeUp made(3);
    const auto found = compare_results(made.results(1, 2'000, 2), made.results(1, 2'000, 2.06), {});
    ASSERT_TRUE(found);
    EXPECT_LT(found->differences.front().corrected_p, 1e-6);
    EXPECT_EQ(found->exit_status(), 0);
    CompareOptions any;
    any.least_change = 0;
    EXPECT_EQ(compare_results(made.results(1, 2'000, 2), made.results(1, 2'000, 2.06), any)->exit_status(),
              1);
}

TEST(Comparison, CellsOfOneSideAndOtherFactorsAreNamed) {
    MadeUp made(5);
    const auto found = compare_results(made.results(3, 5, 2), made.results(2, 5, 2), {});
    ASSERT_TRUE(found);
    EXPECT_THAT(found->only_before, ElementsAre("loss=2%"));
    EXPECT_EQ(found->cells, 2U);
    ResultSet other;
    StudyRow one = row("c001", 1, "", "recovered", 1);
    one.factors = {{"rate", "1mbit"}};
    other.take(one);
    const auto refused = compare_results(made.results(1, 5, 2), other, {});
    ASSERT_FALSE(refused);
    EXPECT_THAT(refused.error().text(), HasSubstr("their factors are not the same: loss and rate"));
}

TEST(Comparison, OfResultsWithoutACommonCellIsRefused) {
    ResultSet before, now;
    before.take(row("c001", 1, "0%", "recovered", 1));
    now.take(row("c001", 1, "1%", "hung"));
    const auto refused = compare_results(before, now, {});
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().kind, Error::Kind::usage);
    EXPECT_THAT(refused.error().text(), HasSubstr("no cell is in both: loss=0% is only in the first"));
}

TEST(Comparison, MeasureOfTheStudyIsWorseAsItsUserSays) {
    const auto with_accuracy = [](double accuracy) {
        ResultSet set;
        for (unsigned repeat = 1; repeat <= 10; ++repeat) {
            StudyRow one = row("c001", repeat, "0%", "recovered", 2);
            one.measures = {{"accuracy", accuracy + repeat * 0.001}};
            set.take(one);
        }
        return set;
    };
    const ResultSet before = with_accuracy(0.9), now = with_accuracy(0.7);
    EXPECT_EQ(compare_results(before, now, {})->count(ChangeKind::other), 1U);
    CompareOptions options;
    options.less_is_worse = {"accuracy"};
    EXPECT_EQ(compare_results(before, now, options)->exit_status(), 1);
    options = {};
    options.more_is_worse = {"accuracy"};
    EXPECT_EQ(compare_results(before, now, options)->exit_status(), 0);
}

TEST(StudyPage, HasEachCellWithItsIntervalsAndWhatAPaperNeeds) {
    MadeUp made(7);
    ResultSet set = made.results(3, 80, 2);
    set.title = "Loss";
    const Json page =
        study_page(set, {{"seed", 4}, {"factors", {{{"name", "loss"}, {"levels", {"2%", "1%", "0%"}}}}}});
    EXPECT_EQ(page.at("kind"), "study");
    EXPECT_THAT(page.at("factors")[0].at("levels"), ElementsAre("2%", "1%", "0%"));
    EXPECT_EQ(page.at("cells")[0].at("at"), Json({2}));
    const Json& recovery = page.at("cells")[0].at("numbers").at("recovery_s");
    EXPECT_EQ(recovery.at("points").size(), most_points);
    EXPECT_LE(recovery.at("interval")[0], recovery.at("median"));
    EXPECT_GE(recovery.at("interval")[1], recovery.at("median"));
    EXPECT_EQ(page.at("cells")[0].at("share").at("of"), 80);
    EXPECT_THAT(page.at("methods").get<std::string>(), HasSubstr("240 runs of 3 combinations of 1 factor"));
}

}  // namespace
}  // namespace netcut::test::NETCUT_FILE
