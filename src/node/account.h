// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "netcut/node.h"

namespace netcut {

// What the user database says of a name or a number, whoever asks. A number without an entry is common in
// containers, and good enough.
Result<User> find_account(const std::string& name);

}  // namespace netcut
