// SPDX-License-Identifier: Apache-2.0
#include "phase/phase_watch.h"

#include <fcntl.h>
#include <linux/netlink.h>
#include <pthread.h>
#include <sys/sysinfo.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <boost/asio/post.hpp>
#include <cstdio>

#include "base/thread.h"
#include "kernel/keeper.h"
#include "kernel/precedence.h"
#include "kernel/socket_facts.h"

namespace netcut {
namespace {

// Of the nodes whose phases are waited for.
constexpr Nanoseconds watched_period = std::chrono::milliseconds(2);
// Of all nodes: some hundredths of one CPU, however many there are.
constexpr Nanoseconds shortest_period = std::chrono::milliseconds(3);
constexpr Nanoseconds period_a_node = std::chrono::microseconds(250);
// While no data passes anywhere, and when none has passed for long.
constexpr Nanoseconds shortest_calm_period = PhaseClassifier::default_settle / 5;
constexpr Nanoseconds shortest_long_calm_period = PhaseClassifier::default_settle / 2;
// At the sockets of a node whose phase nobody waits for, while it is calm.
constexpr int settles_between_looks = 2, settles_between_late_looks = 8;
constexpr Nanoseconds calm_for_long = std::chrono::seconds(1);
// Sampling sleeps so many times as long as it works, on a slow machine too.
constexpr int rest_after_work = 5;
// A time between two samples that is not longer than this share of the settling time tells nothing wrong.
constexpr int samples_to_settle = 5;
// What was sent once more may have arrived: the acknowledgement waits in the queue of a slow link.
constexpr std::uint32_t late_acknowledgement = 1;
constexpr Nanoseconds longest_untold_starved = std::chrono::seconds(1);
// The two of netcut-fl-init are no work of the node.
constexpr unsigned processes_of_init = 2;
constexpr Nanoseconds between_looks_for_processes = std::chrono::milliseconds(500),
                      between_late_looks_for_processes = std::chrono::seconds(1);
// While things happen fast, and later.
constexpr Nanoseconds fine_traffic = std::chrono::milliseconds(100), coarse_traffic = std::chrono::seconds(1);
constexpr Nanoseconds fine_time = std::chrono::minutes(1);

Nanoseconds period_of(std::size_t nodes) {
    return std::max(shortest_period, static_cast<std::int64_t>(nodes) * period_a_node);
}

bool moved(const DataCounters& before, const DataCounters& now) {
    return before.up.packets != now.up.packets || before.down.packets != now.down.packets;
}

bool is_other(const PhaseNow& before, const PhaseNow& now) {
    return before.phase != now.phase || before.since != now.since || before.at_rest != now.at_rest ||
           before.uploaded != now.uploaded;
}

// Its peer can still say something, or has not acknowledged everything.
bool is_open(const TcpSocket& socket) {
    return socket.state == "ESTABLISHED" || socket.state == "FIN_WAIT1" || socket.state == "FIN_WAIT2";
}

}  // namespace

PhaseWatch::PhaseWatch(boost::asio::io_context& io, const Fabric& fabric, Clock::time_point begin,
                       std::set<std::size_t> watched, Observer observer)
    : io_(io),
      begin_(begin),
      period_(period_of(fabric.size())),
      observer_(std::move(observer)),
      alive_(std::make_shared<PhaseWatch*>(this)),
      fabric_(fabric),
      cpus_(::get_nprocs()),
      first_processes_(fabric.size()),
      now_(fabric.size()) {
    for (std::size_t node = 0; node < fabric.size(); ++node) {
        const bool is_watched = watched.contains(node);
        any_watched_ = any_watched_ || is_watched;
        subjects_.emplace_back(&fabric.node(node).ns, is_watched,
                               std::max(PhaseClassifier::default_settle,
                                        samples_to_settle * (is_watched ? watched_period : period_)),
                               ConnectionChanges::bounds_of(fabric.size()));
    }
}

Result<void> PhaseWatch::start() {
    NETCUT_ASSIGN(thread_, start_thread("see what nodes do", [this] { run(); }));
    return {};
}

PhaseWatch::~PhaseWatch() {
    *alive_ = nullptr;
    end_thread();
}

void PhaseWatch::end_thread() {
    {
        const std::lock_guard lock(mutex_);
        stopping_ = true;
    }
    wake_.notify_one();
    if (thread_.joinable()) thread_.join();
}

void PhaseWatch::stop() {
    if (!thread_.joinable()) return;
    end_thread();
    for (std::size_t node = 0; node < subjects_.size(); ++node) {
        subjects_[node].classifier.finish();
        subjects_[node].connections.finish();
        publish(node);
    }
    tell();
}

void PhaseWatch::node_runs(std::size_t node, pid_t first_process) {
    const std::lock_guard lock(mutex_);
    first_processes_[node] = first_process;
}

void PhaseWatch::node_ended(std::size_t node) {
    node_runs(node, 0);
}

Result<void> PhaseWatch::change_network(std::size_t node, const std::function<Result<void>()>& change) {
    const std::lock_guard lock(mutex_);
    changed_networks_.insert(subjects_[node].ns);
    return change();
}

PhaseNow PhaseWatch::now(std::size_t node) const {
    const std::lock_guard lock(mutex_);
    return now_[node];
}

// --- on the sampling thread ---

void PhaseWatch::run() {
    ::pthread_setname_np(::pthread_self(), "phases");
    if (!take_precedence()) keeper_gives_precedence();
    last_moved_ = last_round_of_all_ = last_round_ = traffic_begin_ = traffic_from_ = Clock::now();
    Clock::time_point next = traffic_from_;
    Clock::time_point next_of_all = next;
    std::unique_lock lock(mutex_);
    while (!stopping_) {
        const std::vector<pid_t> first_processes = first_processes_;
        lock.unlock();
        follow_lives(first_processes);
        const auto now = Clock::now();
        const bool all = now >= next_of_all;
        const Nanoseconds work_before = thread_cpu_time();
        sample_round(all);
        const Nanoseconds all_nodes = period_at(now);
        if (all) next_of_all = std::max<Clock::time_point>(next_of_all + all_nodes, now);
        const Nanoseconds tick = any_watched_ ? watched_period : all_nodes;
        next = std::max(next + tick, Clock::now() + rest_after_work * (thread_cpu_time() - work_before));
        lock.lock();
        wake_.wait_until(lock, next, [this] { return stopping_; });
    }
}

Nanoseconds PhaseWatch::period_at(Clock::time_point now) const {
    const Nanoseconds calm = now - last_moved_;
    const bool is_calm = calm > PhaseClassifier::default_settle &&
                         std::none_of(subjects_.begin(), subjects_.end(),
                                      [](const Subject& one) { return one.tree && one.backlog; });
    if (!is_calm) return period_;
    return std::max(period_, calm > calm_for_long ? shortest_long_calm_period : shortest_calm_period);
}

void PhaseWatch::follow_lives(const std::vector<pid_t>& first_processes) {
    for (std::size_t node = 0; node < subjects_.size(); ++node) {
        Subject& subject = subjects_[node];
        if (subject.first_process == first_processes[node]) continue;
        subject.first_process = first_processes[node];
        subject.classifier.finish();
        if (subject.first_process == 0)
            subject.tree.reset();
        else
            subject.tree.emplace(subject.first_process, processes_of_init);
        subject.looked_for_processes = {};
        subject.ready = Nanoseconds(0);
        subject.connections.see(since_begin(Clock::now()), {});
        publish(node);
    }
}

void PhaseWatch::sample_round(bool all) {
    if (!data_) {
        auto reader = DataReader::open(fabric_);
        if (reader) data_.emplace(std::move(*reader));
    }
    const auto when = Clock::now();
    notice_crowd(when);
    const auto data =
        data_ && all ? data_->read() : Result<const std::vector<DataCounters>*>(Failure(Error{}));
    for (std::size_t node = 0; node < subjects_.size(); ++node) {
        Subject& subject = subjects_[node];
        if (!subject.tree || (!all && !subject.watched)) continue;
        PhaseSample sample;
        sample.time = since_begin(when);
        sample.crowded = crowded_;
        if (all)
            sample.complete = data && fill(sample, subject, (**data)[node], when);
        else if (const auto own = data_ ? data_->read(node) : Result<DataCounters>(Failure(Error{})); own)
            sample.complete = fill(sample, subject, *own, when);
        else
            sample.complete = false;
        subject.classifier.add(sample);
        publish(node);
    }
    if (all) notice_starved(std::exchange(longest_ready_, Nanoseconds(0)), when);
    if (all && data) publish_traffic(**data, when);
}

// How long a process has waited is known when it gets a CPU, and several that wait at once are no longer than the time itself.
void PhaseWatch::notice_starved(Nanoseconds most, Clock::time_point when) {
    const Nanoseconds passed = when - std::exchange(last_round_of_all_, when);
    untold_starved_ = std::min(untold_starved_ + most, longest_untold_starved);
    const Nanoseconds now = std::min(untold_starved_, passed);
    untold_starved_ -= now;
    starved_.fetch_add(now.count(), std::memory_order_relaxed);
}

// What the machine looks like now counts for the time since the last round.
void PhaseWatch::notice_crowd(Clock::time_point when) {
    const Nanoseconds passed = when - std::exchange(last_round_, when);
    const auto can_run = machine_.runnable_threads();
    if (can_run && *can_run > cpus_) crowded_ += passed;
}

// False if something could not be read.
bool PhaseWatch::fill(PhaseSample& sample, Subject& subject, const DataCounters& data,
                      Clock::time_point when) {
    if (moved(subject.data, data)) last_moved_ = subject.moved = when;
    subject.data = sample.data = data;
    const bool late = when - subject.moved > calm_for_long;
    if (when - subject.looked_for_processes >=
        (late ? between_late_looks_for_processes : between_looks_for_processes)) {
        if (!subject.tree->look()) return false;
        subject.looked_for_processes = when;
    }
    const ProcessTree::Times times = subject.tree->read();
    sample.cpu = times.cpu;
    sample.ready = times.ready;
    longest_ready_ = std::max(longest_ready_, times.ready - std::exchange(subject.ready, times.ready));
    if (!wants_sockets(subject, when)) return true;
    const auto backlog = read_backlog(subject, when);
    if (!backlog) return false;
    subject.looked_at_sockets = when;
    subject.backlog = backlog->unsent + backlog->unacknowledged + backlog->unread > 0;
    sample.sockets = *backlog;
    return true;
}

// Nothing changes in the sockets of a node whose wire is quiet, but now and then.
bool PhaseWatch::wants_sockets(const Subject& subject, Clock::time_point when) const {
    const bool late = when - subject.moved > calm_for_long;
    const int settles = subject.watched ? 1 : late ? settles_between_late_looks : settles_between_looks;
    return subject.backlog || when - subject.moved <= subject.settle ||
           when - subject.looked_at_sockets >= settles * subject.settle;
}

Result<void> PhaseWatch::reach_sockets(Subject& subject) {
    const std::lock_guard lock(mutex_);
    if (changed_networks_.erase(subject.ns) > 0) subject.diag.reset();
    if (subject.diag) return {};
    NETCUT_ASSIGN(NetlinkSocket diag, NetlinkSocket::open(NETLINK_SOCK_DIAG, subject.ns));
    subject.diag.emplace(std::move(diag));
    return {};
}

Result<SocketBacklog> PhaseWatch::read_backlog(Subject& subject, Clock::time_point when) {
    NETCUT_TRY(reach_sockets(subject));
    NETCUT_ASSIGN(const auto connections, list_connections(*subject.diag));
    subject.connections.see(since_begin(when), connections);
    SocketBacklog backlog;
    std::set<std::pair<std::uint16_t, std::uint16_t>> open;
    for (const TcpConnection& connection : connections) {
        const TcpSocket& socket = connection.socket;
        if (socket.remote.is_loopback() || socket.remote == socket.local) continue;
        backlog.unsent += socket.unsent;
        backlog.unacknowledged += socket.send_queue - std::min(socket.send_queue, socket.unsent);
        backlog.unread += socket.receive_queue;
        backlog.in_flight += socket.unacked;
        backlog.resending = backlog.resending || socket.retransmits > late_acknowledgement;
        if (!is_open(socket)) continue;
        ++backlog.connections;
        open.emplace(socket.local_port, socket.remote_port);
    }
    for (const auto& ports : open)
        if (!subject.open.contains(ports)) ++subject.opened;
    subject.open = std::move(open);
    backlog.opened = subject.opened;
    return backlog;
}

void PhaseWatch::publish_traffic(const std::vector<DataCounters>& data, Clock::time_point when) {
    const bool is_fine = when - traffic_begin_ < fine_time;
    if (!traffic_base_.empty() && when - traffic_from_ < (is_fine ? fine_traffic : coarse_traffic)) return;
    Traffic traffic{since_begin(traffic_from_), since_begin(when), {}};
    bool any = false;
    for (std::size_t node = 0; node < traffic_base_.size(); ++node) {
        traffic.bytes.emplace_back(data[node].up.bytes - traffic_base_[node].up.bytes,
                                   data[node].down.bytes - traffic_base_[node].down.bytes);
        any = any || traffic.bytes.back() != std::pair<std::uint64_t, std::uint64_t>();
    }
    traffic_base_ = data;
    traffic_from_ = when;
    if (!any) return;
    const std::lock_guard lock(mutex_);
    traffic_.push_back(std::move(traffic));
    wake_io();
}

// What the classifier has found out goes to the other thread.
void PhaseWatch::publish(std::size_t node) {
    Subject& subject = subjects_[node];
    const auto ended = subject.classifier.take();
    auto connections = subject.connections.take();
    const PhaseNow now = subject.classifier.now();
    const std::lock_guard lock(mutex_);
    now_[node] = now;
    for (const PhaseInterval& interval : ended) ended_.push_back({node, interval});
    const bool changed = subject.watched && is_other(subject.told, now);
    if (changed) {
        subject.told = now;
        changed_.push_back({node, {now, subject.data}});
    }
    for (ConnectionChanges::Told& told : connections) changed_connections_.push_back({node, std::move(told)});
    if (changed || !ended.empty() || !connections.empty()) wake_io();
}

// With the lock held.
void PhaseWatch::wake_io() {
    if (std::exchange(handler_is_queued_, true) || stopping_) return;
    boost::asio::post(io_, [alive = alive_] {
        if (*alive != nullptr) (*alive)->tell();
    });
}

// --- on the thread of the io_context ---

void PhaseWatch::tell() {
    std::vector<Ended> ended;
    std::vector<Traffic> traffic;
    std::vector<Changed> changed;
    std::vector<ChangedConnection> connections;
    {
        const std::lock_guard lock(mutex_);
        handler_is_queued_ = false;
        ended.swap(ended_);
        traffic.swap(traffic_);
        changed.swap(changed_);
        connections.swap(changed_connections_);
    }
    for (const auto& [node, state] : changed) observer_.changed(node, state);  // first what must be fast
    for (const auto& [node, interval] : ended) observer_.ended(node, interval);
    for (const Traffic& one : traffic) observer_.traffic(one);
    for (const auto& [node, told] : connections) observer_.connection(node, told);
}

}  // namespace netcut
