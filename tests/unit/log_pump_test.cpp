// SPDX-License-Identifier: Apache-2.0
#include "node/log_pump.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <boost/asio/steady_timer.hpp>
#include <vector>

#include "base/error.h"
#include "base/io.h"
#include "base/time.h"

namespace netcut::test::NETCUT_FILE {
namespace {

using namespace std::chrono_literals;

void work_for(Nanoseconds time) {
    for (const auto end = Clock::now() + time; Clock::now() < end;) {
    }
}

// Outputs whose pipes are full, and whose bytes take long to look at.
class FloodOfOutputs {
  public:
    FloodOfOutputs(boost::asio::io_context& io, std::size_t outputs) {
        for (std::size_t i = 0; i < outputs; ++i) {
            Pipe pipe = make_pipe().value();
            ::fcntl(pipe.write.get(), F_SETFL, O_NONBLOCK);
            const std::string bytes(64 * 1024, 'x');
            EXPECT_EQ(::write(pipe.write.get(), bytes.data(), bytes.size()),
                      static_cast<ssize_t>(bytes.size()));
            pumps_.push_back(
                std::make_shared<LogPump>(io, std::move(pipe.read), Fd(), "output",
                                          LogPump::Observer{[this, i](std::string_view more) {
                                                                served_.push_back(i);
                                                                taken_ += more.size();
                                                                work_for(1ms);
                                                            },
                                                            [](const Error&) {}, [this] { ++ended_; }}));
            pumps_.back()->start();
        }
    }

    const std::vector<std::size_t>& served() const { return served_; }  // which output, piece by piece
    std::size_t taken() const { return taken_; }
    std::size_t ended() const { return ended_; }

  private:
    std::vector<std::shared_ptr<LogPump>> pumps_;
    std::vector<std::size_t> served_;
    std::size_t taken_ = 0, ended_ = 0;
};

TEST(LogPump, ATimerThatIsDueWaitsForFewPiecesOfAFlood) {
    boost::asio::io_context io;
    FloodOfOutputs flood(io, 40);
    boost::asio::steady_timer timer(io, 3ms);
    std::size_t before_timer = 0;
    timer.async_wait([&](boost::system::error_code) { before_timer = flood.served().size(); });
    io.run();
    EXPECT_EQ(flood.taken(), 40 * 64 * 1024);
    EXPECT_EQ(flood.ended(), 40);
    EXPECT_LT(before_timer, 10) << "of " << flood.served().size();
}

TEST(LogPump, OutputsTakeTurns) {
    boost::asio::io_context io;
    FloodOfOutputs flood(io, 10);
    io.run();
    // Each has had its first piece before any has had its third.
    std::vector<std::size_t> pieces(10);
    for (const std::size_t output : flood.served())
        if (++pieces[output] == 3) break;
    EXPECT_GT(*std::min_element(pieces.begin(), pieces.end()), 0);
}

TEST(LogPump, AnObserverMayStopItsPump) {
    boost::asio::io_context io;
    Pipe pipe = make_pipe().value();
    std::shared_ptr<LogPump> pump;
    bool ended = false;
    pump = std::make_shared<LogPump>(io, std::move(pipe.read), Fd(), "output",
                                     LogPump::Observer{[&](std::string_view) { pump->stop(); },
                                                       [](const Error&) {}, [&] { ended = true; }});
    pump->start();
    ASSERT_EQ(::write(pipe.write.get(), "x", 1), 1);
    io.run();
    EXPECT_FALSE(ended);
}

}  // namespace
}  // namespace netcut::test::NETCUT_FILE
