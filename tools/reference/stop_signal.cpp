// SPDX-License-Identifier: Apache-2.0
#include "stop_signal.h"

#include <utility>

namespace netcut::reference {

StopSignal::StopSignal(std::function<void()> on_stop) : on_stop_(std::move(on_stop)) {
    sigset_t signals;
    sigemptyset(&signals);
    sigaddset(&signals, SIGTERM);
    sigaddset(&signals, SIGINT);
    pthread_sigmask(SIG_BLOCK, &signals, nullptr);
    waiter_ = std::thread([this, signals] { wait(signals); });
}

StopSignal::~StopSignal() {
    closing_ = true;
    pthread_kill(waiter_.native_handle(), SIGTERM);  // wakes the waiter, or stays pending on its ended thread
    waiter_.join();
}

void StopSignal::wait(const sigset_t& signals) {
    int signal = 0;
    sigwait(&signals, &signal);
    if (closing_) return;
    received_ = signal;
    on_stop_();
}

}  // namespace netcut::reference
