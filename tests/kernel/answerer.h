// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <poll.h>

#include <atomic>
#include <thread>

#include "fault/log_prefix.h"
#include "fault/plan.h"
#include "fault/reply_sender.h"
#include "kernel/fault_scene.h"
#include "kernel/packet_log.h"

namespace netcut::test {

// Does what the engine does on a bridge, where the kernel cannot answer.
class Answerer {
  public:
    explicit Answerer(FaultScene& scene)
        : log_(must(PacketLog::open(scene.fabric.router(), reply_group))),
          sender_(must(ReplySender::open(scene.fabric))),
          thread_([this, &plan = scene.table.plans().front()] { answer(plan); }) {}
    ~Answerer() {
        stop_ = true;
        thread_.join();
    }

  private:
    void answer(const FaultPlan& plan) {
        while (!stop_) {
            pollfd readable{log_.fd(), POLLIN, 0};
            if (::poll(&readable, 1, 10) <= 0) continue;
            const LoggedPackets logged = must(log_.read());
            for (const LoggedPacket& packet : logged.packets) must(sender_.answer(packet, plan));
        }
    }

    PacketLog log_;
    ReplySender sender_;
    std::atomic<bool> stop_ = false;
    std::thread thread_;
};

}  // namespace netcut::test
