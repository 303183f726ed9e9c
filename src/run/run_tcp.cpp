// SPDX-License-Identifier: Apache-2.0
#include "run/run_tcp.h"

#include "kernel/netns.h"
#include "record/event.h"
#include "run/tcp_check.h"
#include "scenario/tcp.h"

namespace netcut {
namespace {

TcpTries tries_of(const TcpSettings& settings) {
    TcpTries tries;
    tries.retries = sysctl_of(settings, "tcp_retries2").value_or(tries.retries);
    tries.syn_retries = sysctl_of(settings, "tcp_syn_retries").value_or(tries.syn_retries);
    tries.syn_answers = sysctl_of(settings, "tcp_synack_retries").value_or(tries.syn_answers);
    const unsigned orphan_tries = sysctl_of(settings, "tcp_orphan_retries").value_or(0);
    if (orphan_tries > 0) tries.orphan_tries = orphan_tries;
    return tries;
}

}  // namespace

Result<void> RunTcp::start() {
    NETCUT_TRY(set_up());
    return start_setter();
}

Result<void> RunTcp::set_up() {
    if (run_.scenario.tcp.empty()) return {};
    for (std::size_t node = 0; node < run_.nodes.size(); ++node) {
        const std::string& name = run_.nodes[node];
        NETCUT_ASSIGN(const TcpSettings settings, tcp_settings(run_.scenario, name));
        if (settings.keys.empty()) continue;
        NETCUT_TRY(set_sysctls_of(node));
        event::NodeTcp told{.asked = settings.keys, .sysctls = settings.sysctls};
        for (const SocketOption& option : settings.options)
            told.options.emplace_back(option.text, option.value);
        run_.journal.add(std::move(told), {.node = name});
        if (const TcpTries tries = tries_of(settings); tries != TcpTries{}) sockets_.set_tries(node, tries);
    }
    return {};
}

Result<void> RunTcp::set_sysctls_of(std::size_t node) {
    NETCUT_ASSIGN(const TcpSettings settings, tcp_settings(run_.scenario, run_.nodes[node]));
    if (settings.sysctls.empty()) return {};
    return set_tcp_sysctls_in(fabric_.node(node).ns, settings);
}

Result<void> RunTcp::start_setter() {
    if (!has_socket_options(run_.scenario)) return {};
    std::vector<std::vector<SocketOption>> options;
    for (std::size_t node = 0; node < run_.nodes.size(); ++node) {
        NETCUT_ASSIGN(TcpSettings settings, tcp_settings(run_.scenario, run_.nodes[node]));
        options.push_back(std::move(settings.options));
    }
    const auto tell = [this](std::size_t node, auto what) {
        run_.journal.add(std::move(what), {.node = run_.nodes[node]});
    };
    setter_.emplace(run_.io, fabric_, std::move(options), TcpSetter::Observer{tell, tell});
    return setter_->start();
}

void RunTcp::node_runs(std::size_t node, pid_t pid) {
    if (setter_) setter_->node_runs(node, pid);
}

void RunTcp::node_ended(std::size_t node) {
    if (setter_) setter_->node_ended(node);
}

Result<void> RunTcp::change_network(std::size_t node, const std::function<Result<void>()>& change) {
    const auto renew = [&]() -> Result<void> {
        NETCUT_TRY(change());
        return set_sysctls_of(node);
    };
    return setter_ ? setter_->change_network(node, renew) : renew();
}

void RunTcp::finish() {
    if (!setter_) return;
    setter_->stop();
    for (std::size_t node = 0; node < run_.nodes.size(); ++node)
        if (setter_->sets_options_of(node))
            run_.journal.add(event::TcpOptionsSummed(setter_->sum(node)), {.node = run_.nodes[node]});
    setter_.reset();
}

}  // namespace netcut
