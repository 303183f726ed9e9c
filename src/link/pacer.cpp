// SPDX-License-Identifier: Apache-2.0
#include "link/pacer.h"

#include <algorithm>
#include <cmath>

namespace netcut {
namespace {

constexpr double share_at_once = 0.1;
constexpr double most_at_once = 1 << 20;  // bytes
constexpr double same_rate = 1e-6;        // rates that differ by no more are the same

}  // namespace

std::uint32_t LinkPacer::burst(double packets) const {
    const double most = std::floor(most_at_once / frame_);
    return static_cast<std::uint32_t>(std::clamp(std::floor(packets * share_at_once), 1.0, most)) * frame_;
}

// A bucket that is changed is full.
void LinkPacer::set(const BucketRate& rate) {
    now_ = rate;
    tokens_ = rate.burst;
}

// Passes what the bucket lets pass if there is always something to send.
void LinkPacer::pass(double due, Nanoseconds length) {
    tokens_ += static_cast<double>(now_->bytes_per_second) * seconds(length);
    const double passed = std::floor(tokens_ / frame_) * frame_;
    tokens_ -= passed;
    owed_ = std::max(owed_ + due - passed, -2.0 * most_at_once);
}

bool LinkPacer::change(double bits, Nanoseconds length, Nanoseconds rest) {
    const double due = bits / 8, rate = bits / seconds(length);
    const bool is_same = last_ && std::abs(*last_ - rate) <= same_rate * rate;
    last_ = rate;
    if (is_same && is_steady_) return false;
    is_steady_ = is_same && due >= frame_;
    if (is_steady_) {
        set({static_cast<std::uint64_t>(std::llround(due / seconds(length))), burst(due / frame_)});
        return true;
    }
    const double packets = std::max(0.0, std::floor((due + owed_) / frame_ + 0.5));
    const BucketRate held{1, frame_};
    if (packets < 1 && now_ == held) return false;
    const std::uint32_t at_once = burst(packets);
    const double paced = packets * frame_ - at_once + frame_ / 2.0;
    set(packets < 1 ? held
                    : BucketRate{static_cast<std::uint64_t>(std::max(1.0, paced / seconds(rest))), at_once});
    return true;
}

std::optional<BucketRate> LinkPacer::step(double bits, Nanoseconds length, Nanoseconds late) {
    const Nanoseconds rest = length - late;
    const bool is_changed = change(bits, length, rest);
    pass(bits / 8, is_changed ? rest : length);
    return is_changed ? now_ : std::nullopt;
}

}  // namespace netcut
