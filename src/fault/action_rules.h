// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "fault/fault_rules.h"
#include "fault/plan.h"

namespace netcut {

// What is done, at the end of fN_up or fN_down; `part` says which.
void add_action(const FaultContext& fault, Direction part);
void add_loss_numbers(const FaultContext& fault, Direction part);  // they begin at 1

}  // namespace netcut
