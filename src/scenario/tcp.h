// SPDX-License-Identifier: Apache-2.0
//
// `tcp:` of a scenario: its keys, each with one definition, and what they come to for a node. Pure.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "base/error.h"
#include "link/tcp_settings.h"
#include "scenario/scenario.h"
#include "scenario/yaml_section.h"

namespace netcut {

struct TcpKey {
    const char* name;
    const char* meaning;
    const char* example;
    std::string schema;
    const char* sysctl;  // below net/ipv4; null: there is none, it is an option of each socket
    // Adds what the text says.
    std::function<Result<void>(const std::string& text, TcpSettings& settings)> add;
};
const std::vector<TcpKey>& tcp_keys();
// Null if there is none of that name.
const TcpKey* tcp_key(const std::string& name);

void read_tcp(YamlSection& section, Scenario& scenario);
// Adds "NAME=VALUE", for all nodes.
Result<void> add_tcp(Scenario& scenario, const std::string& pair);

// Fills in names of nodes, and refuses what cannot be.
Result<void> check_tcp(Scenario& scenario);
// Of a checked scenario: what is said of the node, later entries over earlier ones, with its words in braces
// filled in. A value that stands for nothing is left out.
Result<TcpSettings> tcp_settings(const Scenario& scenario, const std::string& node);
// Of a kernel that has that sysctl; none: it is as the namespace begins.
std::optional<unsigned> sysctl_of(const TcpSettings& settings, const std::string& name);
// Whether any node has some.
bool has_socket_options(const Scenario& scenario);

}  // namespace netcut
