// SPDX-License-Identifier: Apache-2.0
//
// What became of a node's connections after a fault.
#pragma once

#include <array>
#include <string>
#include <vector>

#include "base/time.h"
#include "base/words.h"

namespace netcut {

// A connection of a node that met a fault: it lost packets, or one of its ends was given up meanwhile.
struct Conversation {
    enum class Outcome {
        went_on,    // at the heal nothing was left to be sent
        resumed,    // what was left got through, and with a request its answer
        replaced,   // by a new connection to the same peer and port, with data both ways; not only its set-up
        connected,  // there is such a connection, and it has carried no more than its set-up
        given_up,   // the node's program has it no more
        silent,     // of UDP: it has not been tried since the heal
        address_gone,  // the node's program has it, bound to an address that the node no longer has
        half_open,     // the node's program has it, and the other end is gone
        stuck          // both ends have it, and what was left did not get through
    };
    std::string peer;           // the node at the other end; empty: none of the run's
    std::string local, remote;  // "10.99.0.3 port 45678"
    Outcome outcome = Outcome::went_on;
    std::optional<Nanoseconds>
        after;  // since the heal: when it was resumed, or its replacement had data both ways, if that is known

    bool udp = false;  // a flow of datagrams

    bool operator==(const Conversation&) const = default;
};
inline constexpr std::array<EnumWord<Conversation::Outcome>, 9> conversation_words = {{
    {Conversation::Outcome::went_on, "went on"},
    {Conversation::Outcome::resumed, "resumed"},
    {Conversation::Outcome::replaced, "replaced"},
    {Conversation::Outcome::connected, "connected"},
    {Conversation::Outcome::given_up, "given up"},
    {Conversation::Outcome::silent, "silent"},
    {Conversation::Outcome::address_gone, "address gone"},
    {Conversation::Outcome::half_open, "half open"},
    {Conversation::Outcome::stuck, "stuck"},
}};
constexpr const auto& words_of(Conversation::Outcome) {
    return conversation_words;
}

// Who could not find out which link address another has, so that nothing of it left.
struct UnresolvedNeighbour {
    std::string node;     // that asks
    std::string address;  // for this one
    std::string peer;     // which is, or was, of this node; empty: of none

    bool operator==(const UnresolvedNeighbour&) const = default;
};

// Of a node, since the heal. "Data" is new data, in sequence, on connections that the fault could hit and that
// a program has: not what a kernel sends once more for a socket that nobody holds.
struct Recovery {
    std::optional<Nanoseconds> sent, received;     // the first data each way
    std::optional<Nanoseconds> next_round = {};    // its progress came to another round
    std::vector<Conversation> conversations = {};  // the worst and slowest of those that met the fault
    std::size_t others = 0;                        // connections that did not
    bool exchanged = false;      // data went both ways since the firing, on any of its connections
    Nanoseconds largest_gap{0};  // between two looks at its sockets
    std::vector<UnresolvedNeighbour> unresolved = {};  // at the last look: of the node, or of others about it
    std::optional<Nanoseconds> worked = {};  // both ways, on any of them: of a new connection not its set-up

    std::optional<Nanoseconds> network_back() const;  // data both ways
    // What the fault had stopped went on: the last of the conversations, or the next round, whatever is first.
    std::optional<Nanoseconds> work_resumed() const;
    bool has_given_up() const;  // some of them, and nothing else tells that work went on
    // A flow of UDP that is not used any more, beside others that are.
    bool is_of_no_account(const Conversation& one) const;
    // Conversations of these kinds.
    std::size_t count(Conversation::Outcome outcome) const;
};

}  // namespace netcut
