// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "scenario/fault_kind.h"

namespace netcut {

// By family; each is defined in the source of its name.
std::vector<FaultKind> packet_kinds();
std::vector<FaultKind> link_kinds();
std::vector<FaultKind> loss_kinds();
std::vector<FaultKind> held_kinds();
std::vector<FaultKind> queue_kinds();
std::vector<FaultKind> middlebox_kinds();
std::vector<FaultKind> site_kinds();
std::vector<FaultKind> name_kinds();
std::vector<FaultKind> process_kinds();

}  // namespace netcut
