// SPDX-License-Identifier: Apache-2.0
#include "fault/probe.h"

#include <linux/netlink.h>

#include "fault/flow_rules.h"
#include "fault/log_prefix.h"
#include "kernel/netlink.h"
#include "kernel/nftables.h"
#include "kernel/queue.h"

namespace netcut {
namespace {

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
