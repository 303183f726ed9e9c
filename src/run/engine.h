// SPDX-License-Identifier: Apache-2.0
//
// The engine of one run: its states, its journal and its verdict.
//
// Threads: an Engine lives on the thread that runs its io_context, from start to end.
#pragma once

#include <boost/asio/io_context.hpp>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/json.h"
#include "folder/folder.h"
#include "node/node.h"
#include "record/event.h"
#include "record/facts.h"
#include "scenario/fault_spec.h"
#include "scenario/scenario.h"
#include "user/user.h"
#include "verdict/verdict.h"

namespace netcut {

// Whether this user and kernel can do what the run needs: descriptors, namespaces, nftables. Leaves nothing
// behind.
Result<void> preflight(const Scenario& scenario);

// A command that somebody runs beside a node.
struct CommandSpec {
    std::vector<std::string> argv;
    bool input = false;                // it has a standard input
    std::optional<TerminalSize> size;  // of its terminal, which has an input; none: it has no terminal
    std::string terminal;              // what kind it is: TERM
    bool captures = false;             // it may open raw sockets in the node's network, as tcpdump does
};

struct RunResult {
    Facts facts;
    Verdict verdict;
    Json verdict_json;
};

// Destroying an Engine kills what still runs, and waits for its end.
class Engine {
  public:
    // `scenario` has passed check(). `listener` sees every event as it is journalled. `io` and `folder` must
    // outlive the engine.
    Engine(boost::asio::io_context& io, Scenario scenario, const RunFolder& folder, User user,
           std::function<void(const Event&)> listener);
    ~Engine();
    Engine(const Engine&) = delete;
    Engine& operator=(const Engine&) = delete;

    // Builds the network and starts the nodes; `done` is called from the io_context, at most once, when
    // all nodes have ended. An error here means that nothing was left behind.
    Result<void> start(std::function<void(Result<RunResult>)> done);
    // Ends the run in order, from any state, because of a signal; a second call does not wait for the nodes'
    // grace.
    void stop(int signal);

    // What somebody asks for while it runs. An error of the kind `usage` says why it cannot be.
    Result<void> fire(const std::string& fault);  // whatever its trigger is waiting for
    Result<void> heal(const std::string& fault);
    // Adds a fault and fires it at once; returns its name. `fault` needs no trigger, and a name of its own is
    // made if it has none.
    Result<std::string> add_fault(FaultSpec fault);
    Result<void> signal(const std::string& node, int number);
    // Runs a command beside a node: in its network, as its user, in a process tree of its own that ends with
    // the run at the latest. What it prints goes to `observer` alone. The node that is returned is the command's
    // own, and may be used until `observer` sees its end.
    Result<Node*> execute(const std::string& node, CommandSpec command, Node::Observer observer);

  private:
    class Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace netcut
