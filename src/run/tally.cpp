// SPDX-License-Identifier: Apache-2.0
#include "run/tally.h"

#include <fmt/format.h>

#include <algorithm>

namespace netcut {
namespace {

constexpr std::pair<Conversation::Outcome, const char*> unresolved_outcomes[] = {
    {Conversation::Outcome::stuck, "is stuck"},
    {Conversation::Outcome::half_open, "is half open"},
    {Conversation::Outcome::address_gone, "is bound to an address that it no longer has"},
    {Conversation::Outcome::connected, "was replaced by one that has carried no more than its set-up"},
    {Conversation::Outcome::given_up, "was given up"},
    {Conversation::Outcome::silent, "has carried nothing since"}};

std::string conversation_text(const Conversation& one, const char* what) {
    const std::string peer = one.peer.empty() ? one.remote : fmt::format("{} ({})", one.peer, one.remote);
    return fmt::format("its {} to {} {}", one.udp ? "flow of UDP" : "connection", peer, what);
}

std::string neighbours_text(const Recovery& recovery) {
    if (recovery.unresolved.empty()) return {};
    const UnresolvedNeighbour& first = recovery.unresolved.front();
    std::string text =
        fmt::format(", and {} finds no link address for {} of {}", first.node, first.address, first.peer);
    if (const std::size_t more = recovery.unresolved.size() - 1; more > 0)
        text += fmt::format(" and {} more", more);
    return text;
}

// Datagrams may be lost, and nobody miss them: beside what went on, a flow that is not used any more says nothing.
bool is_of_no_account(const Conversation& one, const Recovery& recovery) {
    return one.udp && recovery.exchanged &&
           (one.outcome == Conversation::Outcome::given_up || one.outcome == Conversation::Outcome::silent);
}

void add_recovery(Tally& tally, const std::string& node, const Recovery& recovery) {
    ++tally.healed;
    if (const auto resumed = recovery.work_resumed())
        tally.work_resumed = std::max(tally.work_resumed.value_or(Nanoseconds(0)), *resumed);
    if (const auto back = recovery.network_back())
        tally.network_back = std::max(tally.network_back.value_or(Nanoseconds(0)), *back);
    const std::string why = unresolved_text(recovery);
    if (why.empty()) return;
    if (tally.silent++ == 0) tally.why_silent = node + ": " + why;
}

}  // namespace

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
        return gave_up && !is_of_no_account(one, *this);
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

std::string unresolved_text(const Recovery& recovery) {
    if (recovery.work_resumed()) return {};
    const std::string neighbours = neighbours_text(recovery);
    for (const auto& [outcome, what] : unresolved_outcomes)
        for (const Conversation& one : recovery.conversations)
            if (one.outcome == outcome && !is_of_no_account(one, recovery))
                return conversation_text(one, what) + neighbours;
    if (!recovery.conversations.empty()) return {};
    if (recovery.network_back()) return "its new connection has carried no more than its set-up" + neighbours;
    return recovery.others == 0 ? "no data went both ways" + neighbours : "";
}

bool has_met(const FaultOutcome& outcome, const std::string& node) {
    const auto losses = outcome.losses.find(node);
    if (losses == outcome.losses.end()) return false;
    const auto recovery = outcome.recovery.find(node);
    return losses->second.total() > 0 || outcome.kind->acts_on_processes() || outcome.renumbered ||
           (recovery != outcome.recovery.end() &&
            (!recovery->second.conversations.empty() || !recovery->second.unresolved.empty()));
}

Tally tally(const Facts& facts) {
    Tally tally;
    std::map<std::string, std::size_t> next_cycle;  // of each fault
    for (auto outcome = facts.outcomes.rbegin(); outcome != facts.outcomes.rend(); ++outcome) {
        for (const auto& [node, losses] : outcome->losses)
            (outcome->queued ? tally.queued : tally.lost) += losses.total();
        tally.of_processes = tally.of_processes || outcome->kind->acts_on_processes();
        if (!outcome->healed && outcome->kind->heals()) ++tally.unhealed;
        // Between two cycles of a flap there may be no time to recover in: what follows the last one counts.
        const bool amid_flap = outcome->cycle > 0 && next_cycle[outcome->fault] == outcome->cycle + 1;
        next_cycle[outcome->fault] = outcome->cycle;
        if (outcome->cycle > 0) ++tally.cycles[outcome->fault];
        for (const auto& [node, recovery] : outcome->recovery) {
            tally.stopped = tally.stopped || !recovery.unresolved.empty() ||
                            recovery.conversations.size() > recovery.count(Conversation::Outcome::went_on);
            if (outcome->renumbered && recovery.sent) tally.renumbered.insert(node);
            if (!amid_flap && outcome->healed && has_met(*outcome, node)) add_recovery(tally, node, recovery);
        }
    }
    if (tally.silent > 0) tally.work_resumed.reset();
    return tally;
}

}  // namespace netcut
