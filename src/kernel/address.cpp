// SPDX-License-Identifier: Apache-2.0
#include "kernel/address.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace netcut {

std::string mac_text(const MacAddress& mac) {
    return fmt::format("{:02x}", fmt::join(mac, ":"));
}

}  // namespace netcut
