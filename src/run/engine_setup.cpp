// SPDX-License-Identifier: Apache-2.0
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>

#include "base/error.h"
#include "base/io.h"
#include "base/log.h"
#include "base/sha256.h"
#include "base/time.h"
#include "fabric/fabric.h"
#include "fabric/options.h"
#include "fabric/uplink.h"
#include "fault/needs.h"
#include "fault/probe.h"
#include "fault/table.h"
#include "folder/folder.h"
#include "kernel/address.h"
#include "kernel/netns.h"
#include "kernel/rights.h"
#include "names/name_servers.h"
#include "node/exit_status.h"
#include "node/limits.h"
#include "node/node.h"
#include "node/stream.h"
#include "record/event.h"
#include "record/journal.h"
#include "run/engine.h"
#include "run/engine_impl.h"
#include "scenario/expand.h"
#include "scenario/fault_kind.h"
#include "scenario/fault_spec.h"
#include "scenario/plan.h"
#include "scenario/scenario.h"
#include "scenario/yaml.h"
#include "user/user.h"

namespace netcut {

namespace {

Result<void> check_open_files(const Scenario& scenario) {
    // Of a node: namespace, three netlink sockets, two outputs, two logs, lifeline, status, the times of its
    // processes, two of which are ours, and a capture; of each log in a file two, and of syslog. Each further
    // process is one more.
    const std::uint64_t logs = std::max(scenario.aggregator.logs.size(), scenario.collaborator.logs.size());
    const std::uint64_t descriptors_per_node =
        13 + (scenario.pcap ? 1 : 0) + (scenario.syslog ? 2 : 0) + 2 * logs;
    constexpr std::uint64_t descriptors_of_ours = 64;
    raise_limits();
    rlimit limit{};
    ::getrlimit(RLIMIT_NOFILE, &limit);
    const std::uint64_t needed = descriptors_of_ours + descriptors_per_node * (scenario.collaborators + 1);
    if (needed <= limit.rlim_cur) return {};
    return Failure(
        Error{Error::Kind::machine, fmt::format("run {} collaborators", scenario.collaborators), 0,
              fmt::format("it takes {} open files, and the limit is {}", needed, limit.rlim_cur),
              fmt::format("raise it (ulimit -Hn {0}; ulimit -n {0}), or use fewer --cols", needed)});
}

Failure lacking(std::string attempt, Need need, std::string hint) {
    return Failure(Error{Error::Kind::machine, std::move(attempt), 0,
                         fmt::format("this kernel has no {} ({})", need_name(need), need_options(need)),
                         std::move(hint)});
}

Result<void> check_capture(const NetNs& apart) {
    const Need need = Need::packet_log;
    if (probe(need, apart)) return {};
    return lacking("capture what is lost (--pcap)", need, "");
}

// What the run needs of the kernel, before anything starts: a fault that cannot be done is never pretended.
Result<void> check_needs(const Scenario& scenario, const NetNs& apart) {
    const std::set<Need> missing = [&] {
        std::set<Need> set;
        for (const Need need : needs_of(scenario))
            if (!probe(need, apart)) set.insert(need);
        return set;
    }();
    if (scenario.pcap) NETCUT_TRY(check_capture(apart));
    for (const FaultSpec& fault : scenario.faults)
        for (const Need need : needs_of(scenario, fault))
            if (missing.contains(need))
                return lacking(fmt::format("do the fault '{}' ({})", fault.name, fault.kind->name), need,
                               fault.kind->without);
    for (const Need need : needs_of(scenario.fabric))
        if (missing.contains(need))
            return lacking("limit the rate of all links", need, "use the other shaper: tbf or htb");
    return {};
}

// Every node gets mounts of its own, one of them over /etc/hosts. What a bare system or a chroot lacks for that is named before
// anything starts.
Result<void> check_root_folder() {
    if (::access("/etc/hosts", F_OK) != 0)
        return system_failure("give nodes an /etc/hosts of their own", "make the file: touch /etc/hosts");
    struct statx root {};
    const bool known =
        ::statx(AT_FDCWD, "/", 0, 0, &root) == 0 && (root.stx_attributes_mask & STATX_ATTR_MOUNT_ROOT) != 0;
    if (!known || (root.stx_attributes & STATX_ATTR_MOUNT_ROOT) != 0) return {};
    return Failure(Error{Error::Kind::machine, "give nodes mounts of their own", 0,
                         "this is a chroot, and its root folder is not a mount point",
                         "before chroot DIR: mount --bind DIR DIR"});
}

}  // namespace

Result<void> preflight(const Scenario& scenario) {
    NETCUT_TRY(check_open_files(scenario));
    NETCUT_TRY(check_root_folder());
    NETCUT_ASSIGN(const Rights rights, gain_rights());
    if (!scenario.fabric.uplink.empty()) NETCUT_TRY(check_uplink(scenario.fabric, rights));
    NETCUT_ASSIGN(const NetNs apart, NetNs::create());
    NETCUT_TRY(FaultTable::probe(apart));
    return check_needs(scenario, apart);
}

Engine::Impl::Impl(boost::asio::io_context& io, Scenario scenario, const RunFolder& folder, User user,
                   std::function<void(const Event&)> listener)
    : io_(io),
      timers_(io),
      scenario_(std::move(scenario)),
      folder_(folder),
      user_(std::move(user)),
      listener_(std::move(listener)),
      course_(timers_, scenario_, *this),
      folders_(io),
      counted_reader_(scenario_) {
    std::error_code error;
    program_folder_ = std::filesystem::read_symlink("/proc/self/exe", error).parent_path();
}

Engine::Impl::~Impl() = default;

void Engine::Impl::entered(RunPhase phase) {
    journal_->add(event::RunEntered{phase});
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
    NETCUT_ASSIGN(Fd times, folder_.create_file("logs/times.csv"));
    log_times_.emplace(std::move(times));
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

event::Addresses Engine::Impl::addresses_of(const NodeLink& node) {
    event::Addresses all{.mac = mac_text(node.eth0.mac)};
    for (const IpAddress& address : node.addresses) all.addresses.push_back(address.to_string());
    return all;
}

Result<void> Engine::Impl::build_network() {
    const Nanoseconds begin = journal_->now();
    NETCUT_ASSIGN(Fabric built, Fabric::build(scenario_.fabric, node_names(scenario_)));
    fabric_.emplace(std::move(built));
    sockets_.emplace(*fabric_);
    tap_.emplace(*fabric_);
    if (!scenario_.faults.empty()) NETCUT_TRY(tap_->prepare());
    update_hosts();
    NETCUT_TRY(serve_names());
    event::FabricBuilt network{.kind = scenario_.fabric.kind == FabricKind::routed ? "routed" : "bridge"};
    for (std::size_t i = 0; i < fabric_->size(); ++i)
        network.nodes.emplace_back(fabric_->node(i).name, addresses_of(fabric_->node(i)));
    network.took_ms = std::chrono::duration<double, std::milli>(journal_->now() - begin).count();
    journal_->add(std::move(network));
    if (const Uplink* uplink = fabric_->uplink()) {
        event::UplinkOpened opened{.nodes = scenario_.fabric.uplink, .link = uplink->link()};
        for (const IpAddress& address : uplink->addresses()) opened.addresses.push_back(address.to_string());
        journal_->add(std::move(opened));
    }
    return {};
}

ExpandContext Engine::Impl::expand_context(const std::string& node, unsigned index) const {
    return {node, index, folder_.work(), program_folder_, search_path(user_.environment)};
}

std::map<std::string, std::string> Engine::Impl::env_of(const RoleSpec& role) const {
    auto env = role.env;
    env.insert(scenario_.env.begin(), scenario_.env.end());  // what the role says stays
    return env;
}

Result<NodeSpec> Engine::Impl::node_spec(std::size_t index) const {
    const RoleSpec& role = index == 0 ? scenario_.aggregator : scenario_.collaborator;
    const ExpandContext context = expand_context(fabric_->node(index).name, static_cast<unsigned>(index));
    NodeSpec spec;
    spec.name = context.node;
    NETCUT_ASSIGN(spec.argv, expand(role.command, scenario_, context));
    NETCUT_ASSIGN(spec.env, expand_values(env_of(role), scenario_, context));
    NETCUT_ASSIGN(spec.cwd, expand_text(role.cwd, scenario_, context));
    NETCUT_TRY(expand(role.aliases, scenario_, context));  // aliases() relies on it
    spec.name_servers = name_servers_of(spec.name);
    spec.user = user_;
    spec.tty = scenario_.tty;
    spec.joined = scenario_.join_output;
    spec.syslog = scenario_.syslog;
    return spec;
}

Result<void> Engine::Impl::make_actors() {
    for (std::size_t i = 0; i < fabric_->size(); ++i) {
        auto actor = std::make_unique<Actor>();
        actor->index = i;
        NETCUT_ASSIGN(NodeSpec spec, node_spec(i));
        actor->outcome.name = spec.name;
        Actor* raw = actor.get();
        actor->node = std::make_unique<Node>(
            io_, std::move(spec),
            Node::Observer{[this, raw] {
                               raw->outcome.started = true;
                               raw->late_lines = {};
                               raw->late_lines.start(journal_->now());
                               if (phases_) phases_->node_runs(raw->index, raw->node->pid());
                               journal_->add(event::NodeStarted{}, {.node = raw->outcome.name});
                           },
                           [this, raw](Stream stream, std::string_view bytes) {
                               if (stream == Stream::out) raw->late_lines.take(bytes, journal_->now());
                               take_output(*raw, stream == Stream::out ? raw->out : raw->err,
                                           stream_name(stream), bytes);
                           },
                           [this, raw](ExitStatus status) { on_exit(*raw, status); },
                           [this](Error error) { fail(std::move(error)); },
                           [this, raw](const Pause& pause) { on_paused(*raw, pause); },
                           [this, raw](Clock::time_point when) {
                               journal_->add_at(journal_->now() - (Clock::now() - when), event::NodeResumed{},
                                                {.node = raw->outcome.name});
                           },
                           [raw](int processes) { raw->outcome.left_behind = processes; },
                           [this, raw](std::string_view line) { take_syslog(*raw, line); }});
        NETCUT_TRY(open_logs(*actor));
        watch(*actor);
        actors_.push_back(std::move(actor));
    }
    return {};
}

Result<void> Engine::Impl::start_actor(Actor& actor) {
    const std::string& name = actor.outcome.name;
    const auto how = actor.outcome.starts == 0 ? RunFolder::Open::afresh : RunFolder::Open::to_append;
    NETCUT_ASSIGN(Fd out, folder_.create_file("logs/" + name + ".out", how));
    Fd err;
    if (!scenario_.tty && !scenario_.join_output) {
        NETCUT_ASSIGN(err, folder_.create_file("logs/" + name + ".err", how));
    }
    if (actor.outcome.starts == 0)
        for (const auto& log : actor.logs) NETCUT_TRY(log->follower->start(folders_));
    NETCUT_TRY(actor.node->rewrite_hosts(hosts_of(actor.index)));
    NETCUT_TRY(actor.node->start(fabric_->node(actor.index).ns, std::move(out), std::move(err)));
    ++actor.outcome.starts;
    return {};
}

Result<void> Engine::Impl::start_preparation() {
    NodeSpec spec;
    spec.name = "prepare";
    const ExpandContext context = expand_context(spec.name, 0);
    NETCUT_ASSIGN(spec.argv, expand(scenario_.prepare, scenario_, context));
    NETCUT_ASSIGN(spec.env, expand_values(scenario_.env, scenario_, context));
    spec.cwd = folder_.work();
    spec.user = user_;
    spec.hosts = "127.0.0.1 localhost\n";
    const auto keep_tail = [this](Stream, std::string_view bytes) {
        constexpr std::size_t most = 500;
        preparation_tail_ += bytes;
        if (preparation_tail_.size() > most) preparation_tail_.erase(0, preparation_tail_.size() - most);
    };
    preparation_ = std::make_unique<Node>(
        io_, std::move(spec),
        Node::Observer{[] {}, keep_tail, [this](ExitStatus status) { on_prepared(status); },
                       [this](Error error) { fail(std::move(error)); }});
    NETCUT_ASSIGN(const NetNs apart, NetNs::create());
    NETCUT_ASSIGN(Fd out, folder_.create_file("logs/prepare.out"));
    NETCUT_ASSIGN(Fd err, folder_.create_file("logs/prepare.err"));
    return preparation_->start(apart, std::move(out), std::move(err));
}

}  // namespace netcut
