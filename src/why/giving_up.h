// SPDX-License-Identifier: Apache-2.0
//
// When TCP gives a connection up that nobody answers, by what the kernel said of its timer. Pure.
#pragma once

#include "base/time.h"
#include "kernel/wait_facts.h"

namespace netcut {

// How often TCP tries, as a network namespace begins (ip-sysctl.rst).
struct TcpTries {
    unsigned retries = 15;      // tcp_retries2
    unsigned syn_retries = 6;   // tcp_syn_retries
    unsigned syn_linear = 4;    // tcp_syn_linear_timeouts, which a kernel before 6.5 lacks
    unsigned syn_answers = 5;   // tcp_synack_retries
    unsigned orphan_tries = 8;  // tcp_orphan_retries 0
};

// From the moment of the facts on, if nothing is ever answered; none: no such timer runs.
std::optional<Nanoseconds> gives_up_in(const ConnectionFacts& connection, const TcpTries& tries = {});

}  // namespace netcut
