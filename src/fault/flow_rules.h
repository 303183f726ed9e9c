// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "base/time.h"
#include "fault/fault_rules.h"
#include "fault/plan.h"
#include "fault/table.h"
#include "kernel/nftables.h"

namespace netcut {

// Which connection a packet is of, in sets of this fault; `part` is the packet's way. A flow
// of UDP is one, too.
void add_flow_sets(const FaultContext& fault, const std::string& what, bool leases);
NftKey flow_key(const Connection& connection);
std::optional<Connection> connection_of(const NftKey& flow);
void flush_flow_sets(const FaultContext& fault, const std::string& what);
inline constexpr const char* opened = "opened";  // connections, by when they were opened
struct FlowStep {
    enum class Kind {
        remember,  // add it, or let its time begin anew
        forget,
        skip,   // leave if it is known
        allow,  // leave while it had fewer bytes
        renew   // if it is known, let its time begin anew and leave
    };
    Kind kind;
    std::optional<Nanoseconds> lease = {};  // of `remember` and `renew`
    std::string then = {};                  // the chain that follows, instead of returning from this one
    std::uint64_t bytes = 0;                // of `allow`: layer 3, since the set was laid or flushed
    std::uint16_t flip = 0;  // the node's port in the set differs from the packet's in these bits
};
// Rules, one for each address family.
void add_flow_rules(const FaultContext& fault, const std::string& chain, Direction part,
                    const std::string& what, const FlowStep& step);
NftRule& is_tcp(NftRule& rule);
NftRule& has_tcp_flags(NftRule& rule, std::uint8_t among, std::uint8_t set);

}  // namespace netcut
