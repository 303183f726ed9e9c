// SPDX-License-Identifier: Apache-2.0
//
// What happens next by itself, and when, if nobody answers and nobody does anything. Pure.
#pragma once

#include <array>
#include <optional>
#include <string>
#include <vector>

#include "base/time.h"
#include "base/words.h"
#include "record/facts.h"

namespace netcut {

enum class ForeseenKind {
    wait_ends,      // of a thread, by its time-out
    sends_again,    // TCP, what was not acknowledged
    gives_up,       // TCP, and its program is told
    probes,         // a keepalive asks whether the other end is there
    asks_for_room,  // a window that is full
};
inline constexpr std::array<EnumWord<ForeseenKind>, 5> foreseen_words = {{
    {ForeseenKind::wait_ends, "wait-ends"},
    {ForeseenKind::sends_again, "sends-again"},
    {ForeseenKind::gives_up, "gives-up"},
    {ForeseenKind::probes, "probes"},
    {ForeseenKind::asks_for_room, "asks-for-room"},
}};
constexpr const auto& words_of(ForeseenKind) {
    return foreseen_words;
}

struct Foreseen {
    ForeseenKind kind = ForeseenKind::wait_ends;
    std::string node{};
    std::string what{};                       // the thread or the connection
    Nanoseconds in{0};                        // from when the nodes were looked at; of a wait at most
    std::optional<Nanoseconds> after_heal{};  // of the last fault that healed
};

inline constexpr std::size_t most_foreseen = 32;

// Of each node the first of each kind, in the order of their times; of waits, the first that takes a second at least. Of a
// run with a RunProof; waits are left out first where there are more than most_foreseen.
std::vector<Foreseen> foresee(const Facts& facts);

// "collaborator2: TCP gives 10.99.0.3 40000 - 10.99.0.2 9000 up in 869.0 s, 929.8 s after the heal"
std::string text_of(const Foreseen& foreseen);

}  // namespace netcut
