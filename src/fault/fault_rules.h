// SPDX-License-Identifier: Apache-2.0
//
// The nftables rules of one fault. With N for its number, its chains are:
//   fN        is the packet its moment? is it on?         -> fN_moment, fN_on
//   fN_moment counts packets until the moment has come    -> turns it on
//   fN_on     whose packet is it?                         -> fN_up, fN_down
//   fN_up, fN_down   which packets are meant, and what is done to them
// A chain ends by returning to the base chain, so that the next fault sees the packet too.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "fabric/fabric.h"
#include "fabric/options.h"
#include "fault/log_prefix.h"
#include "fault/plan.h"
#include "fault/table_rules.h"
#include "kernel/address.h"
#include "kernel/nftables.h"

namespace netcut {

struct FaultContext {
    NftTransaction& transaction;
    const Fabric& fabric;
    const FaultPlan& plan;
    std::size_t number;
    std::optional<std::uint32_t> logged_losses = {};  // bytes of each packet

    std::string name(const std::string& what = {}) const;  // "f3_up"
    std::uint32_t key() const { return static_cast<std::uint32_t>(number); }
    bool bridged() const { return fabric.options().kind == FabricKind::bridge; }
    NftKey port_of(std::size_t node) const {
        return nft_key(static_cast<std::uint32_t>(fabric.node(node).port.index));
    }
    void add(NftRule& rule) const { transaction.add_rule(rule); }
    // The packet is about to be lost: "up", "down", "gone" say where. To stand right before what loses it.
    NftRule& log_loss(NftRule& rule, const std::string& where) const {
        return logged_losses ? rule.log(lost_group, name(where), *logged_losses) : rule;
    }
};

void add_fault(const FaultContext& fault);
// From `base`, packets of the fault's nodes that go this way go to `chain`, one of this fault.
void add_way(const FaultContext& fault, const std::string& base, Direction part, const std::string& chain);
void add_hit_counters(const FaultContext& fault);
void forget_allowances(const FaultContext& fault);  // each connection has all of its bytes again
void add_address_counters(NftTransaction& transaction, const std::string& fault, std::size_t node,
                          const std::vector<IpAddress>& addresses);
std::string counter_name(const std::string& what, std::size_t node);

}  // namespace netcut
