// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "netcut/base.h"

namespace netcut {

// Of root's rights over the machine the broker keeps those that it needs, the daemon none. Nobody of them can
// gain others by executing a program.
Result<void> keep_rights_of_broker();
Result<void> give_up_rights();
// Leaves the calling thread of the broker what AsUser needs.
void keep_rights_to_be_a_user();

}  // namespace netcut
