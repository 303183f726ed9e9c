// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/error.h"
#include "base/json.h"

namespace netcut {

// Failures as application/problem+json (RFC 9457), with the parts of an Error where there is one. Long texts
// are cut off.
struct Problem {
    unsigned status;
    std::string body;
};
Problem problem_of(unsigned status, const std::string& title, const std::string& detail);
Problem problem_of(unsigned status, const Error& error);
Problem problem_of(const Error& error);  // usage: 400, machine: 503, internal: 500
// What the client makes of one.
Error error_of_problem(unsigned status, const std::string& body);

Json error_json(const Error& error);
Error::Kind error_kind_of(const std::string& name);  // an unknown one is `internal`

}  // namespace netcut
