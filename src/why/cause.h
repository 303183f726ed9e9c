// SPDX-License-Identifier: Apache-2.0
//
// Why a run hangs, and what would help: from what its record has, and nothing else. Pure. docs/hangs.md has a section for each cause.
#pragma once

#include <string>
#include <vector>

#include "base/words.h"
#include "record/facts.h"

namespace netcut {

enum class Cause {
    stopped,          // a process was stopped by a signal
    fault_on,         // a fault has not healed
    address_gone,     // a node uses an address that nobody has any more
    node_ended,       // a node has ended, and others wait for it
    reply_given_up,   // the server gave its reply up, and the client never learns
    peer_gone,        // the client is gone silently, and the server waits
    zero_window,      // the other end does not read
    name_server,      // no name server answers
    stale_neighbour,  // packets go to a link address that is not the other end's
    large_packets,    // what is large does not get through, such as a certificate
    resending,        // TCP still tries
    no_socket,        // threads of a node wait for each other
    all_wait,         // everybody waits for somebody else
    retries,          // it goes on trying, in vain
    unknown
};
inline constexpr std::array<EnumWord<Cause>, 15> cause_words = {{
    {Cause::stopped, "stopped"},
    {Cause::fault_on, "fault-on"},
    {Cause::address_gone, "address-gone"},
    {Cause::node_ended, "node-ended"},
    {Cause::reply_given_up, "reply-given-up"},
    {Cause::peer_gone, "peer-gone"},
    {Cause::zero_window, "zero-window"},
    {Cause::name_server, "name-server"},
    {Cause::stale_neighbour, "stale-neighbour"},
    {Cause::large_packets, "large-packets"},
    {Cause::resending, "resending"},
    {Cause::no_socket, "no-socket"},
    {Cause::all_wait, "all-wait"},
    {Cause::retries, "retries"},
    {Cause::unknown, "unknown"},
}};
constexpr const auto& words_of(Cause) {
    return cause_words;
}

struct Explanation {
    Cause cause = Cause::unknown;
    std::string node{}, peer{};  // who waits, and for whom; empty: more than one, or not known
    std::string sentence{};
    std::string remedy{};
    std::vector<std::string> evidence{};
};

// Of a run with a RunProof.
Explanation explain(const Facts& facts);
const char* remedy_of(Cause cause);

}  // namespace netcut
