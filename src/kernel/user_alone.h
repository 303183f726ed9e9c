// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>

#include "base/error.h"
#include "kernel/keeper.h"

namespace netcut {

// Root's: this process becomes the user, in a new user namespace in which there is nobody else. It has capabilities
// over what it makes there and none over the machine, is filtered as every run is, and hands that down to what
// it executes. The user's other processes cannot look into it. To be called while there is one thread; there is
// no way back. What is returned keeps what such a process lacks, for as long as it lives; nothing: the machine
// lets not even root make a user namespace, and all is as it was.
Result<std::optional<Keeper>> become_user_alone(const Ids& user);

}  // namespace netcut
