// SPDX-License-Identifier: Apache-2.0
//
// A benchmark that cannot do its work has nothing to tell: every failure ends it with an exception.
#pragma once

#include <cerrno>
#include <stdexcept>
#include <system_error>

#include "base/error.h"

namespace netcut::bench {

template <typename T>
T must(Result<T> result) {
    if (!result) throw std::runtime_error(result.error().text());
    if constexpr (!std::is_void_v<T>) return std::move(*result);
}

// The value of a system call that did not fail.
template <typename T>
T must(T value, const char* attempt) {
    if (value < 0) throw std::system_error(errno, std::generic_category(), attempt);
    return value;
}

}  // namespace netcut::bench
