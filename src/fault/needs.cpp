// SPDX-License-Identifier: Apache-2.0
#include "fault/needs.h"

#include <map>

namespace netcut {
namespace {

struct NeedInfo {
    const char* name;
    const char* options;
};

const NeedInfo& info(Need need) {
    static const std::map<Need, NeedInfo> all = {
        {Need::numgen, {"counting of packets in nftables", "CONFIG_NFT_NUMGEN"}},
        {Need::quota, {"counting of bytes in nftables", "CONFIG_NFT_QUOTA"}},
        {Need::packet_log, {"log of packets to user space", "CONFIG_NFT_LOG, CONFIG_NETFILTER_NETLINK_LOG"}},
        {Need::reject, {"reject in nftables", "CONFIG_NFT_REJECT_INET"}},
        {Need::redirect,
         {"redirection of packets to a queue",
          "CONFIG_IFB, CONFIG_NET_SCH_INGRESS, CONFIG_NET_CLS_BPF, CONFIG_NET_ACT_MIRRED"}},
        {Need::tbf, {"token bucket queue tbf", "CONFIG_NET_SCH_TBF"}},
        {Need::htb, {"token bucket queue htb", "CONFIG_NET_SCH_HTB"}},
        {Need::netem, {"netem", "CONFIG_NET_SCH_NETEM"}},
        {Need::route_by_mark, {"routing by marks", "CONFIG_IP_MULTIPLE_TABLES, CONFIG_IPV6_MULTIPLE_TABLES"}},
        {Need::track,
         {"tracking of connections in nftables", "CONFIG_NF_CONNTRACK, CONFIG_NF_CT_NETLINK, CONFIG_NFT_CT"}},
        {Need::nat, {"translation of addresses in nftables", "CONFIG_NFT_NAT"}},
        {Need::wireguard, {"WireGuard", "CONFIG_WIREGUARD"}},
        {Need::hold,
         {"redirection of packets to netcut-fl",
          "CONFIG_PACKET, CONFIG_NET_SCH_INGRESS, CONFIG_NET_CLS_BPF, CONFIG_NET_ACT_MIRRED"}}};
    return all.at(need);
}

}  // namespace

const char* need_name(Need need) {
    return info(need).name;
}
const char* need_options(Need need) {
    return info(need).options;
}

}  // namespace netcut
