// SPDX-License-Identifier: Apache-2.0
//
// Copies of frames that wait.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "kernel/frame_tap.h"

namespace netcut {

struct HeldFrame {
    std::vector<std::uint8_t> bytes;
    std::size_t network = 0;  // where its network header begins
    FrameOffload offload;
    int link = 0;  // that it goes out of
    std::size_t path = 0;
    std::uint32_t priority = 0;
};

// Bounded memory: frames that are given back are used again. Threads: one at a time.
class HeldFrames {
  public:
    static constexpr std::size_t most_bytes = std::size_t{256} << 20, most_frames = 200'000;
    bool has_room() const { return bytes_ < most_bytes && used_ < most_frames; }
    std::uint32_t keep(const TappedFrame& frame);  // a handle, until it is given back
    HeldFrame& at(std::uint32_t handle) { return frames_[handle]; }
    void give_back(std::uint32_t handle);

  private:
    std::vector<HeldFrame> frames_;
    std::vector<std::uint32_t> free_;
    std::size_t bytes_ = 0, used_ = 0;
};

// One bit is wrong, from the network header on: `bit` modulo how many there are. Its checksum is that of before, so that whoever
// looks at it finds out.
void flip_bit(HeldFrame& frame, std::uint32_t bit);

}  // namespace netcut
