// SPDX-License-Identifier: Apache-2.0
//
// A network whose router logs what is forwarded, for the kernel tests.
#pragma once

// clang-format off
#include <netinet/in.h>  // before linux/netfilter.h, which then leaves out what it has
// clang-format on

#include <linux/netfilter.h>
#include <linux/netlink.h>
#include <poll.h>

#include <tuple>

#include "fabric/fabric.h"
#include "fabric/options.h"
#include "fault/packet.h"
#include "kernel/address.h"
#include "kernel/each_fabric.h"
#include "kernel/netlink.h"
#include "kernel/nftables.h"
#include "kernel/packet_log.h"

namespace netcut::test {

inline constexpr std::uint16_t log_group = 7;

// Packets of `protocol`, of both directions or of one node alone.
struct WatchRule {
    std::uint8_t protocol = IPPROTO_TCP;
    std::optional<std::size_t> from_node = {};
    bool drop = false;
    std::string prefix = "watched ";
    std::uint32_t snaplen = PacketLogOptions{}.snap_length;
};

inline void watch(Fabric& fabric, const WatchRule& wanted) {
    const bool bridge = fabric.options().kind == FabricKind::bridge;
    NetlinkSocket socket = must(NetlinkSocket::open(NETLINK_NETFILTER, &fabric.router()));
    NftTransaction transaction(bridge ? NFPROTO_BRIDGE : NFPROTO_INET, "watch");
    transaction.add_table();
    transaction.add_base_chain("forward", NF_INET_FORWARD, -100);
    NftRule rule("forward");
    rule.meta(NFT_META_L4PROTO).equals({wanted.protocol});
    if (wanted.from_node)
        rule.meta(NFT_META_IIF)
            .equals(nft_key(static_cast<std::uint32_t>(fabric.node(*wanted.from_node).port.index)));
    rule.log(log_group, wanted.prefix, wanted.snaplen);
    if (wanted.drop) rule.drop();
    transaction.add_rule(rule);
    Batch batch = transaction.take();
    must(socket.commit(batch));
}

inline bool await_readable(int fd, int patience_ms = 3000) {
    pollfd waiting{fd, POLLIN, 0};
    return ::poll(&waiting, 1, patience_ms) == 1;
}

// The first packet that there is, and whatever came with it.
inline LoggedPacket await_packet(PacketLog& log) {
    if (!await_readable(log.fd())) throw std::runtime_error("nothing was logged");
    LoggedPackets logged = must(log.read());
    if (logged.packets.empty()) throw std::runtime_error("nothing was read");
    return logged.packets.front();
}

inline PacketHeader header_of(const LoggedPacket& packet) {
    const auto header = parse_packet(packet.bytes);
    if (!header) throw std::runtime_error("what was logged is no IP packet");
    return *header;
}

class WatchTest : public EachFabricTest {
  protected:
    void SetUp() override {
        NETCUT_NEEDS_ROOT();
        fabric_.emplace(must(Fabric::build(options(), names(1))));
        log_.emplace(must(PacketLog::open(fabric_->router(), log_group)));
    }
    IpAddress address(std::size_t node) { return UdpProbe::address(*fabric_, node, v6()); }
    std::optional<Fabric> fabric_;
    std::optional<PacketLog> log_;
};

}  // namespace netcut::test
