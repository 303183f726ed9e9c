// SPDX-License-Identifier: Apache-2.0

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <stdexcept>

#include "base/error.h"
#include "fault/loss_model.h"

namespace netcut::test::NETCUT_FILE {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::StartsWith;
using Lost = std::vector<std::uint32_t>;

LossModel model(const std::string& text) {
    auto parsed = LossModel::parse(text);
    if (!parsed) throw std::runtime_error(parsed.error().text());
    return *parsed;
}

LossModel trace(const std::string& contents) {
    LossModel result = model("trace my loss.txt");
    if (const auto read = result.read_trace(contents); !read) throw std::runtime_error(read.error().text());
    return result;
}

Lost lost(const LossModel& model, std::uint64_t seed, std::uint32_t period) {
    const auto packets = model.lost_packets(seed, period);
    if (!packets) throw std::runtime_error(packets.error().text());
    return *packets;
}

Lost lost(const std::string& text, std::uint64_t seed, std::uint32_t period) {
    return lost(model(text), seed, period);
}

Lost first(Lost packets, std::size_t count) {
    packets.resize(std::min(count, packets.size()));
    return packets;
}

// What is certain whatever the seed.
struct Certain {
    const char* text;
    Lost lost;  // of six packets
};
class LossCertain : public testing::TestWithParam<Certain> {};

TEST_P(LossCertain, LosesWhatWasWorkedOutByHand) {
    for (const std::uint64_t seed : {0U, 1U, 99U})
        EXPECT_EQ(lost(GetParam().text, seed, 6), GetParam().lost) << GetParam().text;
}

INSTANTIATE_TEST_SUITE_P(LossModels, LossCertain,
                         testing::Values(Certain{"iid 0%", {}}, Certain{"iid 100%", {1, 2, 3, 4, 5, 6}},
                                         // Gilbert-Elliott: the first packet meets the good state.
                                         Certain{"burst 100% 100%", {2, 4, 6}},
                                         Certain{"burst 100% 0%", {2, 3, 4, 5, 6}},
                                         Certain{"burst 0% 100%", {}}, Certain{"burst 100% 100% 0%", {}},
                                         Certain{"burst 100% 100% 0% 100%", {1, 3, 5}},
                                         Certain{"burst 0% 0% 0% 100%", {1, 2, 3, 4, 5, 6}},
                                         // Four states: the first packet already moves out of state 1.
                                         Certain{"markov4 0%", {}},
                                         Certain{"markov4 100%", {1, 2, 3, 4, 5, 6}},           // p31 = 0
                                         Certain{"markov4 100% 100%", {1, 3, 5}},               // 3 1 3 1 3 1
                                         Certain{"markov4 100% 0% 100%", {1, 3, 5}},            // 3 2 3 2 3 2
                                         Certain{"markov4 100% 0% 100% 0%", {1}},               // 3 2 2 2 2 2
                                         Certain{"markov4 100% 0% 0% 0%", {1, 2, 3, 4, 5, 6}},  // 3 3 3 3 3 3
                                         Certain{"markov4 0% 0% 0% 0% 100%", {1, 3, 5}},        // 4 1 4 1 4 1
                                         Certain{"every 1", {1, 2, 3, 4, 5, 6}}, Certain{"every 3", {3, 6}},
                                         Certain{"every 6", {6}}, Certain{"packets 2", {2}},
                                         Certain{"packets 5-6, 1 ,2-2", {1, 2, 5, 6}},
                                         Certain{"packets 2-4,3-5,3,1-3", {1, 2, 3, 4, 5}}));

TEST(Loss, TraceIsReadAsItStands) {
    const LossModel recorded = trace("# a recording x1\n0 1.x\t1\r\n\n#\n0");
    EXPECT_EQ(recorded.trace_file(), "my loss.txt");
    EXPECT_EQ(recorded.natural_period(), 6U);
    EXPECT_THAT(lost(recorded, 5, 6), ElementsAre(2, 4, 5));
    EXPECT_THAT(lost(trace("...."), 0, 4), ElementsAre());
    EXPECT_THAT(lost(trace("1#"), 0, 1), ElementsAre(1));
}

TEST(Loss, BadTraceIsNamedWithItsPlaceAndChangesNothing) {
    LossModel recorded = trace("01");
    const auto reason = [&](const std::string& contents) {
        const auto read = recorded.read_trace(contents);
        return read ? "none" : read.error().reason;
    };
    EXPECT_THAT(reason("01\n0 y1\n"), StartsWith("my loss.txt:2:3: 'y' stands for no packet"));
    EXPECT_THAT(reason("01 # a\n\n#\n   X"), StartsWith("my loss.txt:4:4: 'X'"));
    EXPECT_THAT(reason(std::string("0\0", 2)), StartsWith("my loss.txt:1:2: byte 0x00"));
    EXPECT_THAT(reason("\xef\xbb\xbf"), StartsWith("my loss.txt:1:1: byte 0xef"));
    EXPECT_THAT(reason(""), StartsWith("my loss.txt:1:1: the trace has no packets"));
    EXPECT_THAT(reason(" \n# 0101\n"), StartsWith("my loss.txt:3:1: the trace has no packets"));
    EXPECT_THAT(reason(std::string(max_loss_period + 1, '0')), HasSubstr("more than 16777216 packets"));
    EXPECT_THAT(lost(recorded, 0, 2), ElementsAre(2));
    EXPECT_EQ(model("iid 5%").read_trace("0").error().kind, Error::Kind::internal);
    EXPECT_EQ(model("trace x").lost_packets(0, 1).error().kind, Error::Kind::internal);
}

TEST(Loss, PeriodMustSuitTheModel) {
    const auto complaint = [](const LossModel& model, std::uint32_t period) {
        const auto packets = model.lost_packets(1, period);
        return packets ? "none" : packets.error().text();
    };
    EXPECT_EQ(
        complaint(model("packets 3,17-19"), 18),
        "cannot list what 'packets 3,17-19' loses of 18 packets: packet 19 is beyond the period (give a "
        "period of 19 or more)");
    EXPECT_EQ(complaint(model("packets 3,17-19"), 19), "none");
    EXPECT_THAT(complaint(trace("0101"), 8), HasSubstr("the trace has 4 packets"));
    EXPECT_THAT(complaint(model("every 3"), 10),
                HasSubstr("10 is no multiple of 3 (leave the period out, or give 12)"));
    EXPECT_THAT(complaint(model("every 5"), 2), HasSubstr("give 5"));
    EXPECT_THAT(complaint(model("iid 5%"), 0), HasSubstr("1 to 16777216"));
    EXPECT_THAT(complaint(model("iid 5%"), max_loss_period + 1), HasSubstr("1 to 16777216"));
    EXPECT_EQ(complaint(model("iid 0.001%"), max_loss_period), "none");
}

TEST(Loss, NaturalPeriods) {
    EXPECT_EQ(model("every 7").natural_period(), 7U);
    EXPECT_EQ(trace("0001").natural_period(), 4U);
    for (const char* text : {"iid 5%", "burst 1% 20%", "markov4 1%", "packets 3", "trace x"})
        EXPECT_FALSE(model(text).natural_period()) << text;
}

TEST(Loss, TextStaysAsWrittenAndBlanksMeanNothing) {
    const std::string text = "  burst\t1%  20%\n";
    EXPECT_EQ(model(text).text(), text);
    EXPECT_EQ(lost(text, 3, 10'000), lost("burst 1% 20%", 3, 10'000));
    EXPECT_EQ(model("trace  /a b/c.txt ").trace_file(), "/a b/c.txt");
    EXPECT_EQ(model("iid 5%").trace_file(), "");
}

TEST(Loss, DefaultsAreThoseOfTc) {
    EXPECT_EQ(lost("burst 1% 20%", 3, 10'000), lost("burst 1% 20% 100% 0%", 3, 10'000));
    EXPECT_EQ(lost("markov4 10%", 3, 10'000), lost("markov4 10% 90% 0% 100% 0%", 3, 10'000));
    EXPECT_EQ(lost("markov4 10% 50% 20%", 3, 10'000), lost("markov4 10% 50% 20% 100% 0%", 3, 10'000));
}

TEST(Loss, SameSeedSameListAnotherSeedAnother) {
    for (const char* text : {"iid 5%", "burst 1% 20% 80% 1%", "markov4 1% 30% 20% 40% 2%"}) {
        const LossModel original = model(text);
        const LossModel again = model(text);
        EXPECT_EQ(lost(original, 42, 10'000), lost(again, 42, 10'000)) << text;
        EXPECT_EQ(first(lost(original, 42, 20'000), 50), first(lost(again, 42, 10'000), 50)) << text;
        EXPECT_NE(lost(original, 42, 10'000), lost(again, 43, 10'000)) << text;
        EXPECT_NE(lost(original, 42, 10'000), lost(again, 42 + (1ULL << 32U), 10'000)) << text;
    }
}

TEST(Loss, HigherRateLosesTheSameAndMore) {
    const Lost few = lost("iid 1%", 11, 50'000);
    const Lost many = lost("iid 5%", 11, 50'000);
    EXPECT_FALSE(few.empty());
    EXPECT_TRUE(std::includes(many.begin(), many.end(), few.begin(), few.end()));
    const Lost spared = lost("burst 1% 20% 50%", 11, 50'000);
    const Lost whole = lost("burst 1% 20%", 11, 50'000);
    EXPECT_TRUE(std::includes(whole.begin(), whole.end(), spared.begin(), spared.end()));
}

// Lists are recorded in journals and compared: a change here breaks every one of them. The numbers are those
// of a second implementation, of generator and models both, in another language.
struct Golden {
    const char* text;
    std::uint64_t seed;
    Lost first;  // ten of 100,000 packets
    std::size_t count;
    std::uint64_t sum;
};
class LossGolden : public testing::TestWithParam<Golden> {};

TEST_P(LossGolden, ListIsTheRecordedOne) {
    const Golden& golden = GetParam();
    const Lost packets = lost(golden.text, golden.seed, default_loss_period);
    EXPECT_EQ(first(packets, golden.first.size()), golden.first);
    EXPECT_EQ(packets.size(), golden.count);
    EXPECT_EQ(std::accumulate(packets.begin(), packets.end(), std::uint64_t{0}), golden.sum);
}

INSTANTIATE_TEST_SUITE_P(
    LossModels, LossGolden,
    testing::Values(
        Golden{"iid 5%", 1, {4, 39, 44, 55, 60, 62, 68, 89, 104, 144}, 4951, 250'724'318},
        Golden{"iid 5%", 2, {9, 50, 69, 120, 133, 169, 171, 203, 210, 228}, 4899, 244'247'090},
        Golden{"burst 2% 20% 80% 1%", 1, {23, 24, 31, 131, 133, 134, 137, 139, 140, 142}, 8240, 408'729'812},
        Golden{"burst 1% 25%", 7, {52, 53, 101, 102, 128, 230, 231, 232, 233, 234}, 3574, 177'341'480},
        Golden{"markov4 1% 30% 20% 40% 2%", 1, {4, 44, 55, 60, 62, 68, 69, 70, 71, 72}, 4947, 248'797'171},
        Golden{"markov4 10%", 3, {16, 23, 31, 38, 53, 54, 100, 103, 105, 109}, 9959, 498'312'165}));

struct Expected {
    const char* text;
    std::optional<double> rate, burst;
};

TEST(Loss, ExpectationsWorkedOutByHand) {
    const std::vector<Expected> table{
        {"iid 5%", 0.05, 1 / 0.95},
        {"iid 0%", 0.0, {}},
        {"iid 100%", 1.0, {}},
        {"burst 1% 25%", 1.0 / 26, 4.0},
        {"burst 2% 20% 80% 1%", 0.9 / 11, 0.9 / 0.38382},
        {"burst 0% 0% 100% 10%", 0.1, 1 / 0.9},  // never leaves the good state
        {"burst 1% 0%", 1.0, {}},                // never leaves the bad one
        {"markov4 10%", 0.1, 1 / 0.9},
        {"markov4 1% 25%", 1.0 / 26, 4.0},
        {"markov4 1% 30% 20% 40% 2%", 0.0064 / 0.1284, 0.0064 / 0.0044},
        {"markov4 0% 0% 0% 0% 25%", 0.2, 1.0},
        {"markov4 1% 0% 50% 25%", 1.0 / 3, 2.0},  // never returns from the burst
        {"markov4 1% 0% 50% 0%", 0.0, {}},        // is received for ever in the end
        {"every 4", 0.25, 1.0},
        {"every 1", 1.0, {}},
        {"packets 3", {}, {}},
        {"trace x", {}, {}}};
    const auto near = [](const std::optional<double>& a, const std::optional<double>& b) {
        return a.has_value() == b.has_value() && std::abs(a.value_or(0) - b.value_or(0)) < 1e-12;
    };
    for (const Expected& row : table) {
        EXPECT_TRUE(near(model(row.text).expected_rate(), row.rate)) << row.text;
        EXPECT_TRUE(near(model(row.text).expected_burst(), row.burst)) << row.text;
    }
    EXPECT_EQ(trace("1.11.1").expected_rate(), 4.0 / 6);
    EXPECT_EQ(trace("1.11.1").expected_burst(), 2.0)
        << "the last packet and the next period's first are one burst";
    EXPECT_EQ(trace("11").expected_burst(), std::nullopt);
    EXPECT_EQ(trace("..").expected_rate(), 0.0);
}

struct Bad {
    const char* text;
    const char* reason;
    const char* hint = "";
};

TEST(Loss, BadModelsAreUsageErrorsWithTheirColumn) {
    const std::vector<Bad> table{
        {"", "at column 1: the model's name is missing", "iid, burst, markov4, every, packets, trace"},
        {"  ", "at column 3: the model's name is missing"},
        {"brust 1% 2%", "at column 1: 'brust' is no loss model", "did you mean 'burst'?"},
        {" xyzzy", "at column 2: 'xyzzy' is no loss model", "the loss models are: iid"},
        {"iid", "at column 4: P is missing", "'iid P'"},
        {"iid 5", "at column 5: P = '5' has no percent sign", "such as 0.5%"},
        {"iid 5 %", "at column 5: P = '5' has no percent sign"},
        {"iid 0.05", "at column 5: P = '0.05' has no percent sign"},
        {"iid 100.1%", "at column 5: P = '100.1%' is above 100%"},
        {"iid inf%", "at column 5: P = 'inf%' is above 100%"},
        {"iid nan%", "at column 5: P = 'nan%' is no percentage"},
        {"iid -1%", "at column 5: P = '-1%' is below 0%"},
        {"iid 5%%", "at column 5: P = '5%%' is no percentage"},
        {"iid 5,5%", "at column 5: P = '5,5%' is no percentage"},
        {"iid 1e1%", "at column 5: P = '1e1%' is no percentage"},
        {"iid five", "at column 5: P = 'five' is no percentage"},
        {"iid %", "at column 5: P = '%' is no percentage"},
        {"iid 5% 6%", "at column 8: '6%' is too much", "'iid P'"},
        {"burst 1%", "at column 9: r is missing", "burst p r [1-h [1-k]]"},
        {"burst 1% x", "at column 10: r = 'x' is no percentage"},
        {"burst 1% 2%  101%", "at column 14: 1-h = '101%' is above 100%"},
        {"burst 1% 2% 3% 4%! ", "at column 16: 1-k = '4%!' is no percentage"},
        {"burst 1% 2% 3% 4% 5%", "at column 19: '5%' is too much"},
        {"markov4", "at column 8: p13 is missing"},
        {"markov4 1% 60% 50%", "at column 16: p31 and p32 together are above 100%"},
        {"markov4 60% 1% 1% 1% 41%", "at column 22: p13 and p14 together are above 100%"},
        {"every", "at column 6: N is missing"},
        {"every 0", "at column 7: N is 0"},
        {"every -3", "at column 7: '-3' is no whole number"},
        {"every 1.5", "at column 7: '1.5' is no whole number"},
        {"every 3 4", "at column 9: '4' is too much"},
        {"every 16777217", "at column 7: 16777217 is above 16777216"},
        {"every 99999999999999999999999", "at column 7: 99999999999999999999999 is above"},
        {"packets", "at column 8: the packet's number is missing"},
        {"packets 3,,5", "at column 11: the packet's number is missing"},
        {"packets 3, 5,", "at column 14: the packet's number is missing"},
        {"packets 3,0", "at column 11: the packet's number is 0"},
        {"packets 3, 19-17", "at column 12: the range 19-17 runs backwards", "write 17-19"},
        {"packets 3,17-", "at column 14: the packet's number is missing"},
        {"packets -3", "at column 9: the packet's number is missing"},
        {"packets 1-2-3", "at column 11: '2-3' is no whole number"},
        {"packets 3 5", "at column 9: '3 5' is no whole number"},
        {"packets 3,4294967299", "at column 11: 4294967299 is above 16777216"},
        {"trace", "at column 6: FILE is missing"},
        {"trace  ", "at column 6: FILE is missing"}};
    for (const Bad& bad : table) {
        const auto parsed = LossModel::parse(bad.text);
        ASSERT_FALSE(parsed) << bad.text;
        EXPECT_EQ(parsed.error().kind, Error::Kind::usage) << bad.text;
        EXPECT_THAT(parsed.error().attempt, HasSubstr("'" + std::string(bad.text) + "'"));
        EXPECT_THAT(parsed.error().reason, StartsWith(bad.reason));
        EXPECT_THAT(parsed.error().hint, HasSubstr(bad.hint)) << bad.text;
        EXPECT_FALSE(parsed.error().hint.empty()) << bad.text;
    }
    EXPECT_TRUE(LossModel::parse("markov4 70% 33.3% 66.7% 100% 30%")) << "100% on paper is not too much";
}

}  // namespace
}  // namespace netcut::test::NETCUT_FILE
