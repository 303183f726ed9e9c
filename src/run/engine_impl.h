// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <boost/asio/io_context.hpp>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/timers.h"
#include "fabric/fabric.h"
#include "fault/plan.h"
#include "folder/folder.h"
#include "node/node.h"
#include "record/event.h"
#include "record/journal.h"
#include "record/run_state.h"
#include "run/engine.h"
#include "run/fault_network.h"
#include "run/fault_runner.h"
#include "run/hang_watch.h"
#include "run/node_network.h"
#include "run/preparation.h"
#include "run/run_capture.h"
#include "run/run_context.h"
#include "run/run_course.h"
#include "run/run_faults.h"
#include "run/run_links.h"
#include "run/run_nodes.h"
#include "run/run_phases.h"
#include "run/run_progress.h"
#include "run/run_proxies.h"
#include "run/run_safety.h"
#include "run/run_stacks.h"
#include "run/run_tcp.h"
#include "run/socket_notes.h"
#include "scenario/fault_spec.h"
#include "scenario/scenario.h"
#include "sockets/sockets.h"
#include "user/user.h"

namespace netcut {

// The parts of one run, put together. Which state follows which is RunCourse's to say.
class Engine::Impl : private RunParts {
  public:
    Impl(boost::asio::io_context& io, Scenario scenario, const RunFolder& folder, User user,
         std::function<void(const Event&)> listener);
    ~Impl() override;

    Result<void> start(std::function<void(Result<RunResult>)> done);
    void stop(int signal) { course_.stop(signal); }

    // engine_requests.cpp: what is asked for from outside
    Result<void> fire(const std::string& fault);
    Result<void> heal(const std::string& fault);
    Result<std::string> add_fault(FaultSpec fault);
    Result<void> signal(const std::string& node, int number);
    Result<Node*> execute(const std::string& node, CommandSpec command, Node::Observer observer);

  private:
    Result<void> must_run(const std::string& attempt);
    Result<void> rewrite_scenario();
    Result<void> update_names();

    // engine.cpp: the parts are made, and the run goes its course
    Result<void> open_journal();
    Result<void> build_network();
    void make_parts();
    ProcessControl process_control();
    Result<void> start_capture();
    std::size_t nodes() const override { return nodes_->size(); }
    NodeNow node(std::size_t index) const override { return nodes_->now(index); }
    bool is_preparing() const override { return preparation_ && preparation_->runs(); }
    bool any_fault_has_fired() const override { return faults_->any_has_fired(); }
    bool any_fault_will_heal() const override { return faults_->any_will_heal(); }
    bool any_starves() override { return hang_ && hang_->any_starves(); }
    Nanoseconds starved() const override;
    void entered(RunPhase phase) override;
    Result<void> start_preparation() override;
    void before_aggregator() override { faults_->run_begins(); }
    Result<void> start_node(std::size_t index) override { return nodes_->start(index); }
    void before_collaborators() override;
    void start_phases();
    void start_hang_watch();
    bool may_hang() const;
    void hang_is_looked_for() override;
    void on_fired(const FaultRunner& fault);
    void on_healed(const FaultRunner& fault);
    void note_addresses(const FaultRunner& fault);
    void note_sockets(SocketMoment moment, std::vector<std::size_t> nodes);  // and of the aggregator
    void note_listening();
    void check_journal();

    // engine_end.cpp: how it ends
    void fail(Error error) override;
    void before_end(EndReason reason) override;
    void ends(EndReason reason, int signal) override;
    void ask_to_end() override;
    void ask_nodes_to_end();
    void kill() override;
    void on_captured();
    bool conclude() override;
    void done() override;
    Result<void> write_manifest();

    boost::asio::io_context& io_;
    LoopTimers timers_;
    Scenario scenario_;
    const RunFolder& folder_;
    User user_;
    std::string program_folder_;
    std::function<void(const Event&)> listener_;
    std::function<void(Result<RunResult>)> done_;

    RunCourse course_;
    RunState record_;  // what the run has come to, by its journal
    std::unique_ptr<Journal> journal_;
    std::optional<Fabric> fabric_;
    std::optional<SocketReader> sockets_;
    // From the network on; each may use those before it.
    std::optional<RunContext> run_;
    std::optional<KernelFaultNetwork> fault_network_;
    std::optional<KernelNodeNetwork> node_network_;
    std::optional<RunProxies> proxies_;
    std::optional<SocketNotes> socket_notes_;
    std::optional<RunTcp> tcp_;
    std::optional<RunLinks> links_;
    std::optional<RunSafety> safety_;
    std::optional<RunStacks> stacks_;
    std::optional<RunFaults> faults_;
    std::optional<RunProgress> progress_;
    std::optional<RunPhases> phases_;  // from the running state on
    std::optional<HangWatch> hang_;    // likewise
    std::unique_ptr<RunCapture> capture_;
    std::optional<Preparation> preparation_;
    std::optional<RunNodes> nodes_;

    bool hung_ = false;
    bool attended_ = false;  // somebody has asked for something, and may do so again
    std::optional<Error> error_;
    RunResult result_;
};

}  // namespace netcut
