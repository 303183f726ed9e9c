// SPDX-License-Identifier: Apache-2.0
//
// What a loss model amounts to: the list of lost packets, and what is to be expected of it.
// Lists are compared between machines and versions, so that nothing here may depend on either: the
// generator's output is fixed by the standard, the standard's distributions are not and stay unused, and a
// decision is one comparison of two doubles. To change the order of the draws is to change every list that
// was ever recorded.
#include <fmt/format.h>

#include <algorithm>

#include "base/error.h"
#include "base/random.h"
#include "fault/loss_model.h"

namespace netcut {
namespace {

using Lost = std::vector<std::uint32_t>;

// One draw a packet.
Lost draw(const IndependentLoss& model, Random& random, std::uint32_t period) {
    Lost lost;
    for (std::uint32_t packet = 1; packet <= period; ++packet)
        if (random.next() < model.rate) lost.push_back(packet);
    return lost;
}

// Two draws a packet, the second of which moves the state. They are made whatever they decide, so that models
// which differ in 1-h and 1-k alone go through the same states.
Lost draw(const GilbertElliott& model, Random& random, std::uint32_t period) {
    Lost lost;
    bool bad = false;
    for (std::uint32_t packet = 1; packet <= period; ++packet) {
        if (random.next() < (bad ? model.loss_bad : model.loss_good)) lost.push_back(packet);
        if (random.next() < (bad ? model.r : model.p)) bad = !bad;
    }
    return lost;
}

enum class State { received, received_in_burst, lost_in_burst, lost_alone };  // 1, 2, 3, 4

State move(const FourStateMarkov& model, State state, double random) {
    switch (state) {
        case State::received:
            if (random < model.p14) return State::lost_alone;
            return random < model.p14 + model.p13 ? State::lost_in_burst : State::received;
        case State::received_in_burst:
            return random < model.p23 ? State::lost_in_burst : State::received_in_burst;
        case State::lost_in_burst:
            if (random < model.p32) return State::received_in_burst;
            return random < model.p32 + model.p31 ? State::received : State::lost_in_burst;
        case State::lost_alone:
            break;
    }
    return State::received;
}

// One draw a packet.
Lost draw(const FourStateMarkov& model, Random& random, std::uint32_t period) {
    Lost lost;
    State state = State::received;
    for (std::uint32_t packet = 1; packet <= period; ++packet) {
        state = move(model, state, random.next());
        if (state == State::lost_in_burst || state == State::lost_alone) lost.push_back(packet);
    }
    return lost;
}

Lost draw(const EveryNth& model, Random& /*random*/, std::uint32_t period) {
    Lost lost;
    for (std::uint32_t packet = model.n; packet <= period; packet += model.n) lost.push_back(packet);
    return lost;
}

Lost draw(const PacketRanges& model, Random& /*random*/, std::uint32_t /*period*/) {
    Lost lost;
    std::uint32_t next = 1;
    for (const auto& range : model.ranges) {
        for (next = std::max(next, range.first); next <= range.last; ++next) lost.push_back(next);
    }
    return lost;
}

Lost draw(const LossTrace& model, Random& /*random*/, std::uint32_t /*period*/) {
    return model.lost;
}

// Why a model has no list of this period, and what to do about it.
struct Objection {
    std::string reason;
    std::string hint;
};

template <typename Model>
std::optional<Objection> object(const Model& /*model*/, std::uint32_t /*period*/) {
    return {};
}

std::optional<Objection> object(const EveryNth& model, std::uint32_t period) {
    if (period % model.n == 0) return {};
    const std::uint32_t next = (period / model.n + 1) * model.n;
    return Objection{
        fmt::format("the list repeats, and {} is no multiple of {}", period, model.n),
        fmt::format("leave the period out, or give {}", next > max_loss_period ? model.n : next)};
}

std::optional<Objection> object(const PacketRanges& model, std::uint32_t period) {
    for (const auto& range : model.ranges)
        if (range.last > period)
            return Objection{fmt::format("packet {} is beyond the period", range.last),
                             fmt::format("give a period of {} or more", range.last)};
    return {};
}

std::optional<Objection> object(const LossTrace& model, std::uint32_t period) {
    if (period == model.length) return {};
    return Objection{fmt::format("the trace has {} packets and repeats as a whole", model.length),
                     fmt::format("leave the period out, or give {}", model.length)};
}

struct Expectation {
    double rate;
    std::optional<double> burst;
};

// `ends`: the chance of a packet to be lost and the next one not, that is to end a burst.
Expectation expectation(double rate, double ends) {
    return {rate, rate > 0 && ends > 0 ? std::optional(rate / ends) : std::nullopt};
}

std::optional<Expectation> expect(const IndependentLoss& model) {
    return expectation(model.rate, model.rate * (1 - model.rate));
}

std::optional<Expectation> expect(const GilbertElliott& model) {
    const double bad = model.p > 0 ? model.p / (model.p + model.r) : 0;  // share of time in that state
    const double lost_bad = bad * model.loss_bad;
    const double lost_good = (1 - bad) * model.loss_good;
    const double pass_bad = 1 - model.loss_bad;
    const double pass_good = 1 - model.loss_good;
    const double ends = lost_bad * (model.r * pass_good + (1 - model.r) * pass_bad) +
                        lost_good * ((1 - model.p) * pass_good + model.p * pass_bad);
    return expectation(lost_bad + lost_good, ends);
}

// Shares of time from the balance of the flows: what goes from 1 to 3 comes back from 3 to 1, what goes from
// 3 to 2 comes back from 2 to 3. Multiplied out, so that chances of 0 (states never left) need no division.
std::optional<Expectation> expect(const FourStateMarkov& model) {
    if (model.p13 == 0) return expectation(model.p14 / (1 + model.p14), model.p14 / (1 + model.p14));
    const double p23 = model.p32 > 0 ? model.p23 : 1;  // else state 2 is never reached
    const double in_1 = model.p31 * p23;
    const double in_2 = model.p13 * model.p32;
    const double in_3 = model.p13 * p23;
    const double in_4 = in_1 * model.p14;
    const double all = in_1 + in_2 + in_3 + in_4;
    return expectation((in_3 + in_4) / all, (in_3 * (model.p31 + model.p32) + in_4) / all);
}

std::optional<Expectation> expect(const EveryNth& model) {
    return expectation(1.0 / model.n, model.n > 1 ? 1.0 / model.n : 0);
}

std::optional<Expectation> expect(const PacketRanges& /*model*/) {
    return {};
}

std::optional<Expectation> expect(const LossTrace& model) {
    if (model.length == 0) return {};
    std::size_t ends = 0;
    for (std::size_t i = 0; i < model.lost.size(); ++i) {
        const bool is_last = i + 1 == model.lost.size();  // what follows is the first, of the next period
        const std::uint32_t next = is_last ? model.lost.front() + model.length : model.lost[i + 1];
        if (next != model.lost[i] + 1) ++ends;
    }
    return expectation(static_cast<double>(model.lost.size()) / model.length,
                       static_cast<double>(ends) / model.length);
}

}  // namespace

Result<std::vector<std::uint32_t>> LossModel::lost_packets(std::uint64_t seed, std::uint32_t period) const {
    const std::string attempt = fmt::format("list what '{}' loses of {} packets", text_, period);
    if (const auto* const trace = std::get_if<LossTrace>(&parameters_); trace && trace->length == 0)
        return internal_failure(attempt, "its file has not been read");
    if (period == 0 || period > max_loss_period)
        return usage_failure(attempt, fmt::format("a period has 1 to {} packets", max_loss_period),
                             "give another period");
    const auto objection = std::visit([&](const auto& model) { return object(model, period); }, parameters_);
    if (objection) return usage_failure(attempt, objection->reason, objection->hint);
    Random random(seed);
    return std::visit([&](const auto& model) { return draw(model, random, period); }, parameters_);
}

std::optional<double> LossModel::expected_rate() const {
    const auto expected = std::visit([](const auto& model) { return expect(model); }, parameters_);
    return expected ? std::optional(expected->rate) : std::nullopt;
}

std::optional<double> LossModel::expected_burst() const {
    const auto expected = std::visit([](const auto& model) { return expect(model); }, parameters_);
    return expected ? expected->burst : std::nullopt;
}

std::optional<std::uint32_t> LossModel::natural_period() const {
    if (const auto* const every = std::get_if<EveryNth>(&parameters_)) return every->n;
    const auto* const trace = std::get_if<LossTrace>(&parameters_);
    return trace && trace->length > 0 ? std::optional(trace->length) : std::nullopt;
}

}  // namespace netcut
