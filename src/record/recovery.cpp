// SPDX-License-Identifier: Apache-2.0
#include "record/recovery.h"

#include <algorithm>

namespace netcut {

std::optional<Nanoseconds> Recovery::network_back() const {
    if (!sent || !received) return {};
    return std::max(*sent, *received);
}

std::size_t Recovery::count(Conversation::Outcome outcome) const {
    return static_cast<std::size_t>(
        std::count_if(conversations.begin(), conversations.end(),
                      [outcome](const Conversation& one) { return one.outcome == outcome; }));
}

bool Recovery::has_given_up() const {
    return std::any_of(conversations.begin(), conversations.end(), [this](const Conversation& one) {
        const bool gave_up =
            one.outcome == Conversation::Outcome::given_up || one.outcome == Conversation::Outcome::silent;
        return gave_up && !is_of_no_account(one);
    });
}

std::optional<Nanoseconds> Recovery::work_resumed() const {
    using Outcome = Conversation::Outcome;
    std::optional<Nanoseconds> last;
    for (const Conversation& one : conversations)
        if (one.after) last = std::max(last.value_or(Nanoseconds(0)), *one.after);
    const bool when_is_unclear = std::any_of(conversations.begin(), conversations.end(), [](const auto& one) {
        return one.outcome == Outcome::replaced && !one.after;
    });
    if (count(Outcome::stuck) + count(Outcome::half_open) + count(Outcome::address_gone) +
                count(Outcome::connected) >
            0 ||
        when_is_unclear)
        last.reset();
    else if (!last && !has_given_up())
        last = worked;  // nothing was left to be sent
    if (next_round) last = std::min(last.value_or(*next_round), *next_round);
    return last;
}

// Datagrams may be lost, and nobody miss them: beside what went on, such a flow says nothing.
bool Recovery::is_of_no_account(const Conversation& one) const {
    return one.udp && exchanged &&
           (one.outcome == Conversation::Outcome::given_up || one.outcome == Conversation::Outcome::silent);
}

}  // namespace netcut
