// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "fabric/fabric.h"
#include "fault/plan.h"
#include "kernel/nftables.h"

namespace netcut {

bool rebinds(const FaultPlan& plan);
// The chains of all that give flows another port, if any does.
void add_rebindings(NftTransaction& transaction, const Fabric& fabric, const std::vector<FaultPlan>& plans,
                    std::optional<std::uint32_t> logged_losses);

}  // namespace netcut
