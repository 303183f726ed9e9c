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
#include <netlink/route/rule.h>

#include "kernel/address.h"
#include "kernel/c_owner.h"
#include "kernel/netlink.h"

namespace netcut {

using NlMsg = COwner<nl_msg, nlmsg_free>;
using NlAddr = COwner<nl_addr, nl_addr_put>;
using NlLink = COwner<rtnl_link, rtnl_link_put>;
using NlAddress = COwner<rtnl_addr, rtnl_addr_put>;
using NlNeighbour = COwner<rtnl_neigh, rtnl_neigh_put>;
using NlRoute = COwner<rtnl_route, rtnl_route_put>;
using NlRule = COwner<rtnl_rule, rtnl_rule_put>;
using NlQdisc = COwner<rtnl_qdisc, rtnl_qdisc_put>;
using NlClass = COwner<rtnl_class, rtnl_class_put>;

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
