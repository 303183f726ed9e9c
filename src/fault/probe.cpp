// SPDX-License-Identifier: Apache-2.0
#include "fault/probe.h"

#include <linux/netfilter/nf_conntrack_common.h>
#include <linux/netlink.h>

#include "fault/flow_rules.h"
#include "fault/log_prefix.h"
#include "kernel/links.h"
#include "kernel/netlink.h"
#include "kernel/nftables.h"
#include "kernel/queue.h"
#include "kernel/wireguard.h"

namespace netcut {
namespace {

// Lays a table and takes it away again.
Result<void> commit_and_remove(NetlinkSocket& socket, NftTransaction& lay) {
    Batch batch = lay.take();
    NETCUT_TRY(socket.commit(batch));
    NftTransaction remove(NFPROTO_INET, "netcut-probe");
    remove.delete_table();
    batch = remove.take();
    return socket.commit(batch);
}

// Of one rule.
Result<void> try_rule(const NetNs& apart, const std::function<void(NftRule&)>& use) {
    NETCUT_ASSIGN(NetlinkSocket socket, NetlinkSocket::open(NETLINK_NETFILTER, &apart));
    NftTransaction lay(NFPROTO_INET, "netcut-probe");
    lay.add_table();
    lay.add_base_chain("forward", NF_INET_FORWARD, 0);
    NftRule rule("forward");
    use(rule);
    lay.add_rule(rule);
    return commit_and_remove(socket, lay);
}

Result<void> try_translation(const NetNs& apart) {
    NETCUT_ASSIGN(NetlinkSocket socket, NetlinkSocket::open(NETLINK_NETFILTER, &apart));
    NftTransaction lay(NFPROTO_INET, "netcut-probe");
    lay.add_table();
    lay.add_nat_chain("postrouting", NF_INET_POST_ROUTING, 0);
    NftRule rule("postrouting");
    const IpAddress some = boost::asio::ip::address_v4::loopback();
    rule.meta(NFT_META_NFPROTO).equals({NFPROTO_IPV4}).translate_source({some, some, 1024, 2047, true});
    lay.add_rule(rule);
    return commit_and_remove(socket, lay);
}

Result<void> try_tunnel() {
    constexpr int index = 2;
    NETCUT_ASSIGN(const NetNs apart, NetNs::create());
    NETCUT_ASSIGN(NetlinkSocket socket, NetlinkSocket::open(NETLINK_ROUTE, &apart));
    Batch batch;
    add_wireguard(batch, "probe", index, 1420);
    NETCUT_TRY(socket.commit(batch));
    NETCUT_TRY(make_wireguard_keys());
    NETCUT_TRY(WireGuard::open(apart));
    return {};
}

Result<void> try_marks() {
    NETCUT_ASSIGN(const NetNs apart, NetNs::create());
    NETCUT_ASSIGN(NetlinkSocket socket, NetlinkSocket::open(NETLINK_ROUTE, &apart));
    Batch batch;
    add_routing_rule(batch, {.mark = 1, .table = 1, .priority = 1});
    return socket.commit(batch);
}

}  // namespace

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
        case Need::route_by_mark:
            return try_marks();
        case Need::track:
            return try_rule(apart, [](NftRule& rule) { rule.tracked_as(NF_CT_STATE_INVALID_BIT); });
        case Need::nat:
            return try_translation(apart);
        case Need::wireguard:
            return try_tunnel();
        case Need::hold:
            return probe_frame_redirect(apart);
    }
    return {};
}

}  // namespace netcut
