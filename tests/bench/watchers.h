// SPDX-License-Identifier: Apache-2.0
//
// Two that follow a node's log and cut it off when a line matches, each on a thread of its own.
#pragma once

#include <atomic>
#include <deque>
#include <thread>

#include "base/io.h"
#include "base/time.h"
#include "bench/floor_cut.h"
#include "bench/line_timing.h"
#include "bench/scene.h"
#include "node/log_pump.h"
#include "record/journal.h"
#include "recovery/recovery_watch.h"
#include "run/fault_runner.h"
#include "sockets/sockets.h"
#include "trigger/line_scanner.h"

namespace netcut::bench {

// Of the cuts that lines fire.
inline constexpr Nanoseconds cut_duration = std::chrono::milliseconds(20);

// The engine's own parts, put together as it does.
class ProductWatcher {
  public:
    ProductWatcher(int core, Scene& scene, Nanoseconds duration = cut_duration);
    ~ProductWatcher();

    int log() const { return pipe_.write.get(); }  // where the node writes
    const std::atomic<bool>& fired() const { return fired_; }
    const std::atomic<bool>& healed() const { return healed_; }
    void await_heal();  // and be ready for the next line
    // Reads the logs of so many more nodes, which look for lines of their own; returns where they write.
    std::vector<Fd> watch_others(std::size_t nodes);

  private:
    FaultRunner runner(Scene& scene, Nanoseconds duration);
    void watch(Fd log, LineScanner& scanner, const std::string& node);

    Pipe pipe_;
    boost::asio::io_context io_;
    LoopTimers timers_;
    Journal journal_;
    ProcessControl no_processes_;
    SocketReader sockets_;
    WorkTap tap_;
    FaultRunner runner_;
    LineScanner scanner_;
    std::deque<LineScanner> others_;
    std::atomic<bool> fired_ = false, healed_ = false, failed_ = false;
    std::thread thread_;
};

// The least that does it: epoll, read, memmem, and a prebuilt message.
class FloorWatcher {
  public:
    FloorWatcher(int core, const Scene& scene);
    ~FloorWatcher();

    int log() const { return pipe_.write.get(); }
    const std::atomic<bool>& fired() const { return fired_; }
    void await_heal();

  private:
    void watch();

    Pipe pipe_;
    FloorCut cut_;
    std::atomic<bool> fired_ = false;
    std::thread thread_;
};

}  // namespace netcut::bench
