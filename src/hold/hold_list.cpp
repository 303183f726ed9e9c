// SPDX-License-Identifier: Apache-2.0
#include "hold/hold_list.h"

#include <fmt/format.h>

#include <algorithm>
#include <random>

#include "link/distribution.h"

namespace netcut {
namespace {

class HoldRandom {
  public:
    explicit HoldRandom(std::uint64_t seed) : engine_(seed) {}
    std::uint64_t bits() { return engine_(); }
    // From 0 to below 1, in steps of 2^-53: the top bits, which a double holds exactly.
    double share() { return static_cast<double>(engine_() >> 11U) * 0x1.0p-53; }

  private:
    std::mt19937_64 engine_;
};

// Whether each packet in turn belongs to a share. Two draws a packet, whatever they decide.
class ShareDraw {
  public:
    ShareDraw(double share, double correlation) : share_(share), correlation_(correlation) {}
    bool next(HoldRandom& random) {
        const bool as_before = random.share() < correlation_;
        const bool fresh = random.share() < share_;
        if (first_ || !as_before) before_ = fresh;
        first_ = false;
        return before_;
    }

  private:
    double share_, correlation_;
    bool first_ = true, before_ = false;
};

// Delays that spread. Two draws a packet.
class DelayDraw {
  public:
    explicit DelayDraw(const QueueSpec& spec) : spec_(spec), table_(distribution_table(spec.distribution)) {}
    Nanoseconds next(HoldRandom& random) {
        const bool as_before = random.share() < spec_.delay_correlation;
        const std::uint64_t bits = random.bits();
        if (first_ || !as_before) before_ = delay_at(bits);
        first_ = false;
        return before_;
    }

  private:
    Nanoseconds delay_at(std::uint64_t bits) const {
        constexpr int whole = 1 << 20;
        const auto top = static_cast<std::int64_t>(bits >> 44U);  // 20 bits
        std::int64_t spread = 0;                                  // in jitters of `scale`
        std::int64_t scale = distribution_scale;
        if (table_.empty()) {
            spread = 2 * top - whole;
            scale = whole;
        } else {
            spread = table_[static_cast<std::size_t>(top) * table_.size() / whole];
        }
        // Both parts by themselves: a jitter of minutes times the scale is more than 64 bits hold.
        const std::int64_t jitter = spec_.jitter.count();
        const Nanoseconds all =
            spec_.delay + Nanoseconds(jitter / scale * spread + jitter % scale * spread / scale);
        return std::max(all, Nanoseconds(0));
    }

    const QueueSpec& spec_;
    std::vector<std::int16_t> table_;
    bool first_ = true;
    Nanoseconds before_{0};
};

// As netem: at most every gap-th packet is sent at once, and overtakes. Two draws for each that may.
std::vector<Nanoseconds> draw_order(const QueueSpec& spec, HoldRandom& random, std::uint32_t period) {
    std::vector<Nanoseconds> delays;
    delays.reserve(period);
    ShareDraw at_once(reorder_share(spec), spec.reorder_correlation);
    unsigned waited = 0;
    for (std::uint32_t packet = 0; packet < period; ++packet) {
        const bool may = waited + 1 >= spec.gap;
        const bool overtakes = may && at_once.next(random);
        waited = overtakes ? 0 : waited + 1;
        delays.push_back(overtakes ? Nanoseconds(0) : spec.delay);
    }
    return delays;
}

std::vector<Nanoseconds> draw_delays(const QueueSpec& spec, HoldRandom& random, std::uint32_t period) {
    std::vector<Nanoseconds> delays;
    delays.reserve(period);
    DelayDraw delay(spec);
    for (std::uint32_t packet = 0; packet < period; ++packet) delays.push_back(delay.next(random));
    return delays;
}

}  // namespace

Result<HoldList> HoldList::make(const QueueSpec& spec, std::uint64_t seed, std::uint32_t period) {
    if (period == 0 || period > max_hold_period)
        return usage_failure(fmt::format("list what is done to {} packets", period),
                             fmt::format("a period has 1 to {} packets", max_hold_period),
                             "give another period");
    HoldList list;
    HoldRandom random(seed);
    list.delay_ = spec.delay;
    list.period_ = period;
    if (reorder_share(spec) > 0)
        list.delays_ = draw_order(spec, random, period);
    else if (spec.jitter > Nanoseconds(0))
        list.delays_ = draw_delays(spec, random, period);
    ShareDraw copied(spec.duplicate, spec.duplicate_correlation);
    ShareDraw flipped(spec.corrupt, spec.corrupt_correlation);
    for (std::uint32_t packet = 1; packet <= period; ++packet) {
        if (spec.duplicate > 0 && copied.next(random)) list.copied_.push_back(packet);
        if (spec.corrupt <= 0) continue;
        const bool is_flipped = flipped.next(random);
        const auto bit = static_cast<std::uint32_t>(random.bits() >> 32U);
        if (is_flipped) list.flipped_.emplace_back(packet, bit);
    }
    return list;
}

HoldDecision HoldList::at(std::uint64_t number) const {
    const auto packet = static_cast<std::uint32_t>((number - 1) % period_) + 1;
    HoldDecision decision;
    decision.delay = delays_.empty() ? delay_ : delays_[packet - 1];
    decision.copied = std::binary_search(copied_.begin(), copied_.end(), packet);
    const auto flip = std::lower_bound(flipped_.begin(), flipped_.end(), std::pair(packet, 0U));
    if (flip != flipped_.end() && flip->first == packet) decision.flip = flip->second;
    return decision;
}

std::string HoldList::text() const {
    std::string text;
    for (std::size_t i = 0; i < delays_.size(); ++i)
        text += fmt::format("{} {}\n", i + 1, delays_[i].count());
    for (const std::uint32_t packet : copied_) text += fmt::format("{} copy\n", packet);
    for (const auto& [packet, bit] : flipped_) text += fmt::format("{} bit {}\n", packet, bit);
    return text;
}

}  // namespace netcut
