// SPDX-License-Identifier: Apache-2.0
//
// `sites:` of a scenario: nodes behind a router and an uplink of their own. Pure.
#pragma once

#include <set>
#include <string>
#include <vector>

#include "base/error.h"
#include "fabric/site_spec.h"
#include "scenario/scenario.h"
#include "scenario/yaml_section.h"

namespace netcut {

void read_sites(YamlSection& section, std::vector<SiteSpec>& sites);
void write_sites(YAML::Emitter& out, const std::vector<SiteSpec>& sites);
// "a: {nodes: [collaborator1]}", as it is below sites:.
Result<void> add_site(Scenario& scenario, const std::string& text);
// Fills in names of nodes, and refuses what cannot be.
Result<void> check_sites(Scenario& scenario);

// Which site the node is in; null: none.
const SiteSpec* site_of(const Scenario& scenario, const std::string& node);
// Whether others cannot tell the node's packets from those of its neighbours: a NAT or a proxy stands for all of them.
bool is_translated(const SiteSpec* site);
// That reach others by a proxy alone.
std::set<std::string> relayed_nodes(const Scenario& scenario);
std::string nat_word(Nat nat);
std::string vpn_word(Vpn vpn);
std::string proxy_word(Proxy proxy);
std::string firewall_text(const SiteSpec& site);

}  // namespace netcut
