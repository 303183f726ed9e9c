// SPDX-License-Identifier: Apache-2.0
//
// A way out of a run for some of its nodes:
//
//     router --- gate --- outside: the namespace that netcut-fl was started in
//
// The gate is a namespace of its own, which translates the nodes' addresses, the same in every run, into one
// that no other run has. (Not the router: whatever is translated there is also tracked and put together from
// its fragments, and faults shall see packets as they were sent.) The outside gets one end of a link, a route
// to that one address, and one nftables table that translates it into the outside's own.
//
// Ownership: all of it ends with the Uplink, and with this process, however that ends: the link goes with the
// gate, and the table is bound to a socket of ours.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/error.h"
#include "fabric/options.h"
#include "kernel/address.h"
#include "kernel/links.h"
#include "kernel/netlink.h"
#include "kernel/netns.h"
#include "kernel/rights.h"

namespace netcut {

// Whether such a way out is to be had: rights over this thread's namespace, which must forward packets. It is
// never made to, and the error says how it is.
Result<void> check_uplink(const FabricOptions& options, Rights rights);

class Uplink {
  public:
    // `ports`: the router's ends of the links of the nodes that get a way out.
    static Result<std::unique_ptr<Uplink>> open(const FabricOptions& options, NetlinkSocket& router_socket,
                                                const std::vector<VethEnd>& ports);
    ~Uplink();
    Uplink(const Uplink&) = delete;
    Uplink& operator=(const Uplink&) = delete;

    const std::string& link() const { return outer_.name; }  // the outside's end
    const std::vector<IpAddress>& addresses() const { return addresses_; }

  private:
    Uplink(const FabricOptions& options, NetNs gate, NetlinkSocket gate_socket, NetlinkSocket outside,
           NetlinkSocket outside_tables);

    std::vector<bool> families() const;  // false: IPv4, true: IPv6
    Result<void> join_router(NetlinkSocket& router_socket, const std::vector<VethEnd>& ports);
    Result<void> join_outside();
    Result<IpAddress> claim_address(bool ipv6);
    Result<void> set_up_gate();
    Result<void> translate_in_gate();
    Result<void> translate_outside();

    const unsigned mtu_;
    const bool single_segments_;
    const bool ipv4_, ipv6_;  // what the run has and the outside forwards
    NetNs gate_;
    NetlinkSocket gate_socket_;
    NetlinkSocket outside_;
    NetlinkSocket outside_tables_;  // the outside's table is gone when this is closed
    VethEnd outer_;
    bool joined_outside_ = false;
    std::vector<IpAddress> addresses_;  // the gate's in the outside
};

}  // namespace netcut
