// SPDX-License-Identifier: Apache-2.0
//
// Addresses of nodes and links.
#pragma once

#include <array>
#include <boost/asio/ip/address.hpp>
#include <cstdint>
#include <string>

namespace netcut {

using IpAddress = boost::asio::ip::address;
using MacAddress = std::array<std::uint8_t, 6>;

std::string mac_text(const MacAddress& mac);

}  // namespace netcut
