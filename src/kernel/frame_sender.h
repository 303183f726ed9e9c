// SPDX-License-Identifier: Apache-2.0
//
// Sends frames that a FrameTap has seen on, out of any link. They pass the link's filters and its queue, with a mark of their
// own, but neither routing, nor a bridge, nor its nftables hooks.
//
// Ownership: a FrameSender owns its socket. Threads: one at a time.
#pragma once

#include <cstdint>
#include <span>

#include "base/error.h"
#include "base/io.h"
#include "kernel/frame_tap.h"

namespace netcut {

class FrameSender {
  public:
    // In the calling thread's namespace.
    static Result<FrameSender> open(std::uint32_t mark);

    enum class Sent {
        yes,
        later,
        never
    };  // later: what was sent before still waits; never: the link takes nothing, as when it is down
    // Never waits. `priority`: what the queue knows its lane by.
    Sent send(int link, std::uint32_t priority, const FrameOffload& offload,
              std::span<const std::uint8_t> frame);

  private:
    explicit FrameSender(Fd socket) : socket_(std::move(socket)) {}

    Fd socket_;
    std::uint32_t priority_ = 0;
};

}  // namespace netcut
