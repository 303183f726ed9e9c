// SPDX-License-Identifier: Apache-2.0
//
// What the kernel logs of packets, and how the tool reads which fault it was.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

namespace netcut {

// nfnetlink_log groups in the router's namespace. The prefix of a message is fault_prefix() of its fault.
inline constexpr std::uint16_t moment_group = 1;  // a packet was the moment of a WireTrigger
inline constexpr std::uint16_t reply_group = 2;   // a packet was lost that the tool must answer
inline constexpr std::uint16_t lost_group = 3;    // a packet was lost; see LossPlace
inline constexpr std::uint32_t logged_bytes = 128;
std::string fault_prefix(std::size_t number);

// Where a fault has lost a packet, as the prefix of a message to lost_group tells it.
struct LossPlace {
    std::size_t fault = 0;  // the plan's number
    bool up = false;
    // The packet was for an address of a node whose link is gone; else it is known by the ports.
    bool by_address = false;
    // What a kernel says by itself is lost, but not counted: broadcast and multicast.
    bool counted = true;
};
std::optional<LossPlace> loss_place(const std::string& prefix);

}  // namespace netcut
