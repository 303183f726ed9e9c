// SPDX-License-Identifier: Apache-2.0
//
// Owners for libnl's reference-counted objects.
#pragma once

#include <netlink/addr.h>
#include <netlink/msg.h>
#include <netlink/route/addr.h>
#include <netlink/route/class.h>
#include <netlink/route/link.h>
#include <netlink/route/neighbour.h>
#include <netlink/route/nexthop.h>
#include <netlink/route/qdisc.h>
#include <netlink/route/route.h>

#include <memory>
#include <new>

#include "netcut/kernel.h"

namespace netcut {

template <auto Release>
struct LibnlRelease {
    template <typename T>
    void operator()(T* object) const {
        Release(object);
    }
};
template <typename T, auto Release>
using LibnlPtr = std::unique_ptr<T, LibnlRelease<Release>>;

using NlMsg = LibnlPtr<nl_msg, nlmsg_free>;
using NlAddr = LibnlPtr<nl_addr, nl_addr_put>;
using NlLink = LibnlPtr<rtnl_link, rtnl_link_put>;
using NlAddress = LibnlPtr<rtnl_addr, rtnl_addr_put>;
using NlNeighbour = LibnlPtr<rtnl_neigh, rtnl_neigh_put>;
using NlRoute = LibnlPtr<rtnl_route, rtnl_route_put>;
using NlQdisc = LibnlPtr<rtnl_qdisc, rtnl_qdisc_put>;
using NlClass = LibnlPtr<rtnl_class, rtnl_class_put>;

// libnl answers a null pointer when memory is short, and only then.
template <typename Owner, typename T>
Owner own(T* object) {
    if (object == nullptr) throw std::bad_alloc();
    return Owner(object);
}

int family_of(const IpAddress& address);
NlAddr to_nl(const IpAddress& address, unsigned prefix_length);
NlAddr to_nl(const IpAddress& address);

// Appends what a libnl "build ... request" function makes of `object`.
template <typename Object, typename Build>
void append_request(Batch& batch, std::string attempt, Object* object, int flags, Build build) {
    nl_msg* raw = nullptr;
    if (build(object, flags, &raw) < 0) throw std::bad_alloc();
    const NlMsg message(raw);
    batch.append(nlmsg_hdr(message.get()), std::move(attempt));
}

}  // namespace netcut
