// SPDX-License-Identifier: Apache-2.0
#include "bench/fire_timing.h"

#include <future>
#include <stdexcept>

#include "base/time.h"

namespace netcut::bench {
namespace {

struct Call {
    Clock::time_point begin, end;
};

Call call_while_it_flows(const Cores& cores, Traffic& traffic, const std::function<void()>& work) {
    std::atomic<bool> flows = false, done = false;
    auto sender = std::async(std::launch::async, [&] {
        hold(cores.sender);
        traffic.send_until(done, [&] { flows = true; });
    });
    while (!flows) std::this_thread::yield();
    Call call;
    call.begin = Clock::now();
    work();
    call.end = Clock::now();
    done = true;
    sender.get();
    return call;
}

}  // namespace

FireTimes time_fire(const Cores& cores, Traffic& traffic, const std::function<void()>& fire) {
    const Call call = call_while_it_flows(cores, traffic, fire);
    const auto loss = traffic.first_loss();
    if (!loss) throw std::runtime_error("a cut lost nothing");
    return {call.end - call.begin, *loss - call.begin};
}

Nanoseconds time_heal(const Cores& cores, Traffic& traffic, const std::function<void()>& heal) {
    const Call call = call_while_it_flows(cores, traffic, heal);
    return traffic.first_passage() - call.begin;
}

}  // namespace netcut::bench
