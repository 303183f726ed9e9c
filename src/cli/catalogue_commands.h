// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

namespace netcut::cli {

// `netcut-fl faults [KIND]`: what there is, with an example of each; or the keys of one.
int faults_command(const std::string& kind);
// `netcut-fl doctor`: what this kernel and this user can do, fault by fault, and why not.
int doctor_command(bool json);

}  // namespace netcut::cli
