// SPDX-License-Identifier: Apache-2.0
#pragma once

namespace netcut::cli {

// `netcut-fl faults`: what there is, with an example of each.
int faults_command();
// `netcut-fl doctor`: what this kernel and this user can do, fault by fault, and why not.
int doctor_command(bool json);

}  // namespace netcut::cli
