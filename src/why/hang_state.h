// SPDX-License-Identifier: Apache-2.0
//
// The state in which a run hangs, in words that are the same in each run that hangs so: to know a hang again. Pure.
#pragma once

#include <map>
#include <set>
#include <string>

#include "base/time.h"
#include "why/proof.h"

namespace netcut {

// "collaborator2 waits for ever in epoll_wait on a connection to aggregator port 50051, which has no trace of it":
// each wait, also "again and again" with a time-out, on a connection that will bring nothing any more: its other end or its own
// address is gone, it has nothing to send, and no timer of TCP's runs. Empty: there is none. `owners`: of addresses;
// `relayed`: nodes that reach others by a proxy alone, of whose connections only the proxy knows what will come.
std::string hang_state(const std::map<std::string, std::string>& owners, const std::set<std::string>& relayed,
                       const WaitsByNode& waits);

// Of all waits that end by themselves the longest that is no longer than `limit`.
Nanoseconds longest_wait(const WaitsByNode& waits, Nanoseconds limit);

// How long a run has to be in a state that is known before it is taken for the same hang: three times as long as any wait
// that ends by itself takes, and so long at least.
inline constexpr int periods_of_known_hang = 3;
inline constexpr Nanoseconds least_time_of_known_hang = std::chrono::seconds(3);

}  // namespace netcut
