// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/io.h"
#include "base/time.h"
#include "capture/capture.h"
#include "fabric/fabric.h"
#include "fault/fault.h"
#include "fault/plan.h"
#include "fault/reply_sender.h"
#include "fault/table.h"
#include "folder/folder.h"
#include "folder/log_times.h"
#include "kernel/packet_log.h"
#include "names/name_server.h"
#include "node/exit_status.h"
#include "node/log_follower.h"
#include "node/node.h"
#include "phase/phase.h"
#include "phase/phase_watch.h"
#include "record/event.h"
#include "record/facts.h"
#include "record/journal.h"
#include "record/run_state.h"
#include "recovery/work_tap.h"
#include "run/engine.h"
#include "run/fault_runner.h"
#include "run/known_hang.h"
#include "run/late_lines.h"
#include "run/phase_trigger.h"
#include "run/run_course.h"
#include "run/summed_note.h"
#include "scenario/expand.h"
#include "scenario/fault_spec.h"
#include "scenario/scenario.h"
#include "scenario/triggers.h"
#include "sockets/sockets.h"
#include "sockets/stuck_watch.h"
#include "trigger/line_scanner.h"
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

  private:
    struct Actor {
        std::size_t index = 0;  // in the fabric
        std::unique_ptr<Node> node;
        LineScanner out, err;
        // Of a file that it writes its log to.
        struct Log {
            std::string ending;  // of the name of its copy: "log", "log2"
            std::string path;
            LineScanner scanner;
            std::shared_ptr<LogFollower> follower;
        };
        std::vector<std::unique_ptr<Log>> logs;
        LineScanner syslog;
        Fd syslog_copy;
        LateLines late_lines;
        NodeOutcome outcome;
        bool starts_again = false;     // a fault has ended it, and will start it again
        bool start_when_gone = false;  // the time for that has come, and it has not ended yet
    };
    // A line that the scenario expects, as it came last.
    struct ExpectedLine {
        std::string node, value;
        unsigned changes = 0;
        bool told = false;  // the journal has this value
    };

    // engine_setup.cpp: what happens before the nodes run
    Result<void> open_journal();
    Result<void> build_network();
    Result<void> prepare_faults();
    Result<void> write_loss_lists(const FaultSpec& fault, const FaultPlan& plan);
    Result<void> watch_packets();
    Result<void> make_actors();
    std::map<std::string, std::string> env_of(const RoleSpec& role) const;
    Result<NodeSpec> node_spec(std::size_t index) const;
    static event::Addresses addresses_of(const NodeLink& node);
    ExpandContext expand_context(const std::string& node, unsigned index) const;
    void watch(Actor& actor);
    void watch(LineScanner& scanner, const Actor& actor);
    void watch_for(LineScanner& scanner, FaultRunner& fault);
    Result<void> open_logs(Actor& actor);
    Result<void> follow(Actor& actor, const std::string& written);
    void take_syslog(Actor& actor, std::string_view line);
    void take_output(const Actor& actor, LineScanner& scanner, std::string_view stream,
                     std::string_view bytes);
    Result<std::string> log_path(const Actor& actor, const std::string& log) const;
    void watch_for_progress(LineScanner& scanner, const std::string& node);
    void watch_for_expected(LineScanner& scanner, const std::string& node);
    void on_expected(const std::string& node, std::size_t number, std::string value);
    Result<void> start_actor(Actor& actor);

    // engine_names.cpp: how nodes find each other
    std::vector<std::string> aliases(std::size_t index) const;
    std::vector<std::string> names_of(std::size_t index) const;
    std::vector<const FaultSpec*> name_faults_of(std::size_t index) const;
    std::string hosts_of(std::size_t index) const;
    std::string hosts_under(const std::vector<const FaultSpec*>& faults) const;
    void update_hosts();
    Result<void> rewrite_hosts();  // and what the name server says
    Names names_now() const;
    void add_rules(const FaultSpec& fault, const NodeLink& client, Names& names) const;
    Result<void> serve_names();
    std::string name_servers_of(const std::string& node) const;

    // engine.cpp: the run, as its course has it
    std::size_t nodes() const override { return actors_.size(); }
    NodeNow node(std::size_t index) const override;
    bool is_preparing() const override { return preparation_ && preparation_->running(); }
    bool any_fault_has_fired() const override;
    bool any_fault_will_heal() const override;
    Nanoseconds starved() const override { return phases_ ? phases_->starved() : Nanoseconds(0); }
    void entered(RunPhase phase) override;
    Result<void> start_preparation() override;
    void before_aggregator() override;
    Result<void> start_node(std::size_t index) override { return start_actor(*actors_[index]); }
    void before_collaborators() override;
    void hang_is_looked_for() override;
    static std::vector<std::size_t> with_aggregator(std::vector<std::size_t> nodes);
    void on_exit(Actor& actor, ExitStatus status);
    void journal_exit(const NodeOutcome& outcome);
    void on_paused(const Actor& actor, const Pause& pause);
    void on_prepared(ExitStatus status);
    void on_progress(const std::string& node, const std::optional<std::string>& value);
    void on_round(const std::string& node, const std::string& round);
    void on_fired(const FaultRunner& runner);
    void on_healed(const FaultRunner& runner);
    void tell_addresses(const FaultRunner& runner);
    void trigger_others(FaultTrigger::Kind kind, const FaultRunner& runner);
    void on_logged_packet(std::uint16_t group, const LoggedPacket& packet);
    Nanoseconds time_of(const LoggedPacket& packet) const;
    void on_tripped(FaultRunner& runner, const std::string& packet, unsigned bytes, Nanoseconds when);
    void check_journal();
    ProcessControl process_control();
    Result<void> kill_node(Actor& actor, int signal, bool starts_again);
    Result<void> start_again(Actor& actor);

    // engine_requests.cpp: what is asked for from outside
  public:
    Result<void> fire(const std::string& fault);
    Result<void> heal(const std::string& fault);
    Result<std::string> add_fault(FaultSpec fault);
    Result<void> signal(const std::string& node, int number);
    Result<Node*> execute(const std::string& node, CommandSpec command, Node::Observer observer);

  private:
    Result<void> must_run(const std::string& attempt);
    Result<FaultRunner*> runner_of(const std::string& fault);
    Result<Actor*> actor_of(const std::string& node, const std::string& attempt);
    void add_runner(Fault fault);
    Result<void> rewrite_scenario();

    // engine_capture.cpp
    Result<void> start_capture();
    void note_in_capture(const FaultRunner& runner, Nanoseconds t, const char* what);
    void on_missed_packets(const Capture::Missing& missing);
    bool end_capture();  // whether the run has to wait for it
    void on_captured(const std::vector<CaptureTotals>& totals);

    // engine_phases.cpp: what the nodes do
    void make_phase_triggers();
    void start_phase_watch();
    void journal_phase(std::size_t node, const PhaseInterval& interval);
    void journal_traffic(const PhaseWatch::Traffic& traffic);
    std::vector<event::PhaseSeen> phases_of(const std::vector<std::size_t>& nodes) const;

    // engine_stuck.cpp: whether it could ever go on
    void start_stuck_watch();
    bool may_be_stuck() const;
    void on_at_rest(const WaitsByNode& waits);
    void start_known_hang();
    void on_known_hang(const WaitsByNode& waits, Nanoseconds in_state);
    void tell_waits(const WaitsByNode& waits, event::RunProof proof, std::vector<Hindrance> hindrances,
                    Clock::time_point begun);
    void look_at_waits();

    // engine_end.cpp: how it ends
    void fail(Error error) override;
    void before_end(EndReason reason) override;
    void ends(EndReason reason, int signal) override;
    void ask_to_end() override;
    void kill() override;
    bool conclude() override;
    void done() override;
    void tell_expected(std::size_t number, ExpectedLine& line);
    Result<void> write_manifest();
    void sample_sockets(SocketMoment moment, const std::vector<std::size_t>& nodes);
    void sample_half_open();
    void sample_listening();
    std::vector<std::size_t> all_nodes() const;

    boost::asio::io_context& io_;
    LoopTimers timers_;
    Scenario scenario_;
    const RunFolder& folder_;
    User user_;
    std::string program_folder_;
    std::function<void(const Event&)> listener_;
    std::function<void(Result<RunResult>)> done_;

    RunCourse course_;
    std::unique_ptr<Journal> journal_;
    std::optional<LogTimes> log_times_;
    std::optional<Fabric> fabric_;
    std::unique_ptr<NameServer> name_server_;
    std::optional<FaultTable> table_;
    std::optional<SocketReader> sockets_;
    std::optional<WorkTap> tap_;
    std::string hosts_;  // of every node that no fault takes names from
    ProcessControl processes_;
    std::vector<std::unique_ptr<FaultRunner>> faults_;
    std::vector<std::unique_ptr<PhaseTrigger>> phase_triggers_;
    std::optional<PhaseWatch> phases_;  // from the running state on
    std::optional<StuckWatch> stuck_;   // likewise
    std::optional<KnownHang> known_hang_;
    struct PacketWatch {
        std::uint16_t group;
        PacketLog log;
        boost::asio::posix::stream_descriptor readable;  // a duplicate of the log's descriptor
    };
    std::vector<std::unique_ptr<PacketWatch>> packet_watches_;
    void await_packets(PacketWatch& watch);
    std::optional<ReplySender> replies_;
    SummedNote<event::PacketsUntold> untold_{&event::PacketsUntold::lost, {}};
    std::map<std::size_t, SummedNote<event::PacketsUnanswered>> unanswered_;  // by the number of the fault
    std::shared_ptr<void> alive_ = std::make_shared<char>();
    std::unique_ptr<Capture> capture_;
    // Its thread has yet to speak to this one.
    std::optional<boost::asio::executor_work_guard<boost::asio::io_context::executor_type>> capture_work_;
    bool capture_ends_ = false, captured_ = false;
    std::unique_ptr<Node> preparation_;
    std::string preparation_tail_;  // the end of what it printed
    FolderWatch folders_;
    std::set<std::string> followed_;  // paths
    std::vector<std::unique_ptr<Actor>> actors_;
    std::vector<std::unique_ptr<Node>> guests_;  // commands that were asked for, beside the nodes

    RunState record_;                                     // what the run has come to, by its journal
    std::map<std::size_t, ExpectedLine> expected_lines_;  // by their number
    bool told_listening_ = false;
    bool attended_ = false;  // somebody has asked for something, and may do so again
    std::optional<Error> error_;
    RunResult result_;
};

}  // namespace netcut
