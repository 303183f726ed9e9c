// SPDX-License-Identifier: Apache-2.0
#include "kernel/libnl.h"

namespace netcut {

int family_of(const IpAddress& address) {
    return address.is_v6() ? AF_INET6 : AF_INET;
}

NlAddr to_nl(const IpAddress& address, unsigned prefix_length) {
    const auto build = [&](const auto& bytes) {
        return own<NlAddr>(nl_addr_build(family_of(address), bytes.data(), bytes.size()));
    };
    NlAddr built = address.is_v6() ? build(address.to_v6().to_bytes()) : build(address.to_v4().to_bytes());
    nl_addr_set_prefixlen(built.get(), static_cast<int>(prefix_length));
    return built;
}

NlAddr to_nl(const IpAddress& address) {
    return to_nl(address, address.is_v6() ? 128 : 32);
}

}  // namespace netcut
