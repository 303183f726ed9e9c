// SPDX-License-Identifier: Apache-2.0
#include "fault/sent_counter.h"

#include <linux/netlink.h>

#include "fault/table_rules.h"
#include "kernel/netlink.h"
#include "kernel/nftables.h"

namespace netcut {
namespace {

constexpr const char* counter = "sent";

// What the kernel says by itself, and what goes to everybody, is not counted, as in the router.
void skip_what_is_not_for_one(NftTransaction& transaction, const std::string& chain) {
    NftRule multicast4(chain);
    multicast4.meta(NFT_META_NFPROTO).equals(byte_key(NFPROTO_IPV4));
    multicast4.payload(NFT_PAYLOAD_NETWORK_HEADER, v4_destination_offset, 1).mask({0xf0});
    multicast4.equals({0xe0}).leave();
    NftRule broadcast4(chain);  // 255.255.255.255, or that of the fabric's /16
    broadcast4.meta(NFT_META_NFPROTO).equals(byte_key(NFPROTO_IPV4));
    broadcast4.payload(NFT_PAYLOAD_NETWORK_HEADER, v4_destination_offset + 2, 2);
    broadcast4.equals(short_key(0xffff)).leave();
    NftRule multicast6(chain);
    multicast6.meta(NFT_META_NFPROTO).equals(byte_key(NFPROTO_IPV6));
    multicast6.payload(NFT_PAYLOAD_NETWORK_HEADER, v6_destination_offset, 1).equals({0xff}).leave();
    for (NftRule* rule : {&multicast4, &broadcast4, &multicast6}) transaction.add_rule(*rule);
    skip_neighbour_discovery(transaction, chain);
}

}  // namespace

Result<SentCounter> SentCounter::lay(const NodeLink& node, std::string table) {
    NftTransaction transaction(NFPROTO_INET, table);
    transaction.add_table();
    transaction.add_base_chain("postrouting", NF_INET_POST_ROUTING, 0);
    skip_what_is_not_for_one(transaction, "postrouting");
    transaction.add_counter(counter);
    transaction.add_set({.name = "links", .to_counters = true});
    transaction.add_counter_element("links", nft_key(static_cast<std::uint32_t>(node.eth0.index)), counter);
    NftRule count("postrouting");
    count.meta(NFT_META_OIF).count_by("links");
    transaction.add_rule(count);
    NETCUT_ASSIGN(NetlinkSocket socket, NetlinkSocket::open(NETLINK_NETFILTER, &node.ns));
    Batch batch = transaction.take();
    NETCUT_TRY(socket.commit(batch));
    return SentCounter(node.ns, std::move(table));
}

Result<void> SentCounter::begin() {
    if (begun_at_) return {};
    NETCUT_ASSIGN(begun_at_, read());
    return {};
}

Result<void> SentCounter::end() {
    NETCUT_ASSIGN(earlier_, count());
    begun_at_.reset();
    return {};
}

Result<std::uint64_t> SentCounter::count() const {
    if (!begun_at_) return earlier_;
    NETCUT_ASSIGN(const std::uint64_t now, read());
    return earlier_ + now - *begun_at_;
}

// A socket of its own each time: a run of thousands of nodes has no descriptors to spare.
Result<std::uint64_t> SentCounter::read() const {
    NETCUT_ASSIGN(NetlinkSocket socket, NetlinkSocket::open(NETLINK_NETFILTER, node_));
    NETCUT_ASSIGN(const auto values, read_counters(socket, NFPROTO_INET, table_));
    return values.at(counter).packets;
}

}  // namespace netcut
