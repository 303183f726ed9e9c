// SPDX-License-Identifier: Apache-2.0
#include "base/thread.h"

#include <ctime>
#include <system_error>

namespace netcut {
namespace {

constexpr const char* hint =
    "raise the limit on processes (ulimit -u), or end some: a node may have started very many";

}  // namespace

Result<std::thread> start_thread(const std::string& what, std::function<void()> work) {
    try {
        return std::thread(std::move(work));
    } catch (const std::system_error& error) {
        return system_failure("start a thread to " + what, error.code().value(), hint);
    }
}

Nanoseconds thread_cpu_time() {
    timespec time{};
    ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
    return std::chrono::seconds(time.tv_sec) + Nanoseconds(time.tv_nsec);
}

}  // namespace netcut
