// SPDX-License-Identifier: Apache-2.0
//
// When TCP gives a connection up that nobody answers, by what the kernel said of its timer. Pure.
#pragma once

#include "base/time.h"
#include "kernel/wait_facts.h"

namespace netcut {

// From the moment of the facts on, if nothing is ever answered; none: no such timer runs.
std::optional<Nanoseconds> gives_up_in(const ConnectionFacts& connection, const TcpTries& tries = {});

}  // namespace netcut
