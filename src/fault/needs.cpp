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
        {Need::netem, {"netem", "CONFIG_NET_SCH_NETEM"}}};
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
