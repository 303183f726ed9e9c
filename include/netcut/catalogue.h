// SPDX-License-Identifier: Apache-2.0
//
// The catalogue of faults: what there is, what each needs of the kernel, and whether this machine has it.
#pragma once

#include <set>
#include <string>
#include <vector>

#include "netcut/kernel.h"

namespace netcut {

enum class FaultKind {
    drop,
    down,
    unplug,
    reset,
    reject,
    partition,
    loss,
    delay,
    jitter,
    reorder,
    duplicate,
    corrupt,
    rate,
    idle_timeout,
    mtu_blackhole,
    renumber,
    dns,
    pause,
    kill,
    restart,
    power_off,
    names
};

// Kernel features beyond namespaces, veth and the nftables that every run uses.
enum class Need {
    numgen,      // CONFIG_NFT_NUMGEN
    quota,       // CONFIG_NFT_QUOTA
    packet_log,  // CONFIG_NFT_LOG and CONFIG_NETFILTER_NETLINK_LOG
    reject,      // CONFIG_NFT_REJECT_INET
    redirect,    // CONFIG_IFB, CONFIG_NET_SCH_INGRESS, CONFIG_NET_CLS_BPF and CONFIG_NET_ACT_MIRRED
    tbf,         // CONFIG_NET_SCH_TBF
    htb,         // CONFIG_NET_SCH_HTB
    netem        // CONFIG_NET_SCH_NETEM
};

struct FaultInfo {
    FaultKind kind;
    const char* name;
    const char* summary;
    std::vector<Need> needs;
    std::set<std::string> keys;  // of a scenario file, beyond those that every fault takes
    const char* example;         // options of `netcut-fl run`
    const char* without;         // what to use where a need is missing; may be empty
};

// Done to a node's processes, or to what they read, whether or not to its packets.
bool is_of_processes(FaultKind kind);
// Its processes are ended, and started again by the heal.
bool starts_again(FaultKind kind);

const std::vector<FaultInfo>& catalogue();
const FaultInfo& info(FaultKind kind);
const char* need_name(Need need);
// The kernel options that provide it.
const char* need_options(Need need);
// Tries it in a namespace that harms nobody.
Result<void> probe(Need need, const NetNs& apart);

}  // namespace netcut
