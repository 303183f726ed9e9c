// SPDX-License-Identifier: Apache-2.0
//
// What of `tcp:` this kernel can do.
#pragma once

#include <string>
#include <vector>

#include "base/error.h"
#include "kernel/netns.h"
#include "link/tcp_settings.h"
#include "scenario/scenario.h"

namespace netcut {

// In a network namespace; read back.
Result<void> set_tcp_sysctls_in(const NetNs& ns, const TcpSettings& settings);
// The error of a sysctl that could not be set for this key of `tcp:`, as people are told it, and what they can do.
Error told_of_tcp(Error error, const std::string& key, const std::string& value);
// Tries what the scenario asks for in a namespace that nobody uses.
Result<void> check_tcp_here(const Scenario& scenario, const NetNs& apart);

struct TcpAbility {
    std::string name;  // "keepalive", "congestion: reno"
    std::string why;   // it cannot be; empty: it can
};
// Every key, and every congestion control that this kernel has now.
std::vector<TcpAbility> tcp_abilities(const NetNs& apart);

}  // namespace netcut
