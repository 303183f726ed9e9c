// SPDX-License-Identifier: Apache-2.0
#include "fault/pair_rules.h"

#include <functional>
#include <optional>
#include <utility>

#include "fabric/sites.h"
#include "fault/flow_rules.h"
#include "fault/moment_rules.h"

namespace netcut {
namespace {

NftKey pair_key(const FaultContext& fault, std::size_t from, std::size_t to) {
    NftKey key = fault.port_of(from);
    const NftKey second = fault.port_of(to);
    key.insert(key.end(), second.begin(), second.end());
    return key;
}

using Pairs = std::vector<std::pair<std::size_t, std::size_t>>;

bool are_apart(const FaultContext& fault, std::size_t one, std::size_t other) {
    return fault.fabric.sites() != nullptr && fault.fabric.sites()->are_apart(one, other);
}

// The outside has no address for what is translated.
bool is_hidden(const FaultContext& fault, std::size_t node) {
    const Sites* sites = fault.fabric.sites();
    const auto site = sites != nullptr ? sites->of(node) : std::nullopt;
    return site && ((*sites)[*site].spec().hides() || (*sites)[*site].spec().relays());
}

// Of all pairs, those for which `which` is true.
template <typename Which>
Pairs some_of(const Pairs& pairs, Which which) {
    Pairs some;
    for (const auto& [from, to] : pairs)
        if (which(from, to)) some.emplace_back(from, to);
    return some;
}

Pairs pairs_with_peers(const FaultPlan& plan, bool up) {
    Pairs pairs;
    for (const std::size_t node : plan.nodes)
        for (const std::size_t peer : plan.filter.peers)
            pairs.emplace_back(up ? node : peer, up ? peer : node);
    return pairs;
}

// Those that a fault is about, one way: between `far` ones is a site's router.
struct PairsOfWay {
    Pairs near, far;
};

// What is of pairs counts for its sender, or for its receiver if that one is behind a NAT: at the sender nobody knows of it.
PairsOfWay pairs_of(const FaultContext& fault, Direction part) {
    const FaultPlan& plan = fault.plan;
    const bool up = part == Direction::up, of_pairs = !plan.pairs.empty();
    const Pairs pairs = of_pairs ? plan.pairs : pairs_with_peers(plan, up);
    const auto far = [&](std::size_t from, std::size_t to) { return are_apart(fault, from, to); };
    const auto is_of_way = [&](std::size_t from, std::size_t to) {
        return far(from, to) && (!of_pairs || up != is_hidden(fault, to));
    };
    return {up || !of_pairs ? some_of(pairs, std::not_fn(far)) : Pairs{}, some_of(pairs, is_of_way)};
}

std::string pairs_set(const FaultContext& fault, Direction part, const char* which = "") {
    return fault.name(std::string("pairs") + which + (part == Direction::up ? "_up" : "_down"));
}

struct FarFamily {
    const char* suffix;
    bool ipv6;
    std::uint16_t ethertype;
    std::uint32_t key_bytes;  // the port at one end, the address of the other
};
constexpr FarFamily far_families[] = {{"4", false, ETH_P_IP, 8}, {"6", true, ETH_P_IPV6, 20}};
constexpr const char* far_pairs = "_far";

// At the port of one, by the address of the other: one node's, or all of them.
void add_far_elements(const FaultContext& fault, Direction part, const Pairs& pairs,
                      std::optional<std::size_t> of = {}) {
    const bool up = part == Direction::up;
    for (const auto& [from, to] : pairs) {
        const std::size_t here = up ? from : to, there = up ? to : from;
        if (of && there != *of) continue;
        for (const IpAddress& address : addresses_seen_at(fault, here, there)) {
            NftKey key = fault.port_of(here);
            const NftKey other = nft_key(address);
            key.insert(key.end(), other.begin(), other.end());
            fault.transaction.add_element(pairs_set(fault, part, far_pairs) + (address.is_v6() ? "6" : "4"),
                                          key);
        }
    }
}

}  // namespace

void add_pair_sets(const FaultContext& fault) {
    if (fault.plan.pairs.empty() && fault.plan.filter.peers.empty()) return;
    for (const Direction part : {Direction::up, Direction::down}) {
        const PairsOfWay pairs = pairs_of(fault, part);
        const std::string near = pairs_set(fault, part);
        if (!pairs.near.empty())
            fault.transaction.add_set(
                {.name = near, .key_size = 8, .size = static_cast<std::uint32_t>(pairs.near.size())});
        for (const auto& [from, to] : pairs.near)
            fault.transaction.add_element(near, pair_key(fault, from, to));
        if (pairs.far.empty()) continue;
        for (const FarFamily& family : far_families)
            fault.transaction.add_set(
                {.name = pairs_set(fault, part, far_pairs) + family.suffix, .key_size = family.key_bytes});
        add_far_elements(fault, part, pairs.far);
    }
}

void add_pairs(const FaultContext& fault, const std::string& base, Direction part, const std::string& chain) {
    const PairsOfWay pairs = pairs_of(fault, part);
    if (!pairs.near.empty()) {
        NftRule rule(base);
        rule.meta(NFT_META_IIF).meta(NFT_META_OIF).in(pairs_set(fault, part)).jump(chain);
        fault.add(rule);
    }
    if (pairs.far.empty()) return;
    const bool up = part == Direction::up;
    for (const FarFamily& family : far_families) {
        NftRule rule(base);
        rule.meta(NFT_META_PROTOCOL).equals(short_key(family.ethertype));
        rule.meta(up ? NFT_META_IIF : NFT_META_OIF);
        load_address(rule, family.ipv6, up);
        rule.in(pairs_set(fault, part, far_pairs) + family.suffix).jump(chain);
        fault.add(rule);
    }
}

std::vector<IpAddress> addresses_seen_at(const FaultContext& fault, std::size_t here, std::size_t there) {
    std::vector<IpAddress> addresses = fault.fabric.node(there).addresses;
    if (!are_apart(fault, here, there)) return addresses;
    const auto relaying = fault.fabric.sites()->relaying_addresses(here);
    addresses.insert(addresses.end(), relaying.begin(), relaying.end());
    return addresses;
}

void add_addresses_of_peer(const FaultContext& fault, std::size_t peer) {
    if (!fault.plan.pairs.empty() || !fault.plan.filter.peers.empty())
        for (const Direction part : {Direction::up, Direction::down})
            add_far_elements(fault, part, pairs_of(fault, part).far, peer);
    if (fault.plan.trigger) add_addresses_of_watched(fault, peer);
}

}  // namespace netcut
