// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/error.h"
#include "user/user.h"

namespace netcut {

// Of root's rights over the machine the broker keeps those that it needs, the daemon none. Nobody of them can
// gain others by executing a program.
Result<void> keep_rights_of_broker();
Result<void> give_up_rights();
// Of root's process alone: it becomes this account for good. Its state folder, and what a daemon of root's has left
// there, is the account's from here on.
Result<void> become_account(const User& account, const std::string& state);
// Leaves the calling thread of the broker what AsUser needs.
void keep_rights_to_be_a_user();

}  // namespace netcut
