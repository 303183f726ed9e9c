// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <libmnl/libmnl.h>

namespace netcut {

// Calls each(type, attribute) for every attribute behind a message's fixed header.
template <typename Each>
void for_each_attribute(const nlmsghdr* message, std::size_t header_size, Each each) {
    const auto* attribute = static_cast<const nlattr*>(mnl_nlmsg_get_payload_offset(message, header_size));
    const auto* tail = static_cast<const char*>(mnl_nlmsg_get_payload_tail(message));
    while (mnl_attr_ok(attribute, static_cast<int>(tail - reinterpret_cast<const char*>(attribute)))) {
        each(mnl_attr_get_type(attribute), attribute);
        attribute = mnl_attr_next(attribute);
    }
}

// The same for what is inside of an attribute.
template <typename Each>
void for_each_nested(const nlattr* parent, Each each) {
    const auto* attribute = static_cast<const nlattr*>(mnl_attr_get_payload(parent));
    const auto* tail =
        static_cast<const char*>(mnl_attr_get_payload(parent)) + mnl_attr_get_payload_len(parent);
    while (mnl_attr_ok(attribute, static_cast<int>(tail - reinterpret_cast<const char*>(attribute)))) {
        each(mnl_attr_get_type(attribute), attribute);
        attribute = mnl_attr_next(attribute);
    }
}

}  // namespace netcut
