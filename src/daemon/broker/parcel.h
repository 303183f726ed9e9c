// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <span>
#include <vector>

#include "base/error.h"
#include "base/io.h"
#include "daemon/message.h"

namespace netcut {

// A message and descriptors that go with it, as one packet of a SOCK_SEQPACKET socket.
struct Parcel {
    Message message;
    std::vector<Fd> fds;
};

// Waits until there is room. The descriptors are duplicated on the way.
Result<void> send_parcel(int socket, const Message& message, std::span<const int> fds = {});
// Nothing when the other end is gone, or keeps to no form. `wait`: until there is one.
std::optional<Parcel> receive_parcel(int socket);

}  // namespace netcut
