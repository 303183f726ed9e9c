// SPDX-License-Identifier: Apache-2.0
#include "node/pump_turns.h"

#include <boost/asio/post.hpp>
#include <chrono>

#include "base/time.h"
#include "node/log_pump.h"

namespace netcut {
namespace {

constexpr auto longest_turn = std::chrono::milliseconds(1);

}  // namespace

boost::asio::execution_context::id PumpTurns::id;

void PumpTurns::add(std::shared_ptr<LogPump> pump) {
    waiting_.push_back(std::move(pump));
    if (!turn_is_over_) serve();
}

void PumpTurns::serve() {
    turn_is_over_ = true;
    const auto end = Clock::now() + longest_turn;
    do {
        const auto pump = std::move(waiting_.front());
        waiting_.pop_front();
        if (pump->take_piece()) waiting_.push_back(pump);
    } while (!waiting_.empty() && Clock::now() < end);
    // What is posted comes after the timers that are due by then.
    boost::asio::post(io_, [this] {
        turn_is_over_ = false;
        if (!waiting_.empty()) serve();
    });
}

}  // namespace netcut
