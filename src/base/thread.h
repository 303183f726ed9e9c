// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <thread>

#include "base/error.h"
#include "base/time.h"

namespace netcut {

// As the constructor of std::thread, but no room for a thread is an error and not an exception: a node of the
// same user may have taken all of it. `what` the thread does: "sample the phases".
Result<std::thread> start_thread(const std::string& what, std::function<void()> work);

// Which the thread that asks has used: what a piece of work costs, also while the thread waits for a CPU.
Nanoseconds thread_cpu_time();

}  // namespace netcut
