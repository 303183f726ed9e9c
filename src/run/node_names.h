// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/error.h"
#include "kernel/address.h"
#include "names/name_server.h"
#include "run/node_network.h"
#include "scenario/fault_spec.h"
#include "scenario/scenario.h"

namespace netcut {

// How nodes find each other by name: by /etc/hosts of each, or by the name server of the run. Nodes are given by their
// index in the fabric.
class NodeNames {
  public:
    // Faults of names that are on, and hit this node.
    using FaultsOf = std::function<std::vector<const FaultSpec*>(std::size_t node)>;
    // `nodes`: their own names; `names`: these and the aliases of each. All that is given by reference must outlive it.
    NodeNames(const Scenario& scenario, const NodeNetwork& network, std::vector<std::string> nodes,
              std::vector<std::vector<std::string>> names, FaultsOf faults);

    // Faults or addresses have changed; the first time, the name server starts.
    Result<void> update();
    // What is in /etc/hosts of a node.
    std::string hosts_of(std::size_t node) const;
    // Of who asks no name server: all names, whatever faults take them from nodes.
    std::string all_hosts() const { return hosts_under({}); }
    // And in its /etc/resolv.conf; empty: it has none.
    std::string name_servers_of(const std::string& node) const;

  private:
    std::string hosts_under(const std::vector<const FaultSpec*>& faults) const;
    Names names_now() const;
    void add_rules(const FaultSpec& fault, const std::vector<IpAddress>& clients, Names& names) const;
    Result<void> serve(const NodeLink& place);

    const Scenario& scenario_;
    const NodeNetwork& network_;
    const std::vector<std::string> nodes_;
    const std::vector<std::vector<std::string>> names_;
    FaultsOf faults_;
    std::string hosts_;  // of every node that no fault takes names from
    std::unique_ptr<NameServer> server_;
};

}  // namespace netcut
