// SPDX-License-Identifier: Apache-2.0
#pragma once

namespace netcut {

// What is watched may take all CPUs: the calling thread, which cuts, heals or measures, runs before it.
// Threads and processes that it starts do not. Without the right to it, or where somebody has chosen a
// niceness, nothing changes.
void take_precedence();

}  // namespace netcut
