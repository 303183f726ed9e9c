// SPDX-License-Identifier: Apache-2.0
#include "run/node_names.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/time.h"
#include "kernel/address.h"
#include "names/dns_message.h"
#include "names/name_servers.h"
#include "scenario/fault_kind.h"

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

NodeNames::NodeNames(const Scenario& scenario, const NodeNetwork& network, std::vector<std::string> nodes,
                     std::vector<std::vector<std::string>> names, FaultsOf faults)
    : scenario_(scenario),
      network_(network),
      nodes_(std::move(nodes)),
      names_(std::move(names)),
      faults_(std::move(faults)) {}

Result<void> NodeNames::update() {
    if (const NodeLink* place = network_.name_server()) return serve(*place);
    hosts_ = hosts_under({});
    return {};
}

// Without the names that a fault takes, and with those that it lets lead to nobody.
std::string NodeNames::hosts_under(const std::vector<const FaultSpec*>& faults) const {
    std::string hosts = localhost;
    const std::vector<IpAddress> nobody = network_.addresses_of_nobody();
    for (std::size_t i = 0; i < nodes_.size(); ++i) {
        const auto fault = std::find_if(faults.begin(), faults.end(),
                                        [&](const FaultSpec* one) { return holds(*one, nodes_[i]); });
        if (fault != faults.end() && (*fault)->text("answer") == "none") continue;
        add_host(hosts, fault != faults.end() ? nobody : network_.addresses(i), names_[i]);
    }
    return hosts;
}

std::string NodeNames::hosts_of(std::size_t index) const {
    if (scenario_.fabric.name_server) {
        std::string hosts = localhost;
        add_host(hosts, network_.addresses(index), names_[index]);
        return hosts;
    }
    const auto faults = faults_(index);
    return faults.empty() ? hosts_ : hosts_under(faults);
}

Names NodeNames::names_now() const {
    Names names;
    names.ttl = scenario_.names_ttl;
    names.nobody = network_.addresses_of_nobody();
    for (std::size_t i = 0; i < nodes_.size(); ++i) {
        const std::vector<IpAddress>& addresses = network_.addresses(i);
        for (const std::string& name : names_[i]) names.addresses[lower_case(name)] = addresses;
        for (const IpAddress& address : addresses) {
            names.by_reverse[reverse_name(address)] = nodes_[i];
            if (network_.has_uplink(nodes_[i])) names.forwarded.insert(address);
        }
        for (const FaultSpec* fault : faults_(i)) add_rules(*fault, addresses, names);
    }
    return names;
}

// Of several faults that are on the first counts.
void NodeNames::add_rules(const FaultSpec& fault, const std::vector<IpAddress>& clients, Names& names) const {
    for (const std::string& held : fault.list("names"))
        for (const std::string& name : names_[node_index(scenario_, held).value()])
            for (const IpAddress& address : clients)
                names.of_client[address].emplace(lower_case(name), rule_of(fault));
}

Result<void> NodeNames::serve(const NodeLink& place) {
    if (server_) {
        server_->serve(names_now());
        return {};
    }
    NETCUT_ASSIGN(server_, NameServer::start(place, names_now(), name_servers_of_this_machine()));
    return {};
}

std::string NodeNames::name_servers_of(const std::string& node) const {
    if (const NodeLink* place = network_.name_server())
        return fmt::format("nameserver {}\n", place->addresses.front().to_string());
    return network_.has_uplink(node) ? name_servers_beyond_this_machine() : std::string();
}

}  // namespace netcut
