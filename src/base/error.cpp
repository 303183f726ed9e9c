// SPDX-License-Identifier: Apache-2.0
#include "base/error.h"

#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace netcut {

std::string Place::text() const {
    return line == 0 ? file : fmt::format("{}:{}:{}", file, line, column);
}

std::string Error::why() const {
    const std::string what = !reason.empty() ? reason : code != 0 ? std::strerror(code) : "unknown reason";
    return place.file.empty() ? what : fmt::format("{}: {}", place.text(), what);
}

std::string Error::text() const {
    std::string result = fmt::format("cannot {}: {}", attempt, why());
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

Failure machine_failure(std::string attempt, std::string reason, std::string hint) {
    return Failure(Error{Error::Kind::machine, std::move(attempt), 0, std::move(reason), std::move(hint)});
}

Failure internal_failure(std::string attempt, std::string reason, std::string hint) {
    return Failure(Error{Error::Kind::internal, std::move(attempt), 0, std::move(reason), std::move(hint)});
}

Failure usage_failure(std::string attempt, std::string reason, std::string hint, Mistake mistake) {
    Error error{Error::Kind::usage, std::move(attempt), 0, std::move(reason), std::move(hint)};
    error.mistake = mistake;
    return Failure(std::move(error));
}

}  // namespace netcut
