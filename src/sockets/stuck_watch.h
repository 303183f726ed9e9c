// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/time.h"
#include "base/timers.h"
#include "kernel/wait_reader.h"
#include "why/proof.h"

namespace netcut {

// Looks, while there is no progress, whether anything could ever go on again. One node a turn of the event loop, so
// that what must be fast waits a millisecond at most; and seldom, so that looking takes less than a hundredth of a
// CPU. A federation in which something moves is told by the one node that was seen to move last.
class StuckWatch {
  public:
    struct Observer {
        std::function<bool()> may_look;  // nothing is to come that is known to come
        std::function<bool(std::size_t node)> runs;
        std::function<Result<WaitReading>(std::size_t node)> read;  // what a node that runs waits for now
        std::function<void(WaitsByNode)> at_rest;  // of each node that runs, and nobody has moved
        std::function<void(Error)> failed;
    };
    // `names`: of the nodes. `begin`: of the run. `timers` must outlive it.
    StuckWatch(Timers& timers, std::vector<std::string> names, Clock::time_point begin, Observer observer);

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

    Timers& timers_;
    const std::vector<std::string> names_;
    const Clock::time_point begin_;
    Observer observer_;
    std::unique_ptr<Timer> timer_;
    std::shared_ptr<char> alive_ = std::make_shared<char>();
    unsigned use_ = 0;  // of the turns of the loop that are under way
    Nanoseconds pause_{0};
    Nanoseconds worked_{0};     // for the look under way
    std::size_t restless_ = 0;  // who moved last
    Look first_, second_;
};

}  // namespace netcut
