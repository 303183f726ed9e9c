// SPDX-License-Identifier: Apache-2.0
#include "node/limits.h"

#include <sys/resource.h>

namespace netcut {

const SoftLimits& raise_limits() {
    const auto raise = [](__rlimit_resource resource) {
        rlimit limit{};
        ::getrlimit(resource, &limit);
        const rlimit raised{limit.rlim_max, limit.rlim_max};
        ::setrlimit(resource, &raised);
        return static_cast<std::uint64_t>(limit.rlim_cur);
    };
    static const SoftLimits before{raise(RLIMIT_NOFILE), raise(RLIMIT_NPROC)};
    return before;
}

}  // namespace netcut
