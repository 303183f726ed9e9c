// SPDX-License-Identifier: Apache-2.0
#include "base/exception.h"

#include <boost/system/system_error.hpp>
#include <cerrno>
#include <new>
#include <system_error>

namespace netcut {
namespace {

// errno, if it carries one.
int code_of(const std::exception& thrown) {
    if (dynamic_cast<const std::bad_alloc*>(&thrown) != nullptr) return ENOMEM;
    if (const auto* error = dynamic_cast<const std::system_error*>(&thrown))
        return error->code().category() == std::generic_category() ||
                       error->code().category() == std::system_category()
                   ? error->code().value()
                   : 0;
    if (const auto* error = dynamic_cast<const boost::system::system_error*>(&thrown))
        return error->code().category() == boost::system::system_category() ? error->code().value() : 0;
    return 0;
}

}  // namespace

Error error_of(const std::exception& thrown) {
    const int code = code_of(thrown);
    switch (code) {
        case ENOMEM:
        case EAGAIN:
        case EMFILE:
        case ENFILE:
        case ENOSPC:
            return system_failure("go on", code, "see the limits of this user: ulimit -a").value();
        default:
            return Error{Error::Kind::internal, "go on", code, thrown.what(),
                         "an internal error; please report it"};
    }
}

}  // namespace netcut
