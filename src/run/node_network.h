// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/types.h>

#include <boost/asio/io_context.hpp>
#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/io.h"
#include "base/time.h"
#include "fabric/fabric.h"
#include "kernel/address.h"
#include "node/node.h"
#include "run/run_proxies.h"

namespace netcut {

// A node's processes as RunNodes sees them. Each function does what Node's of the same name does.
class NodeProcesses {
  public:
    virtual ~NodeProcesses() = default;
    // In the node's network, as it is now.
    virtual Result<void> start(Fd out_log, Fd err_log) = 0;
    virtual const NodeSpec& spec() const = 0;
    virtual bool running() const = 0;
    virtual pid_t pid() const = 0;
    virtual void signal(int number) = 0;
    virtual Result<void> signal_tree(int number) = 0;
    virtual void kill() = 0;
    virtual Result<void> pause(std::optional<Nanoseconds> lease) = 0;
    virtual Result<void> resume() = 0;
    virtual Result<void> rewrite_hosts(const std::string& hosts) = 0;
};

// The network as the nodes of a run see it: where they run, and where they find each other. The seam where tests put one that
// starts nothing. Nodes are given by their index in the fabric.
class NodeNetwork {
  public:
    virtual ~NodeNetwork() = default;
    // What the node has now, IPv4 first.
    virtual const std::vector<IpAddress>& addresses(std::size_t node) const = 0;
    virtual std::vector<IpAddress> addresses_of_nobody() const = 0;
    virtual bool has_uplink(const std::string& node) const = 0;
    virtual const NodeLink* name_server() const = 0;  // null: none was asked for
    // What its programs need to find their way through the proxy of its site; empty: there is none.
    virtual Environment proxy_environment(std::size_t /* node */) const { return {}; }
    // They do not run yet.
    virtual std::unique_ptr<NodeProcesses> make(std::size_t node, NodeSpec spec, Node::Observer observer) = 0;
    // A command in the node's network, whose output is for the observer alone.
    virtual Result<std::unique_ptr<Node>> start_beside(std::size_t node, NodeSpec spec,
                                                       Node::Observer observer) = 0;
};

// The kernel's.
class KernelNodeNetwork : public NodeNetwork {
  public:
    // Both must outlive it and what it has made.
    KernelNodeNetwork(boost::asio::io_context& io, const Fabric& fabric) : io_(io), fabric_(fabric) {}

    const std::vector<IpAddress>& addresses(std::size_t node) const override {
        return fabric_.node(node).addresses;
    }
    std::vector<IpAddress> addresses_of_nobody() const override { return fabric_.addresses_of_nobody(); }
    bool has_uplink(const std::string& node) const override { return fabric_.has_uplink(node); }
    Environment proxy_environment(std::size_t node) const override {
        return netcut::proxy_environment(fabric_, node);
    }
    const NodeLink* name_server() const override { return fabric_.name_server(); }
    std::unique_ptr<NodeProcesses> make(std::size_t node, NodeSpec spec, Node::Observer observer) override;
    Result<std::unique_ptr<Node>> start_beside(std::size_t node, NodeSpec spec,
                                               Node::Observer observer) override;

  private:
    boost::asio::io_context& io_;
    const Fabric& fabric_;
};

}  // namespace netcut
