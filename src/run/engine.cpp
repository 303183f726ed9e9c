// SPDX-License-Identifier: Apache-2.0
#include "run/engine.h"

#include <fmt/format.h>
#include <sys/utsname.h>

#include <algorithm>
#include <filesystem>

#include "base/log.h"
#include "base/sha256.h"
#include "base/time.h"
#include "fabric/uplink.h"
#include "fault/plan.h"
#include "kernel/address.h"
#include "kernel/precedence.h"
#include "kernel/process_tree.h"
#include "kernel/rights.h"
#include "run/engine_impl.h"
#include "run/run_sites.h"
#include "scenario/fault_kind.h"
#include "scenario/link.h"
#include "scenario/words.h"
#include "scenario/yaml.h"

namespace netcut {

namespace {

event::Addresses addresses_of(const NodeLink& node) {
    event::Addresses all{.mac = mac_text(node.eth0.mac)};
    for (const IpAddress& address : node.addresses) all.addresses.push_back(address.to_string());
    return all;
}

}  // namespace

Engine::Engine(boost::asio::io_context& io, Scenario scenario, const RunFolder& folder, User user,
               std::function<void(const Event&)> listener)
    : impl_(std::make_unique<Impl>(io, std::move(scenario), folder, std::move(user), std::move(listener))) {}
Engine::~Engine() = default;
Result<void> Engine::start(std::function<void(Result<RunResult>)> done) {
    return impl_->start(std::move(done));
}
void Engine::stop(int signal) {
    impl_->stop(signal);
}

Engine::Impl::Impl(boost::asio::io_context& io, Scenario scenario, const RunFolder& folder, User user,
                   std::function<void(const Event&)> listener)
    : io_(io),
      timers_(io),
      scenario_(std::move(scenario)),
      folder_(folder),
      user_(std::move(user)),
      listener_(std::move(listener)),
      course_(timers_, scenario_, *this) {
    std::error_code error;
    program_folder_ = std::filesystem::read_symlink("/proc/self/exe", error).parent_path();
}

Engine::Impl::~Impl() = default;

Result<void> Engine::Impl::start(std::function<void(Result<RunResult>)> done) {
    done_ = std::move(done);
    take_precedence();
    NETCUT_TRY(open_journal());
    NETCUT_TRY(build_network());
    make_parts();
    NETCUT_TRY(safety_->start(*fabric_));
    NETCUT_TRY(faults_->lay());
    NETCUT_TRY(start_capture());
    NETCUT_TRY(faults_->prepare());
    NETCUT_TRY(nodes_->make());
    NETCUT_TRY(proxies_->start(nodes_->all_hosts()));
    NETCUT_TRY(tcp_->start());
    NETCUT_TRY(links_->prepare());
    return course_.begin();
}

void Engine::Impl::entered(RunPhase phase) {
    journal_->add(event::RunEntered{phase});
    if (phase == RunPhase::starting) links_->start();
}

Result<void> Engine::Impl::open_journal() {
    const std::string scenario = write_yaml(scenario_);
    NETCUT_TRY(folder_.write_file("scenario.yaml", scenario));
    NETCUT_ASSIGN(Fd file, folder_.create_file("journal.jsonl"));
    journal_ = std::make_unique<Journal>(std::move(file), [this](const Event& event) {
        record_.apply(event);
        log_debug("{} {} {}", event.name(), event.node, event.fault);
        if (listener_) listener_(event);
    });
    utsname system{};
    ::uname(&system);
    journal_->add(
        event::RunBegun{.schema = record_schema,
                        .run = scenario_.name,
                        .realtime_ns = journal_->realtime_begin(),
                        .netcut_fl = NETCUT_VERSION,
                        .kernel = fmt::format("{} {} {}", system.sysname, system.release, system.machine),
                        .scenario_sha256 = sha256_hex(scenario),
                        .nodes = node_names(scenario_),
                        .user = user_.name,
                        .rights = may_set_groups() ? "host" : "user_namespace",
                        .monotonic_ns = Nanoseconds(journal_->begin().time_since_epoch()).count()});
    return {};
}

Result<void> Engine::Impl::build_network() {
    const Nanoseconds begin = journal_->now();
    FabricOptions options = scenario_.fabric;
    NETCUT_ASSIGN(options.access, access_links(scenario_));
    NETCUT_ASSIGN(Fabric built, Fabric::build(options, node_names(scenario_)));
    fabric_.emplace(std::move(built));
    sockets_.emplace(*fabric_);
    event::FabricBuilt network{.kind = fabric_word(scenario_.fabric.kind)};
    for (std::size_t i = 0; i < fabric_->size(); ++i)
        network.nodes.emplace_back(fabric_->node(i).name, addresses_of(fabric_->node(i)));
    network.took_ms = std::chrono::duration<double, std::milli>(journal_->now() - begin).count();
    journal_->add(std::move(network));
    note_sites(*fabric_, *journal_);
    if (const Uplink* uplink = fabric_->uplink()) {
        event::UplinkOpened opened{.nodes = scenario_.fabric.uplink, .link = uplink->link()};
        for (const IpAddress& address : uplink->addresses()) opened.addresses.push_back(address.to_string());
        journal_->add(std::move(opened));
    }
    return {};
}

void Engine::Impl::make_parts() {
    run_.emplace(RunContext{io_, timers_, scenario_, folder_, user_, program_folder_, node_names(scenario_),
                            *journal_, [this](Error error) { fail(std::move(error)); },
                            [this] { check_journal(); }});
    fault_network_.emplace(*run_, *fabric_, *sockets_);
    node_network_.emplace(io_, *fabric_);
    proxies_.emplace(*run_, *fabric_);
    socket_notes_.emplace(*fabric_, *sockets_, *journal_);
    tcp_.emplace(*run_, *fabric_, *sockets_);
    links_.emplace(*run_, *fabric_, *fault_network_);
    safety_.emplace(*run_);
    stacks_.emplace(*run_);
    faults_.emplace(*run_, *fault_network_, process_control(),
                    RunFaults::Observer{[this] { return course_.is_under_way(); },
                                        [this](const FaultRunner& fault) { on_fired(fault); },
                                        [this](const FaultRunner& fault) { on_healed(fault); },
                                        [this](const std::vector<std::size_t>& nodes) {
                                            return phases_ ? phases_->now(nodes)
                                                           : std::vector<event::PhaseSeen>();
                                        }});
    progress_.emplace(*run_, record_, course_, *faults_);
    nodes_.emplace(*run_, *node_network_, course_, *faults_, *progress_, *safety_,
                   RunNodes::Observer{[this](std::size_t node) {
                                          if (phases_) phases_->node_runs(node, nodes_->pid(node));
                                          tcp_->node_runs(node, nodes_->pid(node));
                                      },
                                      [this](std::size_t node, Stream stream, std::string_view bytes) {
                                          stacks_->take(node, stream, bytes);
                                      },
                                      [this](std::size_t node) {
                                          if (phases_) phases_->node_ended(node);
                                          tcp_->node_ended(node);
                                          faults_->node_ended(node);
                                      },
                                      [this](std::size_t node) {
                                          if (node != 0) note_listening();
                                      }});
}

ProcessControl Engine::Impl::process_control() {
    return {[this](std::size_t node, std::optional<Nanoseconds> lease) { return nodes_->pause(node, lease); },
            [this](std::size_t node) { return nodes_->resume(node); },
            [this](std::size_t node, int signal, bool will_start_again) {
                return nodes_->kill(node, signal, will_start_again);
            },
            [this](std::size_t node) { return nodes_->start_again(node); },
            [this](std::size_t node) { return nodes_->runs(node); },
            [this](std::size_t node) {
                sockets_->let_go_of(node);
                const auto renew = [this, node] {
                    return tcp_->change_network(node, [this, node] { return fabric_->renew(node); });
                };
                return phases_ ? phases_->change_network(node, renew) : renew();
            }};
}

Result<void> Engine::Impl::start_capture() {
    if (!scenario_.pcap) return {};
    NETCUT_ASSIGN(capture_,
                  RunCapture::start(*run_, *fabric_, {run_->check_journal, [this] { on_captured(); }}));
    return {};
}

Result<void> Engine::Impl::start_preparation() {
    preparation_.emplace(*run_, [this](const Result<void>& ended) {
        if (!ended && course_.phase() == RunPhase::preparing) return fail(ended.error());
        course_.prepared(ended.has_value());
    });
    return preparation_->start();
}

void Engine::Impl::before_collaborators() {
    start_phases();
    start_hang_watch();
}

void Engine::Impl::start_phases() {
    phases_.emplace(*run_, *fabric_, faults_->nodes_with_phases(),
                    [this](std::size_t node, const PhaseWatch::State& state) {
                        if (course_.phase() == RunPhase::running) faults_->on_state(node, state);
                    });
    if (auto started = phases_->start(); !started) return fail(std::move(started).error());
    for (std::size_t node = 0; node < nodes_->size(); ++node)
        if (nodes_->runs(node)) phases_->node_runs(node, nodes_->pid(node));
    faults_->nodes_work();
}

void Engine::Impl::start_hang_watch() {
    hang_.emplace(*run_, record_,
                  HangWatch::Observer{
                      [this] { return may_hang(); }, [this] { return course_.last_progress(); },
                      [this](std::size_t node) { return nodes_->runs(node); },
                      [this](std::size_t node) { return sockets_->read_waits(node, nodes_->pid(node)); },
                      [this] { course_.end(EndReason::hung); }});
}

// Before its phases are followed the aggregator runs alone.
Nanoseconds Engine::Impl::starved() const {
    if (phases_) return phases_->starved();
    if (!nodes_->runs(0)) return Nanoseconds(0);
    ProcessTree aggregator(nodes_->pid(0));
    return aggregator.look() ? aggregator.read().ready : Nanoseconds(0);
}

bool Engine::Impl::may_hang() const {
    constexpr Nanoseconds silence =
        std::chrono::milliseconds(250);  // what was printed may be the start of more
    return course_.phase() == RunPhase::running && !any_fault_will_heal() && !attended_ &&
           Clock::now() >= course_.last_progress() + silence;
}

void Engine::Impl::hang_is_looked_for() {
    if (hang_) hang_->restart();
}

void Engine::Impl::note_sockets(SocketMoment moment, std::vector<std::size_t> nodes) {
    if (std::find(nodes.begin(), nodes.end(), 0) == nodes.end()) nodes.push_back(0);
    run_->must(socket_notes_->add(moment, nodes));
}

void Engine::Impl::note_listening() {
    if (nodes_->runs(0)) run_->must(socket_notes_->add_listening(0));
}

void Engine::Impl::on_fired(const FaultRunner& fault) {
    if (fault.spec().kind->processes == ProcessEffect::names) run_->must(update_names());
    if (capture_) capture_->note(fault, fault.fired_at(), "was fired");
    note_sockets(SocketMoment::cut, fault.plan().nodes);
    course_.fault_changed();
    check_journal();
}

void Engine::Impl::on_healed(const FaultRunner& fault) {
    if (capture_) capture_->note(fault, fault.healed_at(), "has healed");
    note_addresses(fault);
    note_sockets(SocketMoment::heal, fault.plan().nodes);
    if (fault.plan().plug.new_address || fault.spec().kind->processes == ProcessEffect::names)
        run_->must(update_names());
    course_.fault_changed();
    check_journal();
}

Result<void> Engine::Impl::update_names() {
    NETCUT_TRY(nodes_->update_names());
    return proxies_->rewrite_hosts(nodes_->all_hosts());
}

// Of nodes that have come back as somebody else.
void Engine::Impl::note_addresses(const FaultRunner& fault) {
    if (fault.plan().link != LinkChange::unplug) return;
    const PlugOptions& plug = fault.plan().plug;
    if (!plug.new_address && !plug.new_mac) return;
    for (const std::size_t index : fault.plan().nodes) {
        const NodeLink& node = fabric_->node(index);
        safety_->own(addresses_of(node).addresses, node.name);
        if (capture_) capture_->add_addresses(index, node.addresses);
        journal_->add(event::NodeReaddressed{addresses_of(node)}, {node.name, fault.spec().name});
    }
}

void Engine::Impl::check_journal() {
    if (journal_->failure() && course_.phase() != RunPhase::stopping) fail(*journal_->failure());
}

}  // namespace netcut
