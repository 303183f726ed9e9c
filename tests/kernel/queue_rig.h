// SPDX-License-Identifier: Apache-2.0
//
// A fabric with one queue: what its first node receives, and is marked, goes through it.
#pragma once

// clang-format off
#include <netinet/in.h>  // before linux/netfilter.h, which then leaves out what it has
// clang-format on

#include <linux/netfilter.h>
#include <linux/netlink.h>

#include "base/io.h"
#include "base/time.h"
#include "fabric/fabric.h"
#include "fabric/options.h"
#include "kernel/each_fabric.h"
#include "kernel/netlink.h"
#include "kernel/nftables.h"
#include "kernel/queue.h"
#include "kernel/queue_read.h"
#include "link/queue.h"

namespace netcut::test {

struct Datagram {
    std::uint32_t number = 0;
    std::int64_t sent = 0;  // nanoseconds of Clock
    Nanoseconds on_way{0};  // until it was received
};

class QueueRig {
  public:
    static constexpr int device = 5000;
    static constexpr std::uint32_t the_mark = 7;

    QueueRig(FabricKind kind, bool v6) : v6_(v6), fabric_(make_fabric(kind, v6)) {
        Batch batch;
        add_queue_device(batch, "queue", device);
        add_clsact(batch, port());
        redirect_marked(batch, port(), the_mark, device);
        must(router().commit(batch));
        lay_rules();
    }

    Fabric& fabric() { return fabric_; }
    NetlinkSocket& router() { return fabric_.router_socket(); }
    int port() const { return fabric_.node(0).port.index; }

    void set(const QueueSpec& spec, const std::vector<std::uint16_t>& lanes = {1}) {
        Batch batch;
        set_queue(batch, device, spec, fabric_.options().mtu, lanes);
        must(router().commit(batch));
    }
    // From now on packets of this protocol are marked, or are no more.
    void mark(std::uint8_t protocol) {
        NftTransaction transaction(family(), "test");
        transaction.add_element("slow", {protocol});
        commit(transaction);
    }
    void unmark(std::uint8_t protocol) {
        NftTransaction transaction(family(), "test");
        transaction.delete_element("slow", {protocol});
        commit(transaction);
    }

    // How long TCP takes to bring so many bytes from the second node to the first.
    double seconds_for(std::size_t bytes) { return test::seconds_for(fabric_, v6_, bytes); }

    // Sends numbered datagrams from the second node to the first; what came, in the order of its coming.
    std::vector<Datagram> send_datagrams(std::uint32_t count, Nanoseconds apart, std::size_t bytes = 100) {
        const Fd sender = open_socket(fabric_.node(1), SOCK_DGRAM, v6_);
        const Fd reader = open_socket(fabric_.node(0), SOCK_DGRAM, v6_, 800);
        const Endpoint target(UdpProbe::address(fabric_, 0, v6_), 6000);
        const int room = 8 << 20;
        ::setsockopt(reader.get(), SOL_SOCKET, SO_RCVBUFFORCE, &room, sizeof(room));
        if (::bind(reader.get(), target.get(), target.size) != 0) throw std::runtime_error("bind");
        std::thread writer([&] {
            std::string text(std::max(bytes, sizeof(Datagram)), 'x');
            for (std::uint32_t i = 0; i < count; ++i) {
                const Datagram datagram{i, Clock::now().time_since_epoch().count(), {}};
                std::memcpy(text.data(), &datagram, sizeof(datagram));
                ::sendto(sender.get(), text.data(), text.size(), 0, target.get(), target.size);
                if (apart > Nanoseconds(0)) std::this_thread::sleep_for(apart);
            }
        });
        std::vector<Datagram> arrived;
        std::array<char, 65536> buffer;
        while (::recv(reader.get(), buffer.data(), buffer.size(), 0) >=
               static_cast<ssize_t>(sizeof(Datagram))) {
            Datagram datagram;
            std::memcpy(&datagram, buffer.data(), sizeof(datagram));
            datagram.on_way = Nanoseconds(Clock::now().time_since_epoch().count() - datagram.sent);
            arrived.push_back(datagram);
        }
        writer.join();
        return arrived;
    }

  private:
    static Fabric make_fabric(FabricKind kind, bool v6) {
        FabricOptions options;
        options.kind = kind;
        options.ipv4 = !v6;
        options.ipv6 = v6;
        return must(Fabric::build(options, names(1)));
    }
    std::uint8_t family() const {
        return fabric_.options().kind == FabricKind::routed ? NFPROTO_INET : NFPROTO_BRIDGE;
    }

    void lay_rules() {
        NftTransaction transaction(family(), "test");
        transaction.add_table();
        transaction.add_set({.name = "slow", .key_size = 1});
        transaction.add_base_chain("forward", NF_INET_FORWARD, 0);
        NftRule rule("forward");
        rule.meta(NFT_META_OIF).equals(nft_key(static_cast<std::uint32_t>(port())));
        rule.meta(NFT_META_L4PROTO).in("slow").constant(the_mark).set_meta(NFT_META_MARK);
        transaction.add_rule(rule);
        commit(transaction);
    }
    void commit(NftTransaction& transaction) {
        Batch batch = transaction.take();
        NetlinkSocket socket = must(NetlinkSocket::open(NETLINK_NETFILTER, &fabric_.router()));
        must(socket.commit(batch));
    }

    bool v6_;
    Fabric fabric_;
};

}  // namespace netcut::test
