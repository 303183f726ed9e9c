// SPDX-License-Identifier: Apache-2.0
#pragma once

namespace netcut {

// What is watched may take all CPUs: this thread (0: the calling one), which cuts, heals or measures, runs before
// it. Threads and processes that it starts do not. Where somebody has chosen a niceness nothing changes. False, and
// errno, without the right to it.
bool take_precedence(int thread = 0);

}  // namespace netcut
