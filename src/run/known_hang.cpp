// SPDX-License-Identifier: Apache-2.0
#include "run/known_hang.h"

#include <algorithm>

#include "why/hang_state.h"

namespace netcut {
namespace {

constexpr Nanoseconds least_pause = std::chrono::milliseconds(500);
constexpr int rest_after_glance = 100;  // times as long as it took

}  // namespace

KnownHang::KnownHang(Timers& timers, std::vector<std::string> known, Nanoseconds limit, Observer observer)
    : known_(std::move(known)),
      limit_(limit),
      observer_(std::move(observer)),
      timers_(timers),
      timer_(timers.make()) {}

void KnownHang::restart() {
    state_.clear();
    if (!known_.empty()) look_after(least_pause);
}

void KnownHang::stop() {
    ++use_;
    timer_->cancel();
}

void KnownHang::look_after(Nanoseconds pause) {
    timer_->at(timers_.now() + pause, [this, use = ++use_] {
        const auto begun = timers_.now();
        if (auto looked = look(); !looked) return observer_.failed(std::move(looked).error());
        if (use == use_)
            look_after(std::max<Nanoseconds>(least_pause, rest_after_glance * (timers_.now() - begun)));
    });
}

Result<void> KnownHang::look() {
    const auto now = timers_.now();
    if (!observer_.may_look()) {
        state_.clear();
        return {};
    }
    NETCUT_ASSIGN(WaitsByNode waits, observer_.glance());
    const std::string state = observer_.state(waits);
    if (state.empty() || std::find(known_.begin(), known_.end(), state) == known_.end()) {
        state_.clear();
        return {};
    }
    if (state_ != state) {
        state_ = state;
        since_ = now;
        longest_ = Nanoseconds(0);
    }
    since_ = std::max(since_, observer_.last_progress());
    longest_ = std::max(longest_, longest_wait(waits, limit_));
    if (now - since_ >= std::max(least_time_of_known_hang, periods_of_known_hang * longest_))
        observer_.is_known(std::move(waits), now - since_);
    return {};
}

}  // namespace netcut
