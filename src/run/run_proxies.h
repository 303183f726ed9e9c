// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/error.h"
#include "fabric/fabric.h"
#include "node/node.h"
#include "run/run_context.h"
#include "user/user.h"

namespace netcut {

// The proxies of a run's sites: each a process in its site's router, of the nodes' user and without rights, that lives no longer than
// the run. What they say of their connections goes to the sites' books.
class RunProxies {
  public:
    // Both must outlive it.
    RunProxies(const RunContext& run, Fabric& fabric) : run_(run), fabric_(fabric) {}

    // They listen when it returns. `hosts`: what they find names in.
    Result<void> start(const std::string& hosts);
    Result<void> rewrite_hosts(const std::string& hosts);
    // At once, and what they have not said yet is not heard.
    void end();

  private:
    Result<void> start(std::size_t site, const std::string& hosts);
    Result<void> await_listening();

    const RunContext& run_;
    Fabric& fabric_;
    std::vector<std::unique_ptr<Node>> proxies_;
    std::map<std::string, std::string> complaints_;  // what each has printed last, by its name
};

// What a program needs to find its way out of its site: empty if that has no proxy.
Environment proxy_environment(const Fabric& fabric, std::size_t node);

}  // namespace netcut
