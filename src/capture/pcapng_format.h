// SPDX-License-Identifier: Apache-2.0
//
// Numbers of the pcapng format, for its writer and its reader (draft-ietf-opsawg-pcapng, 4 and 3.5).
#pragma once

#include <cstdint>

namespace netcut::pcapng {

namespace block {
inline constexpr std::uint32_t section = 0x0a0d0d0a, interface = 1, statistics = 5, packet = 6;
}
inline constexpr std::uint32_t byte_order_magic = 0x1a2b3c4d;
inline constexpr std::uint16_t link_ethernet = 1;  // LINKTYPE_ETHERNET

// Options. Their numbers are those of one kind of block, but for these two.
inline constexpr std::uint16_t end_of_options = 0, comment = 1;
namespace section_option {
inline constexpr std::uint16_t program = 4;
}
namespace interface_option {
inline constexpr std::uint16_t name = 2, description = 3, resolution = 9;
}
namespace packet_option {
inline constexpr std::uint16_t flags = 2;
}
namespace statistics_option {
inline constexpr std::uint16_t received = 4, missed = 5;
}
inline constexpr std::uint8_t nanoseconds = 9;  // of interface_option::resolution: 10 to the -9
inline constexpr std::uint32_t flag_inbound = 1, flag_outbound = 2, flag_way = 3;

}  // namespace netcut::pcapng
