// SPDX-License-Identifier: Apache-2.0
#include "node/node.h"

#include <csignal>

#include "node/life.h"

namespace netcut {
namespace {

Failure not_running(std::string attempt) {
    return internal_failure(std::move(attempt), "it is not running");
}

}  // namespace

Node::Node(boost::asio::io_context& io, NodeSpec spec, Observer observer)
    : io_(io),
      spec_(std::move(spec)),
      observer_(std::make_shared<const Observer>(std::move(observer))),
      life_(std::make_shared<Life>(io_, observer_)) {}

Node::~Node() {
    life_->abandon();
}

Result<void> Node::start(const NetNs& ns, Fd out_log, Fd err_log) {
    return start_in(&ns, std::move(out_log), std::move(err_log));
}

Result<void> Node::start_on_machine(Fd out_log, Fd err_log) {
    return start_in(nullptr, std::move(out_log), std::move(err_log));
}

Result<void> Node::start_in(const NetNs* ns, Fd out_log, Fd err_log) {
    if (running()) return internal_failure("start " + spec_.name, "it is running already");
    life_->abandon();
    life_ = std::make_shared<Life>(io_, observer_);
    return life_->start(spec_, ns, std::move(out_log), std::move(err_log));
}

bool Node::running() const {
    return life_->running();
}
pid_t Node::pid() const {
    return life_->pid();
}
void Node::signal(int number) {
    life_->signal(number);
}
void Node::kill() {
    life_->kill();
}
void Node::hold_outputs(bool held) {
    life_->hold_outputs(held);
}
void Node::write_input(std::string bytes, std::function<void(bool)> then) {
    life_->write_input(std::move(bytes), std::move(then));
}
void Node::resize_terminal(TerminalSize size) {
    life_->resize_terminal(size);
}
bool Node::paused() const {
    return life_->paused();
}

Result<void> Node::pause(std::optional<Nanoseconds> lease) {
    const std::string attempt = "pause " + spec_.name;
    if (!running()) return not_running(attempt);
    if (lease && lease->count() <= 0) return usage_failure(attempt, "a pause of no duration");
    init::Order order;
    order.kind = init::Order::Kind::pause;
    order.lease_ns = lease.value_or(Nanoseconds(0)).count();
    return life_->send(order, attempt);
}

Result<void> Node::resume() {
    if (!running()) return {};
    return life_->send(init::Order{}, "resume " + spec_.name);
}

Result<void> Node::signal_tree(int number) {
    const std::string attempt = "send signal " + std::to_string(number) + " to " + spec_.name;
    if (!running()) return not_running(attempt);
    if (number < 1 || number >= NSIG) return usage_failure(attempt, "there is no such signal");
    if (number == SIGSTOP || number == SIGCONT)
        return usage_failure(attempt, "it would not last", "pause and resume the node");
    init::Order order;
    order.kind = init::Order::Kind::signal;
    order.signal = number;
    return life_->send(order, attempt);
}

Result<void> Node::rewrite_hosts(const std::string& hosts) {
    spec_.hosts = hosts;
    return life_->rewrite_hosts(spec_);
}

}  // namespace netcut
