// SPDX-License-Identifier: Apache-2.0
//
// A clock that stands still until a test moves it, and calls what is due then.
#pragma once

#include <deque>
#include <map>

#include "base/time.h"
#include "base/timers.h"

namespace netcut::test {

class FakeTimers : public Timers {
  public:
    Clock::time_point now() const override { return now_; }
    std::unique_ptr<Timer> make() override { return std::make_unique<FakeTimer>(*this); }
    void post(std::function<void()> work) override { posted_.push_back(std::move(work)); }
    void sleep(Nanoseconds time) override { now_ += time; }

    // Each call sees the time that it asked for.
    void pass(Nanoseconds time) {
        const auto until = now_ + time;
        run_posted();
        while (!calls_.empty() && calls_.begin()->first <= until) {
            const auto call = calls_.extract(calls_.begin());
            now_ = std::max(now_, call.key());
            call.mapped().timer->id_ = calls_.end();
            call.mapped().work();
            run_posted();
        }
        now_ = until;
    }
    // As pass(), but what is due meanwhile comes late, at the end of it: the loop was busy.
    void pass_busy(Nanoseconds time) {
        now_ += time;
        pass({});
    }
    void run_posted() {
        while (!posted_.empty()) {
            const auto work = std::move(posted_.front());
            posted_.pop_front();
            work();
        }
    }
    bool anything_due() const { return !calls_.empty(); }

  private:
    class FakeTimer;
    struct Call {
        FakeTimer* timer;
        std::function<void()> work;
    };
    using Calls = std::multimap<Clock::time_point, Call>;
    class FakeTimer : public Timer {
      public:
        explicit FakeTimer(FakeTimers& timers) : timers_(timers), id_(timers.calls_.end()) {}
        ~FakeTimer() override { cancel(); }
        void at(Clock::time_point when, std::function<void()> work) override {
            cancel();
            id_ = timers_.calls_.emplace(when, Call{this, std::move(work)});
        }
        void cancel() override {
            if (id_ != timers_.calls_.end()) timers_.calls_.erase(id_);
            id_ = timers_.calls_.end();
        }

      private:
        friend FakeTimers;
        FakeTimers& timers_;
        Calls::iterator id_;
    };

    Clock::time_point now_ = Clock::time_point(std::chrono::hours(1));
    Calls calls_;
    std::deque<std::function<void()>> posted_;
};

}  // namespace netcut::test
