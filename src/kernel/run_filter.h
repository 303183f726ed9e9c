// SPDX-License-Identifier: Apache-2.0
#pragma once

namespace netcut {

// What is executed from here on, worker, first processes and nodes, cannot ask the kernel for what only those
// with rights over the machine may do: modules, another kernel, its clock, its swap, its ports. A run has no
// such right anyway, so that no program misses anything; a defect of the kernel in these calls is out of reach.
// nullptr, or what was attempted when errno is set.
const char* filter_calls_of_run();

}  // namespace netcut
