// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <boost/asio/steady_timer.hpp>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/time.h"
#include "fabric/fabric.h"
#include "sockets/sockets.h"
#include "why/proof.h"

namespace netcut {

// Looks, while there is no progress, whether anything could ever go on again. One node a turn of the event loop, so
// that what must be fast waits a millisecond at most; and seldom, so that looking takes less than a hundredth of a
// CPU. A federation in which something moves is told by the one node that was seen to move last.
class StuckWatch {
  public:
    struct Observer {
        std::function<bool()> may_look;                  // nothing is to come that is known to come
        std::function<pid_t(std::size_t node)> process;  // its outermost; 0: it does not run
        std::function<void(WaitsByNode)> at_rest;        // of each node that runs, and nobody has moved
        std::function<void(Error)> failed;
    };
    // `fabric` and `sockets` must outlive it. `begin`: of the run.
    StuckWatch(boost::asio::io_context& io, const Fabric& fabric, SocketReader& sockets,
               Clock::time_point begin, Observer observer);

    // Something has happened: looks anew, from some tenths of a second on.
    void restart();
    void stop();
    // At once, all nodes twice.
    Result<WaitsByNode> look();
    // At once, all nodes once.
    Result<WaitsByNode> glance();
    // Whether some node can run, and none of its threads had a CPU for a moment.
    Result<bool> any_starves();

  private:
    struct Seen {
        std::vector<std::uint64_t> marks;
        Clock::time_point when;
        NodeWaits facts;
    };
    using Look = std::map<std::size_t, Seen>;

    void look_after(Nanoseconds pause);
    void later();
    void begin_look();
    void look_at(std::vector<std::size_t> nodes, bool again);
    bool moves(std::size_t node, bool again);
    Result<Seen> read(std::size_t node);
    static NodeWaits together(const Seen& first, const Seen& second, Clock::time_point begin);
    std::vector<std::size_t> running() const;

    boost::asio::io_context& io_;
    const Fabric& fabric_;
    SocketReader& sockets_;
    const Clock::time_point begin_;
    Observer observer_;
    boost::asio::steady_timer timer_;
    std::shared_ptr<char> alive_ = std::make_shared<char>();
    unsigned use_ = 0;  // of the timer, and of turns of the loop that are under way
    Nanoseconds pause_{0};
    Nanoseconds worked_{0};     // for the look under way
    std::size_t restless_ = 0;  // who moved last
    Look first_, second_;
};

}  // namespace netcut
