// SPDX-License-Identifier: Apache-2.0
#include "base/timers.h"

#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <thread>

namespace netcut {
namespace {

class LoopTimer : public Timer {
  public:
    explicit LoopTimer(boost::asio::io_context& io) : timer_(io) {}

    // A handler that is queued already runs in spite of cancel(), and then finds its work gone.
    void at(Clock::time_point when, std::function<void()> work) override {
        work_ = std::make_shared<std::function<void()>>(std::move(work));
        timer_.expires_at(when);
        timer_.async_wait([due = std::weak_ptr(work_)](boost::system::error_code error) {
            if (const auto work = due.lock(); work && !error) (*work)();
        });
    }
    void cancel() override {
        work_.reset();
        timer_.cancel();
    }

  private:
    boost::asio::steady_timer timer_;
    std::shared_ptr<std::function<void()>> work_;
};

}  // namespace

std::unique_ptr<Timer> LoopTimers::make() {
    return std::make_unique<LoopTimer>(io_);
}

void LoopTimers::sleep(Nanoseconds time) {
    std::this_thread::sleep_for(time);
}

void LoopTimers::post(std::function<void()> work) {
    boost::asio::post(io_, std::move(work));
}

}  // namespace netcut
