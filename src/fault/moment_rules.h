// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>

#include "fault/fault_rules.h"

namespace netcut {

void add_moment_entry(const FaultContext& fault);  // at the beginning of fN
// The peer has addresses that it did not have.
void add_addresses_of_watched(const FaultContext& fault, std::size_t peer);
void add_moment_chain(const FaultContext& fault);
void add_moment_rules(const FaultContext& fault);   // its counters begin at nothing
void add_moment_memory(const FaultContext& fault);  // at the beginning of fN_on
void add_port_filter(const FaultContext& fault, const std::string& chain, std::uint16_t port,
                     const std::string& otherwise);

}  // namespace netcut
