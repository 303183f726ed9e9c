// SPDX-License-Identifier: Apache-2.0
#include "base/error.h"

#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace netcut {

std::string Error::text() const {
    const std::string why = !reason.empty() ? reason : code != 0 ? std::strerror(code) : "unknown reason";
    std::string result = fmt::format("cannot {}: {}", attempt, why);
    if (!hint.empty()) result += fmt::format(" ({})", hint);
    if (!excerpt.empty()) result += "\n" + excerpt;
    return result;
}

Failure system_failure(std::string attempt, std::string hint) {
    return system_failure(std::move(attempt), errno, std::move(hint));
}

Failure system_failure(std::string attempt, int code, std::string hint) {
    if (hint.empty() && code == EPERM && ::geteuid() != 0) hint = "run it with sudo, or as root";
    return Failure(
        Error{Error::Kind::machine, std::move(attempt), code, std::strerror(code), std::move(hint)});
}

Failure usage_failure(std::string attempt, std::string reason, std::string hint) {
    return Failure(Error{Error::Kind::usage, std::move(attempt), 0, std::move(reason), std::move(hint)});
}

}  // namespace netcut
