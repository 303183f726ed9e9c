// SPDX-License-Identifier: Apache-2.0
//
// From root to the user, in a user namespace of the user's. Every function returns nullptr, or what it
// attempted when errno is set.
#pragma once

#include "options.h"

namespace netcut::launch {

// The user's ids; the rights over the machine that the next step needs stay until then.
const char* become_user(const Options& options);
// A user namespace that is the user's, in which only the user's own ids are mapped, each to itself. From here
// on this process has rights over what is made in it, and no others.
const char* enter_user_namespace(const Options& options);
// What is executed has the same rights, and cannot gain more.
const char* let_program_inherit();

}  // namespace netcut::launch
