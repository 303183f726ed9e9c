// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <boost/asio/io_context.hpp>
#include <functional>
#include <memory>

#include "base/time.h"

namespace netcut {

// One call at a time that is still to come. Destroying it cancels the call.
class Timer {
  public:
    virtual ~Timer() = default;
    // `work` is called once, at `when` or soon after, from the loop. It replaces a call that is still to come.
    virtual void at(Clock::time_point when, std::function<void()> work) = 0;
    // After this the call does not come, even if it was due already.
    virtual void cancel() = 0;
};

// The clock of a run and what is done later: the seam where tests turn a clock by hand instead of waiting.
// One thread, that of the loop.
class Timers {
  public:
    virtual ~Timers() = default;
    virtual Clock::time_point now() const = 0;
    virtual std::unique_ptr<Timer> make() = 0;
    // Soon, and never from inside this call.
    virtual void post(std::function<void()> work) = 0;
    // Nothing else is done meanwhile: for times that are short.
    virtual void sleep(Nanoseconds time) = 0;
};

// The machine's clock, and an io_context that must outlive it and its timers.
class LoopTimers : public Timers {
  public:
    explicit LoopTimers(boost::asio::io_context& io) : io_(io) {}
    Clock::time_point now() const override { return Clock::now(); }
    std::unique_ptr<Timer> make() override;
    void post(std::function<void()> work) override;
    void sleep(Nanoseconds time) override;

  private:
    boost::asio::io_context& io_;
};

}  // namespace netcut
