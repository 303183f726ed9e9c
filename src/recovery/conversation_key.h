// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <tuple>

#include "kernel/address.h"

namespace netcut {

// As the node sees it: its own address and port, and the other end's.
using ConversationKey = std::tuple<IpAddress, std::uint16_t, IpAddress, std::uint16_t>;

inline ConversationKey turned(const ConversationKey& key) {
    return {std::get<2>(key), std::get<3>(key), std::get<0>(key), std::get<1>(key)};
}

}  // namespace netcut
