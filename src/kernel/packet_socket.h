// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/uio.h>

#include <cstdint>
#include <span>

#include "base/error.h"
#include "base/io.h"

namespace netcut {

// A packet socket that sends frames and receives nothing, in the calling thread's namespace.
Result<Fd> open_packet_socket();
// Sends a frame of these parts, its Ethernet header among them, out of a link. `ethertype`: as in the frame, in network order.
// 0, or the number of the error.
int send_frame(const Fd& socket, int link, std::uint16_t ethertype, std::span<iovec> parts, int flags = 0);

}  // namespace netcut
