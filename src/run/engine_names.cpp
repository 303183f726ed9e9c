// SPDX-License-Identifier: Apache-2.0
//
// How nodes find each other by name: by /etc/hosts of each, or by the name server of the run.
#include <fmt/format.h>

#include <algorithm>

#include "base/error.h"
#include "base/time.h"
#include "fabric/fabric.h"
#include "kernel/address.h"
#include "names/dns_message.h"
#include "names/name_servers.h"
#include "run/engine.h"
#include "run/engine_impl.h"
#include "scenario/expand.h"
#include "scenario/fault_kind.h"
#include "scenario/fault_spec.h"
#include "scenario/scenario.h"

namespace netcut {
namespace {

constexpr const char* localhost = "127.0.0.1 localhost\n::1 localhost ip6-localhost ip6-loopback\n";

bool holds(const FaultSpec& fault, const std::string& node) {
    const WordList& names = fault.list("names");
    return std::find(names.begin(), names.end(), node) != names.end();
}

void add_host(std::string& hosts, const std::vector<IpAddress>& addresses,
              const std::vector<std::string>& names) {
    for (const IpAddress& address : addresses)
        hosts += fmt::format("{} {}\n", address.to_string(), fmt::join(names, " "));
}

std::string lower_case(std::string name) {
    std::transform(name.begin(), name.end(), name.begin(), [](unsigned char c) {
        return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : static_cast<char>(c);
    });
    return name;
}

NameRule rule_of(const FaultSpec& fault) {
    if (fault.text("answer") == "none") return {NameRule::Kind::none};
    if (fault.text("answer") == "old") return {NameRule::Kind::old};
    return {NameRule::Kind::late, parse_duration(fault.text("delay")).value()};
}

}  // namespace

std::vector<std::string> Engine::Impl::aliases(std::size_t index) const {
    const RoleSpec& role = index == 0 ? scenario_.aggregator : scenario_.collaborator;
    const auto expanded = expand(role.aliases, scenario_,
                                 expand_context(fabric_->node(index).name, static_cast<unsigned>(index)));
    return expanded.value_or(std::vector<std::string>());
}

// The node's own name and its aliases.
std::vector<std::string> Engine::Impl::names_of(std::size_t index) const {
    std::vector<std::string> names = {fabric_->node(index).name};
    const std::vector<std::string> others = aliases(index);
    names.insert(names.end(), others.begin(), others.end());
    return names;
}

// Those that are on, and hit this node.
std::vector<const FaultSpec*> Engine::Impl::name_faults_of(std::size_t index) const {
    std::vector<const FaultSpec*> faults;
    for (const auto& runner : faults_) {
        const auto& nodes = runner->plan().nodes;
        if (runner->spec().kind->processes == ProcessEffect::names && runner->is_on() &&
            std::find(nodes.begin(), nodes.end(), index) != nodes.end())
            faults.push_back(&runner->spec());
    }
    return faults;
}

// Without the names that a fault takes, and with those that it lets lead to nobody.
std::string Engine::Impl::hosts_under(const std::vector<const FaultSpec*>& faults) const {
    std::string hosts = localhost;
    const std::vector<IpAddress> nobody = fabric_->addresses_of_nobody();
    for (std::size_t i = 0; i < fabric_->size(); ++i) {
        const NodeLink& node = fabric_->node(i);
        const auto fault = std::find_if(faults.begin(), faults.end(),
                                        [&](const FaultSpec* one) { return holds(*one, node.name); });
        if (fault != faults.end() && (*fault)->text("answer") == "none") continue;
        add_host(hosts, fault != faults.end() ? nobody : node.addresses, names_of(i));
    }
    return hosts;
}

void Engine::Impl::update_hosts() {
    if (!scenario_.fabric.name_server) hosts_ = hosts_under({});
}

std::string Engine::Impl::hosts_of(std::size_t index) const {
    if (scenario_.fabric.name_server) {
        std::string hosts = localhost;
        add_host(hosts, fabric_->node(index).addresses, names_of(index));
        return hosts;
    }
    const auto faults = name_faults_of(index);
    return faults.empty() ? hosts_ : hosts_under(faults);
}

Result<void> Engine::Impl::rewrite_hosts() {
    NETCUT_TRY(serve_names());
    for (const auto& actor : actors_) NETCUT_TRY(actor->node->rewrite_hosts(hosts_of(actor->index)));
    return {};
}

Names Engine::Impl::names_now() const {
    Names names;
    names.ttl = scenario_.names_ttl;
    names.nobody = fabric_->addresses_of_nobody();
    for (std::size_t i = 0; i < fabric_->size(); ++i) {
        const NodeLink& node = fabric_->node(i);
        for (const std::string& name : names_of(i)) names.addresses[lower_case(name)] = node.addresses;
        for (const IpAddress& address : node.addresses) {
            names.by_reverse[reverse_name(address)] = node.name;
            if (fabric_->has_uplink(node.name)) names.forwarded.insert(address);
        }
        for (const FaultSpec* fault : name_faults_of(i)) add_rules(*fault, node, names);
    }
    return names;
}

// Of several faults that are on the first counts.
void Engine::Impl::add_rules(const FaultSpec& fault, const NodeLink& client, Names& names) const {
    for (const std::string& held : fault.list("names"))
        for (const std::string& name : names_of(node_index(scenario_, held).value()))
            for (const IpAddress& address : client.addresses)
                names.of_client[address].emplace(lower_case(name), rule_of(fault));
}

Result<void> Engine::Impl::serve_names() {
    const NodeLink* place = fabric_->name_server();
    if (place == nullptr) return {};
    if (name_server_) {
        name_server_->serve(names_now());
        return {};
    }
    NETCUT_ASSIGN(name_server_, NameServer::start(*place, names_now(), name_servers_of_this_machine()));
    return {};
}

std::string Engine::Impl::name_servers_of(const std::string& node) const {
    if (const NodeLink* place = fabric_->name_server())
        return fmt::format("nameserver {}\n", place->addresses.front().to_string());
    return fabric_->has_uplink(node) ? name_servers_beyond_this_machine() : std::string();
}

}  // namespace netcut
