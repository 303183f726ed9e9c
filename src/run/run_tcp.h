// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/types.h>

#include <functional>
#include <optional>

#include "base/error.h"
#include "fabric/fabric.h"
#include "run/run_context.h"
#include "sockets/sockets.h"
#include "sockets/tcp_setter.h"

namespace netcut {

// How the TCP of nodes works, where the scenario says so (`tcp:`): sysctls of their networks, options of their sockets.
// Nodes are given by their index in the fabric.
class RunTcp {
  public:
    // All must outlive it.
    RunTcp(const RunContext& run, const Fabric& fabric, SocketReader& sockets)
        : run_(run), fabric_(fabric), sockets_(sockets) {}

    // Before the nodes start.
    Result<void> start();
    void node_runs(std::size_t node, pid_t pid);
    void node_ended(std::size_t node);
    // `change` gives the node another network namespace, which gets its sysctls; no socket is looked at meanwhile.
    Result<void> change_network(std::size_t node, const std::function<Result<void>()>& change);
    // The journal has what was done in all.
    void finish();

  private:
    Result<void> set_up();
    Result<void> set_sysctls_of(std::size_t node);
    Result<void> start_setter();

    const RunContext& run_;
    const Fabric& fabric_;
    SocketReader& sockets_;
    std::optional<TcpSetter> setter_;
};

}  // namespace netcut
