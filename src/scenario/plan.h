// SPDX-License-Identifier: Apache-2.0
//
// What a scenario asks of the network and of the kernel.
#pragma once

#include <set>

#include "base/error.h"
#include "fabric/options.h"
#include "fault/needs.h"
#include "fault/plan.h"
#include "scenario/fault_spec.h"
#include "scenario/scenario.h"

namespace netcut {

// What it does to packets, as far as that costs nothing to know.
PacketAction action_of(const FaultSpec& fault);
// Whether it makes packets wait instead of losing them.
bool queues(const FaultSpec& fault);
// What a fault of a checked scenario does to the network.
Result<FaultPlan> plan_of(const Scenario& scenario, const FaultSpec& fault);
// What of the kernel they need, beyond what every run does.
std::set<Need> needs_of(const Scenario& scenario, const FaultSpec& fault);
std::set<Need> needs_of(const FabricOptions& fabric);
std::set<Need> needs_of_links(const Scenario& scenario);  // of links that have traces or rates of their own
std::set<Need> needs_of(const SiteSpec& site);
std::set<Need> needs_of(const Scenario& scenario);

}  // namespace netcut
