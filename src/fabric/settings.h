// SPDX-License-Identifier: Apache-2.0
//
// Sysctls of the namespaces of a run.
#pragma once

#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "base/error.h"
#include "fabric/options.h"
#include "kernel/netlink.h"

namespace netcut {

using Settings = std::vector<std::pair<std::string, std::string>>;

Settings node_settings(const FabricOptions& options);
Settings router_settings(const FabricOptions& options);
// What NetNs calls in a namespace that it has made. Borrows both.
std::function<Result<void>()> preparation(const Settings& settings, std::vector<NetlinkSocket>& sockets);

}  // namespace netcut
