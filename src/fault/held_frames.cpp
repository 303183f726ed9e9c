// SPDX-License-Identifier: Apache-2.0
#include "fault/held_frames.h"

#include "fault/packet.h"

namespace netcut {
namespace {

// The sum of the pseudo header is there already, where the checksum is to be.
void complete_checksum(HeldFrame& frame) {
    if ((frame.offload.flags & FrameOffload::needs_checksum) == 0) return;
    frame.offload.flags = 0;
    const std::size_t start = frame.offload.checksum_start, at = start + frame.offload.checksum_offset;
    if (at + 2 > frame.bytes.size()) return;
    std::uint16_t sum = internet_checksum(PacketBytes(frame.bytes).subspan(start));
    if (sum == 0) sum = 0xffff;  // 0 says in UDP that there is none (RFC 768)
    frame.bytes[at] = static_cast<std::uint8_t>(sum >> 8);
    frame.bytes[at + 1] = static_cast<std::uint8_t>(sum);
}

}  // namespace

std::uint32_t HeldFrames::keep(const TappedFrame& tapped) {
    if (free_.empty()) {
        free_.push_back(static_cast<std::uint32_t>(frames_.size()));
        frames_.emplace_back();
    }
    const std::uint32_t handle = free_.back();
    free_.pop_back();
    HeldFrame& frame = frames_[handle];
    frame.bytes.assign(tapped.bytes.begin(), tapped.bytes.end());
    frame.network = tapped.network;
    frame.offload = tapped.offload;
    bytes_ += frame.bytes.size();
    ++used_;
    return handle;
}

void HeldFrames::give_back(std::uint32_t handle) {
    bytes_ -= frames_[handle].bytes.size();
    --used_;
    free_.push_back(handle);
}

void flip_bit(HeldFrame& frame, std::uint32_t bit) {
    complete_checksum(frame);
    if (frame.network >= frame.bytes.size()) return;
    const std::size_t chosen = bit % ((frame.bytes.size() - frame.network) * 8);
    frame.bytes[frame.network + chosen / 8] ^= static_cast<std::uint8_t>(1U << chosen % 8);
}

}  // namespace netcut
