// SPDX-License-Identifier: Apache-2.0
//
// Mahimahi's shells (mm-link, mm-delay), beside which links are measured. They are not in Debian 12.
#pragma once

#include "bench/arrivals.h"
#include "bench/program.h"

namespace netcut::bench {

bool has_mahimahi(const std::string& shell);
// What comes out of the shell while netcut_flood runs in it with these arguments, for so long.
std::vector<Arrivals::Arrival> through_mahimahi(Words shell, const Words& arguments, Nanoseconds length);

}  // namespace netcut::bench
