// SPDX-License-Identifier: Apache-2.0
//
// How the TCP of nodes works, where the scenario says so: sysctls of their networks, options of their sockets.
#include "kernel/netns.h"
#include "record/event.h"
#include "run/engine.h"
#include "run/engine_impl.h"
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

Result<void> Engine::Impl::set_up_tcp() {
    if (scenario_.tcp.empty()) return {};
    for (std::size_t index = 0; index < fabric_->size(); ++index) {
        const std::string& name = fabric_->node(index).name;
        NETCUT_ASSIGN(const TcpSettings settings, tcp_settings(scenario_, name));
        if (settings.keys.empty()) continue;
        NETCUT_TRY(set_tcp_sysctls(index));
        event::NodeTcp told{.asked = settings.keys, .sysctls = settings.sysctls};
        for (const SocketOption& option : settings.options)
            told.options.emplace_back(option.text, option.value);
        journal_->add(std::move(told), {.node = name});
        if (const TcpTries tries = tries_of(settings); tries != TcpTries{}) sockets_->set_tries(index, tries);
    }
    return {};
}

Result<void> Engine::Impl::set_tcp_sysctls(std::size_t index) {
    NETCUT_ASSIGN(const TcpSettings settings, tcp_settings(scenario_, fabric_->node(index).name));
    if (settings.sysctls.empty()) return {};
    return set_tcp_sysctls_in(fabric_->node(index).ns, settings);
}

Result<void> Engine::Impl::start_tcp_setter() {
    if (!has_socket_options(scenario_)) return {};
    std::vector<std::vector<SocketOption>> options;
    for (std::size_t index = 0; index < fabric_->size(); ++index) {
        NETCUT_ASSIGN(TcpSettings settings, tcp_settings(scenario_, fabric_->node(index).name));
        options.push_back(std::move(settings.options));
    }
    const auto tell = [this](std::size_t node, auto what) {
        journal_->add(std::move(what), {.node = fabric_->node(node).name});
    };
    tcp_.emplace(io_, *fabric_, std::move(options), TcpSetter::Observer{tell, tell});
    return tcp_->start();
}

void Engine::Impl::end_tcp_setter() {
    if (!tcp_) return;
    tcp_->stop();
    for (std::size_t index = 0; index < fabric_->size(); ++index)
        if (tcp_->sets_options_of(index))
            journal_->add(event::TcpOptionsSummed(tcp_->sum(index)), {.node = fabric_->node(index).name});
    tcp_.reset();
}

}  // namespace netcut
