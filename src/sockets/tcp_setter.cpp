// SPDX-License-Identifier: Apache-2.0
#include "sockets/tcp_setter.h"

#include <linux/netlink.h>
#include <pthread.h>

#include <algorithm>
#include <boost/asio/post.hpp>

#include "base/thread.h"

namespace netcut {
namespace {

constexpr Nanoseconds shortest_pause = std::chrono::milliseconds(5);
constexpr int rest_after_setting = 50;                       // times as long as it took
constexpr std::size_t most_told = 64, most_unset_told = 16;  // of a node

}  // namespace

TcpSetter::TcpSetter(boost::asio::io_context& io, const Fabric& fabric,
                     std::vector<std::vector<SocketOption>> options, Observer observer)
    : io_(io),
      observer_(std::move(observer)),
      alive_(std::make_shared<TcpSetter*>(this)),
      outermost_(fabric.size()),
      changed_(fabric.size()) {
    for (std::size_t node = 0; node < fabric.size(); ++node)
        subjects_.push_back({.ns = &fabric.node(node).ns, .options = std::move(options[node])});
}

TcpSetter::~TcpSetter() {
    *alive_ = nullptr;
    end_thread();
}

Result<void> TcpSetter::start() {
    NETCUT_ASSIGN(thread_, start_thread("set options of sockets", [this] { run(); }));
    return {};
}

void TcpSetter::end_thread() {
    {
        const std::lock_guard lock(mutex_);
        stopping_ = true;
    }
    wake_.notify_one();
    if (thread_.joinable()) thread_.join();
}

void TcpSetter::stop() {
    if (!thread_.joinable()) return;
    end_thread();
    tell();
}

void TcpSetter::node_runs(std::size_t node, pid_t outermost) {
    const std::lock_guard lock(mutex_);
    outermost_[node] = outermost;
}

void TcpSetter::node_ended(std::size_t node) {
    node_runs(node, 0);
}

Result<void> TcpSetter::change_network(std::size_t node, const std::function<Result<void>()>& change) {
    const std::lock_guard lock(mutex_);
    changed_[node] = true;
    return change();
}

// --- on its thread ---

void TcpSetter::run() {
    ::pthread_setname_np(::pthread_self(), "tcp-options");
    std::unique_lock lock(mutex_);
    for (bool last = false; !last;) {
        last = stopping_;
        lock.unlock();
        const Nanoseconds before = thread_cpu_time();
        look_at_all();
        const Nanoseconds pause = std::max(shortest_pause, rest_after_setting * (thread_cpu_time() - before));
        lock.lock();
        if (!last) wake_.wait_for(lock, pause, [this] { return stopping_; });
    }
}

void TcpSetter::look_at_all() {
    for (std::size_t node = 0; node < subjects_.size(); ++node) {
        Subject& subject = subjects_[node];
        if (subject.options.empty()) continue;
        // Held while it looks, so that its network is not changed meanwhile.
        std::unique_lock lock(mutex_);
        const pid_t outermost = outermost_[node];
        if (outermost != subject.followed || changed_[node]) {
            subject.setter.reset();
            if (changed_[node]) subject.diag.reset();
            changed_[node] = false;
            subject.followed = outermost;
            subject.looked = Clock::now();
        }
        if (outermost == 0) continue;
        if (!subject.diag) {
            auto opened = NetlinkSocket::open(NETLINK_SOCK_DIAG, subject.ns);
            if (opened) subject.diag.emplace(std::move(*opened));
        }
        lock.unlock();
        if (auto looked = look_at(subject, node, outermost); !looked)
            if (!std::exchange(subject.failed, true))
                take(subject, node, {.socket = "all sockets", .why = looked.error().text()}, Nanoseconds(0));
    }
}

Result<void> TcpSetter::look_at(Subject& subject, std::size_t node, pid_t outermost) {
    if (!subject.diag) return machine_failure("see its sockets", "its network cannot be asked");
    if (!subject.setter) subject.setter.emplace(subject.options);
    const auto now = Clock::now();
    NETCUT_ASSIGN(const auto tried, subject.setter->look(outermost, *subject.diag, now));
    const Nanoseconds within = Clock::now() - std::exchange(subject.looked, now);
    for (const OptionsTried& one : tried) take(subject, node, one, within);
    return {};
}

void TcpSetter::take(Subject& subject, std::size_t node, const OptionsTried& tried, Nanoseconds within) {
    event::TcpOptionsSummed& sum = subject.sum;
    std::optional<Told> told;
    if (!tried.why.empty()) {
        ++sum.unset;
        if (++subject.told_unset <= most_unset_told)
            told = {node, event::TcpOptionsUnset{tried.socket, tried.process, tried.program, tried.why}};
    } else if (tried.listens) {
        ++(tried.again ? sum.again : sum.listening);
    } else {
        ++(tried.again ? sum.again : sum.connections);
        if (tried.inherited) ++sum.inherited;
        if (!tried.again && !tried.inherited) sum.latest_ns = std::max(sum.latest_ns, within);
        if (++subject.told <= most_told)
            told = {node, event::TcpOptionsSet{tried.socket, tried.process, tried.program, tried.inherited,
                                               tried.again, within}};
    }
    if (!told) return;
    const std::lock_guard lock(mutex_);
    told_.push_back(std::move(*told));
    if (std::exchange(handler_is_queued_, true) || stopping_) return;
    boost::asio::post(io_, [alive = alive_] {
        if (*alive != nullptr) (*alive)->tell();
    });
}

// --- on the thread of the io_context ---

void TcpSetter::tell() {
    std::deque<Told> told;
    {
        const std::lock_guard lock(mutex_);
        handler_is_queued_ = false;
        told.swap(told_);
    }
    for (Told& one : told)
        if (auto* set = std::get_if<event::TcpOptionsSet>(&one.what))
            observer_.set(one.node, std::move(*set));
        else
            observer_.unset(one.node, std::move(std::get<event::TcpOptionsUnset>(one.what)));
}

}  // namespace netcut
