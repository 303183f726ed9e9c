// SPDX-License-Identifier: Apache-2.0
#include "digest/phase_lane.h"

#include "phase/phase.h"

namespace netcut {
namespace {

// Short neighbours, being gathered.
class Group {
  public:
    bool empty() const { return empty_; }
    Nanoseconds length() const { return to_ - from_; }
    Nanoseconds end() const { return to_; }

    void add(const PhaseSpan& span) {
        if (std::exchange(empty_, false)) from_ = span.from;
        to_ = span.to;
        took_[span.phase] += span.length();
    }
    PhaseSpan take() {
        const auto longest = std::max_element(took_.begin(), took_.end());
        const PhaseSpan span{from_, to_, static_cast<std::uint8_t>(longest - took_.begin())};
        *this = Group();
        return span;
    }

  private:
    bool empty_ = true;
    Nanoseconds from_{0}, to_{0};
    std::array<Nanoseconds, phase_words.size()> took_{};
};

}  // namespace

void PhaseLane::add(PhaseSpan span) {
    ++added_;
    if (!spans_.empty()) span.from = std::max(span.from, spans_.back().to);
    if (span.to <= span.from) return;
    spans_.push_back(span);
    if (spans_.size() > most_) merge();
}

void PhaseLane::merge() {
    const Nanoseconds all = spans_.back().to - spans_.front().from;
    resolution_ = std::max(resolution_, all / static_cast<std::int64_t>(most_ * 4) + Nanoseconds(1));
    // So much is gained each time that merging is rare.
    for (merge_short(); spans_.size() > most_ - most_ / 4; merge_short()) resolution_ *= 2;
}

void PhaseLane::merge_short() {
    std::vector<PhaseSpan> merged;
    Group group;
    const auto flush = [&] {
        if (!group.empty()) merged.push_back(group.take());
    };
    for (const PhaseSpan& span : spans_) {
        const bool is_short = span.length() < resolution_;
        if (!is_short || (!group.empty() && span.from - group.end() > resolution_)) flush();
        if (!is_short) {
            merged.push_back(span);
            continue;
        }
        group.add(span);
        if (group.length() >= resolution_) flush();
    }
    flush();
    spans_ = std::move(merged);
}

}  // namespace netcut
