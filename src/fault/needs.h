// SPDX-License-Identifier: Apache-2.0
//
// What faults and sites need of the kernel.
#pragma once

namespace netcut {

// Kernel features beyond namespaces, veth and the nftables that every run uses.
enum class Need {
    numgen,         // CONFIG_NFT_NUMGEN
    quota,          // CONFIG_NFT_QUOTA
    packet_log,     // CONFIG_NFT_LOG and CONFIG_NETFILTER_NETLINK_LOG
    reject,         // CONFIG_NFT_REJECT_INET
    redirect,       // CONFIG_IFB, CONFIG_NET_SCH_INGRESS, CONFIG_NET_CLS_BPF and CONFIG_NET_ACT_MIRRED
    tbf,            // CONFIG_NET_SCH_TBF
    htb,            // CONFIG_NET_SCH_HTB
    netem,          // CONFIG_NET_SCH_NETEM
    route_by_mark,  // CONFIG_IP_MULTIPLE_TABLES and CONFIG_IPV6_MULTIPLE_TABLES
    track,          // CONFIG_NF_CONNTRACK, CONFIG_NF_CT_NETLINK and CONFIG_NFT_CT
    nat,            // CONFIG_NFT_NAT
    wireguard,      // CONFIG_WIREGUARD
    hold            // CONFIG_PACKET, CONFIG_NET_SCH_INGRESS, CONFIG_NET_CLS_BPF and CONFIG_NET_ACT_MIRRED
};

const char* need_name(Need need);
// The kernel options that provide it.
const char* need_options(Need need);

}  // namespace netcut
