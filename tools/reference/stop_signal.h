// SPDX-License-Identifier: Apache-2.0
// Turns SIGTERM and SIGINT into a call. Create it before any other thread: the threads inherit its signal
// mask.
#pragma once

#include <signal.h>

#include <atomic>
#include <functional>
#include <thread>

namespace netcut::reference {

class StopSignal {
  public:
    explicit StopSignal(std::function<void()> on_stop);  // called once, on a thread of its own
    ~StopSignal();
    StopSignal(const StopSignal&) = delete;
    StopSignal& operator=(const StopSignal&) = delete;

    // The signal that came, 0 if none did.
    int received() const { return received_; }

  private:
    void wait(const sigset_t& signals);

    std::function<void()> on_stop_;
    std::atomic<bool> closing_ = false;
    std::atomic<int> received_ = 0;
    std::thread waiter_;
};

}  // namespace netcut::reference
