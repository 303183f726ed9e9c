// SPDX-License-Identifier: Apache-2.0
#include "netcut/needs.h"

#include <fmt/format.h>
#include <linux/netlink.h>

#include "fault/rules.h"
#include "kernel/queue.h"

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

// Lays a table with one rule and takes it away again.
Result<void> try_rule(const NetNs& apart, const std::function<void(NftRule&)>& use) {
    NETCUT_ASSIGN(NetlinkSocket socket, NetlinkSocket::open(NETLINK_NETFILTER, &apart));
    NftTransaction lay(NFPROTO_INET, "netcut-probe");
    lay.add_table();
    lay.add_base_chain("forward", NF_INET_FORWARD, 0);
    NftRule rule("forward");
    use(rule);
    lay.add_rule(rule);
    Batch batch = lay.take();
    NETCUT_TRY(socket.commit(batch));
    NftTransaction remove(NFPROTO_INET, "netcut-probe");
    remove.delete_table();
    batch = remove.take();
    return socket.commit(batch);
}

}  // namespace

const char* need_name(Need need) {
    return info(need).name;
}
const char* need_options(Need need) {
    return info(need).options;
}

Result<void> probe(Need need, const NetNs& apart) {
    switch (need) {
        case Need::numgen:
            return try_rule(apart, [](NftRule& rule) { rule.number(2).equals(nft_key(1)); });
        case Need::quota:
            return try_rule(apart, [](NftRule& rule) { rule.fewer_bytes_than(1); });
        case Need::packet_log:
            return try_rule(apart, [](NftRule& rule) { rule.log(moment_group, "probe", logged_bytes); });
        case Need::reject:
            return try_rule(apart, [](NftRule& rule) { is_tcp(rule).reset_connection(); });
        case Need::redirect:
            return probe_redirect(apart);
        case Need::tbf:
            return probe_rate(apart, "tbf");
        case Need::htb:
            return probe_rate(apart, "htb");
        case Need::netem:
            return probe_netem(apart);
    }
    return {};
}

}  // namespace netcut
