// SPDX-License-Identifier: Apache-2.0
#include "bench/floor_cut.h"

#include <arpa/inet.h>
#include <endian.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>

#include "bench/namespaces.h"
#include "bench/require.h"
#include "kernel/netlink.h"
#include "kernel/netns.h"
#include "kernel/nftables.h"

namespace netcut::bench {
namespace {

constexpr std::uint64_t lease_ms = 20'000;
constexpr const char* table = "floor";
constexpr const char* active = "active";
constexpr const char* beside = "beside";  // no rule asks for it
constexpr std::uint32_t key_of_cut = 0;

nfgenmsg header_of(std::uint8_t family, std::uint16_t resource) {
    return {family, NFNETLINK_V0, htons(resource)};
}

void put_element(RawBatch& batch, const char* set, int message) {
    const bool adds = message == NFT_MSG_NEWSETELEM;
    batch.begin(static_cast<std::uint16_t>(NFNL_SUBSYS_NFTABLES << 8 | message), adds ? NLM_F_CREATE : 0,
                header_of(NFPROTO_INET, 0));
    batch.put_text(NFTA_SET_ELEM_LIST_TABLE, table);
    batch.put_text(NFTA_SET_ELEM_LIST_SET, set);
    const std::size_t elements = batch.open(NFTA_SET_ELEM_LIST_ELEMENTS | NLA_F_NESTED);
    const std::size_t element = batch.open(NFTA_LIST_ELEM | NLA_F_NESTED);
    if (adds && set == active) batch.put(NFTA_SET_ELEM_TIMEOUT, htobe64(lease_ms));
    const std::size_t key = batch.open(NFTA_SET_ELEM_KEY | NLA_F_NESTED);
    batch.put(NFTA_DATA_VALUE, key_of_cut);
    for (const std::size_t opened : {key, element, elements}) batch.close(opened);
}

RawBatch switch_message(int message, FloorCut::Elements elements) {
    RawBatch batch;
    batch.begin(NFNL_MSG_BATCH_BEGIN, 0, header_of(AF_UNSPEC, NFNL_SUBSYS_NFTABLES));
    if (elements == FloorCut::Elements::two) put_element(batch, beside, message);
    put_element(batch, active, message);
    batch.acknowledge();
    batch.begin(NFNL_MSG_BATCH_END, 0, header_of(AF_UNSPEC, NFNL_SUBSYS_NFTABLES));
    return batch;
}

void lay_table(const NetNs& router) {
    NetlinkSocket socket = must(NetlinkSocket::open(NETLINK_NETFILTER, &router));
    NftTransaction transaction(NFPROTO_INET, table);
    transaction.add_table();
    transaction.add_set({.name = active, .leases = true});
    transaction.add_set({.name = beside, .size = 1});
    transaction.add_base_chain("forward", NF_INET_FORWARD, 0);
    NftRule rule("forward");
    rule.constant(key_of_cut).in(active).drop();
    transaction.add_rule(rule);
    Batch batch = transaction.take();
    must(socket.commit(batch));
}

}  // namespace

FloorCut::FloorCut(const NetNs& router) {
    for (const Elements elements : {Elements::one, Elements::two}) {
        fire_[elements] = switch_message(NFT_MSG_NEWSETELEM, elements);
        heal_[elements] = switch_message(NFT_MSG_DELSETELEM, elements);
    }
    lay_table(router);
    in_namespace(router.fd(), [&] { socket_.emplace(NETLINK_NETFILTER); });
}

}  // namespace netcut::bench
