// SPDX-License-Identifier: Apache-2.0
#include "kernel/wireguard.h"

#include <arpa/inet.h>
#include <libmnl/libmnl.h>
#include <linux/genetlink.h>
#include <linux/wireguard.h>
#include <netinet/in.h>
#include <netlink/route/link.h>
#include <openssl/evp.h>

#include <algorithm>
#include <cstring>
#include <memory>

#include "kernel/attributes.h"
#include "kernel/libnl.h"

namespace netcut {
namespace {

// A site has some hundred nodes at most, two addresses each: more than this go in parts.
using TunnelMessageRoom = std::array<char, 8192>;
constexpr std::size_t most_inside = 128;

nlmsghdr* put_generic(TunnelMessageRoom& room, std::uint16_t family, std::uint8_t command,
                      std::uint8_t version, std::uint16_t flags = 0) {
    nlmsghdr* message = mnl_nlmsg_put_header(room.data());
    message->nlmsg_type = family;
    message->nlmsg_flags = static_cast<std::uint16_t>(NLM_F_REQUEST | flags);
    auto* header = static_cast<genlmsghdr*>(mnl_nlmsg_put_extra_header(message, sizeof(genlmsghdr)));
    header->cmd = command;
    header->version = version;
    return message;
}

void put_address(nlmsghdr* message, std::uint16_t type, const IpAddress& address) {
    if (address.is_v6()) {
        const auto bytes = address.to_v6().to_bytes();
        mnl_attr_put(message, type, bytes.size(), bytes.data());
    } else {
        const auto bytes = address.to_v4().to_bytes();
        mnl_attr_put(message, type, bytes.size(), bytes.data());
    }
}

void put_endpoint(nlmsghdr* message, const IpAddress& address, std::uint16_t port) {
    if (address.is_v6()) {
        sockaddr_in6 at{};
        at.sin6_family = AF_INET6;
        at.sin6_port = htons(port);
        std::memcpy(&at.sin6_addr, address.to_v6().to_bytes().data(), sizeof(at.sin6_addr));
        mnl_attr_put(message, WGPEER_A_ENDPOINT, sizeof(at), &at);
    } else {
        sockaddr_in at{};
        at.sin_family = AF_INET;
        at.sin_port = htons(port);
        at.sin_addr.s_addr = htonl(address.to_v4().to_uint());
        mnl_attr_put(message, WGPEER_A_ENDPOINT, sizeof(at), &at);
    }
}

void put_inside(nlmsghdr* message, const std::pair<IpAddress, unsigned>& inside) {
    nlattr* one = mnl_attr_nest_start(message, 0);
    mnl_attr_put_u16(message, WGALLOWEDIP_A_FAMILY, inside.first.is_v6() ? AF_INET6 : AF_INET);
    put_address(message, WGALLOWEDIP_A_IPADDR, inside.first);
    mnl_attr_put_u8(message, WGALLOWEDIP_A_CIDR_MASK, static_cast<std::uint8_t>(inside.second));
    mnl_attr_nest_end(message, one);
}

// Of the peers of one interface, one; `fill` says what of it.
template <typename Fill>
void put_peer(nlmsghdr* message, const WireGuardKey& key, Fill fill) {
    nlattr* peers = mnl_attr_nest_start(message, WGDEVICE_A_PEERS);
    nlattr* one = mnl_attr_nest_start(message, 0);
    mnl_attr_put(message, WGPEER_A_PUBLIC_KEY, key.size(), key.data());
    fill();
    mnl_attr_nest_end(message, one);
    mnl_attr_nest_end(message, peers);
}

bool names_a_handshake(const nlattr* peer) {
    bool met = false;
    for_each_nested(peer, [&](std::uint16_t type, const nlattr* attribute) {
        if (type != WGPEER_A_LAST_HANDSHAKE_TIME) return;
        std::int64_t seconds = 0;  // the first of struct __kernel_timespec
        std::memcpy(&seconds, mnl_attr_get_payload(attribute),
                    std::min<std::size_t>(sizeof(seconds), mnl_attr_get_payload_len(attribute)));
        met = seconds != 0;
    });
    return met;
}

}  // namespace

Result<WireGuardKeys> make_wireguard_keys() {
    const std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)> pair(
        EVP_PKEY_Q_keygen(nullptr, nullptr, "X25519"), EVP_PKEY_free);
    WireGuardKeys keys{};
    std::size_t secret = keys.secret.size(), open = keys.open.size();
    if (!pair || EVP_PKEY_get_raw_private_key(pair.get(), keys.secret.data(), &secret) != 1 ||
        EVP_PKEY_get_raw_public_key(pair.get(), keys.open.data(), &open) != 1)
        return machine_failure("make the keys of a tunnel", "libcrypto makes no key of X25519",
                               "leave out vpn: wireguard");
    return keys;
}

void add_wireguard(Batch& batch, const std::string& name, int index, unsigned mtu) {
    const auto link = own<NlLink>(rtnl_link_alloc());
    rtnl_link_set_type(link.get(), "wireguard");
    rtnl_link_set_name(link.get(), name.c_str());
    rtnl_link_set_ifindex(link.get(), index);
    rtnl_link_set_mtu(link.get(), mtu);
    append_request(batch, "add the WireGuard interface " + name, link.get(), NLM_F_CREATE | NLM_F_EXCL,
                   rtnl_link_build_add_request);
}

Result<WireGuard> WireGuard::open(const NetNs& ns) {
    NETCUT_ASSIGN(NetlinkSocket socket, NetlinkSocket::open(NETLINK_GENERIC, &ns));
    alignas(nlmsghdr) TunnelMessageRoom room{};
    nlmsghdr* request = put_generic(room, GENL_ID_CTRL, CTRL_CMD_GETFAMILY, 1);
    mnl_attr_put_strz(request, CTRL_ATTR_FAMILY_NAME, WG_GENL_NAME);
    std::uint16_t family = 0;
    NETCUT_TRY(socket.ask(request, "find WireGuard in the kernel", [&](const nlmsghdr* answer) {
        for_each_attribute(answer, sizeof(genlmsghdr), [&](std::uint16_t type, const nlattr* attribute) {
            if (type == CTRL_ATTR_FAMILY_ID) family = mnl_attr_get_u16(attribute);
        });
    }));
    return WireGuard(std::move(socket), family);
}

Result<void> WireGuard::set_up(int index, const WireGuardKey& secret, std::uint16_t port,
                               const WireGuardPeer& peer) {
    alignas(nlmsghdr) TunnelMessageRoom room{};
    nlmsghdr* message = put_generic(room, family_, WG_CMD_SET_DEVICE, WG_GENL_VERSION);
    mnl_attr_put_u32(message, WGDEVICE_A_IFINDEX, static_cast<std::uint32_t>(index));
    mnl_attr_put(message, WGDEVICE_A_PRIVATE_KEY, secret.size(), secret.data());
    mnl_attr_put_u16(message, WGDEVICE_A_LISTEN_PORT, port);
    put_peer(message, peer.key, [&] {
        if (peer.endpoint) put_endpoint(message, peer.endpoint->first, peer.endpoint->second);
        if (peer.keepalive)
            mnl_attr_put_u16(message, WGPEER_A_PERSISTENT_KEEPALIVE_INTERVAL,
                             static_cast<std::uint16_t>(peer.keepalive->count()));
    });
    Batch batch;
    batch.append(message, "set up a WireGuard interface");
    NETCUT_TRY(socket_.commit(batch));
    return add_inside(index, peer.key, peer.inside);
}

Result<void> WireGuard::add_inside(int index, const WireGuardKey& peer,
                                   const std::vector<std::pair<IpAddress, unsigned>>& addresses) {
    Batch batch;
    for (std::size_t first = 0; first < addresses.size(); first += most_inside) {
        alignas(nlmsghdr) TunnelMessageRoom room{};
        nlmsghdr* message = put_generic(room, family_, WG_CMD_SET_DEVICE, WG_GENL_VERSION);
        mnl_attr_put_u32(message, WGDEVICE_A_IFINDEX, static_cast<std::uint32_t>(index));
        put_peer(message, peer, [&] {
            nlattr* all = mnl_attr_nest_start(message, WGPEER_A_ALLOWEDIPS);
            const std::size_t end = std::min(addresses.size(), first + most_inside);
            for (std::size_t i = first; i < end; ++i) put_inside(message, addresses[i]);
            mnl_attr_nest_end(message, all);
        });
        batch.append(message, "tell a WireGuard interface what is behind its peer");
    }
    return batch.empty() ? Result<void>() : socket_.commit(batch);
}

Result<bool> WireGuard::has_met(int index) {
    alignas(nlmsghdr) TunnelMessageRoom room{};
    nlmsghdr* request = put_generic(room, family_, WG_CMD_GET_DEVICE, WG_GENL_VERSION);
    mnl_attr_put_u32(request, WGDEVICE_A_IFINDEX, static_cast<std::uint32_t>(index));
    bool met = false;
    NETCUT_TRY(socket_.dump(request, "read a WireGuard interface", [&](const nlmsghdr* answer) {
        for_each_attribute(answer, sizeof(genlmsghdr), [&](std::uint16_t type, const nlattr* attribute) {
            if (type != WGDEVICE_A_PEERS) return;
            for_each_nested(attribute,
                            [&](std::uint16_t, const nlattr* peer) { met = met || names_a_handshake(peer); });
        });
    }));
    return met;
}

}  // namespace netcut
