// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/io.h"
#include "folder/log_times.h"
#include "node/exit_status.h"
#include "node/log_follower.h"
#include "node/node.h"
#include "node/stream.h"
#include "record/facts.h"
#include "run/engine.h"
#include "run/fault_runner.h"
#include "run/late_lines.h"
#include "run/node_names.h"
#include "run/node_network.h"
#include "run/run_context.h"
#include "run/run_course.h"
#include "run/run_faults.h"
#include "run/run_progress.h"
#include "run/run_safety.h"
#include "scenario/expand.h"
#include "trigger/line_scanner.h"

namespace netcut {

// The nodes of a run: what they are started with, what they print and write to logs, and how they end. Given by their
// index in the fabric; the aggregator is the first.
class RunNodes {
  public:
    struct Observer {
        std::function<void(std::size_t node)> runs;  // it has been started
        std::function<void(std::size_t node, Stream, std::string_view)> printed;
        std::function<void(std::size_t node)>
            gone;  // its processes; what they printed last is still to be read
        // It has ended without success while the run was under way, and is not started again.
        std::function<void(std::size_t node)> failed;
    };
    // All that is given by reference must outlive it.
    RunNodes(const RunContext& run, NodeNetwork& network, RunCourse& course, RunFaults& faults,
             RunProgress& progress, RunSafety& safety, Observer observer);
    ~RunNodes();

    // They do not run yet.
    Result<void> make();
    Result<void> start(std::size_t node);
    std::size_t size() const { return nodes_.size(); }
    RunParts::NodeNow now(std::size_t node) const;
    bool runs(std::size_t node) const;
    pid_t pid(std::size_t node) const;  // of its outermost process; 0: it does not run
    // If it runs; `attempt` is what for.
    Result<std::size_t> find_running(const std::string& name, const std::string& attempt) const;
    void signal(std::size_t node, int number);
    // See Engine::execute().
    Result<Node*> execute(std::size_t node, CommandSpec command, Node::Observer observer);
    Result<void> update_names();
    std::string all_hosts() const { return names_->all_hosts(); }
    // Where the node finds a file that the scenario names.
    Result<std::string> path_of(std::size_t node, const std::string& file) const;

    // For faults. A node that does not run is left alone.
    Result<void> pause(std::size_t node, std::optional<Nanoseconds> lease);
    Result<void> resume(std::size_t node);
    Result<void> kill(std::size_t node, int signal, bool starts_again);
    // If the signal did not end it, it is made to end, and starts when it is gone.
    Result<void> start_again(std::size_t node);

    void ask_to_end();
    void kill();
    // The end of what is written of them.
    Result<void> flush();

  private:
    struct One;
    struct Log;
    Result<void> make_names();
    Result<NodeSpec> spec_of(std::size_t node) const;
    Node::Observer observer_of(One& one);
    ExpandContext context_of(std::size_t node) const;
    const RoleSpec& role_of(std::size_t node) const;
    Result<void> open_logs(One& one);
    Result<void> follow(One& one, const std::string& written);
    Result<std::string> log_path(const One& one, const std::string& log) const;
    void watch(One& one);
    void take_output(const One& one, LineScanner& scanner, std::string_view stream, std::string_view bytes);
    void take_syslog(One& one, std::string_view line);
    void on_exit(One& one, ExitStatus status);

    const RunContext& run_;
    NodeNetwork& network_;
    RunCourse& course_;
    RunFaults& faults_;
    RunProgress& progress_;
    RunSafety& safety_;
    Observer observer_;
    std::optional<NodeNames> names_;
    std::optional<LogTimes> log_times_;
    FolderWatch folders_;
    std::set<std::string> followed_;  // paths
    std::vector<std::unique_ptr<One>> nodes_;
    std::vector<std::unique_ptr<Node>> guests_;  // commands that were asked for, beside the nodes
};

}  // namespace netcut
