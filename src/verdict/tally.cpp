// SPDX-License-Identifier: Apache-2.0
#include "verdict/tally.h"

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

std::string unresolved_text(const Recovery& recovery) {
    if (recovery.work_resumed()) return {};
    const std::string neighbours = neighbours_text(recovery);
    for (const auto& [outcome, what] : unresolved_outcomes)
        for (const Conversation& one : recovery.conversations)
            if (one.outcome == outcome && !recovery.is_of_no_account(one))
                return conversation_text(one, what) + neighbours;
    if (!recovery.conversations.empty()) return {};
    if (recovery.network_back()) return "its new connection has carried no more than its set-up" + neighbours;
    return recovery.others == 0 ? "no data went both ways" + neighbours : "";
}

bool has_met(const FaultOutcome& outcome, const std::string& node) {
    const auto losses = outcome.losses.find(node);
    if (losses == outcome.losses.end()) return false;
    const auto recovery = outcome.recovery.find(node);
    return losses->second.met() > 0 || outcome.kind->acts_on_processes() || outcome.renumbered ||
           (recovery != outcome.recovery.end() &&
            (!recovery->second.conversations.empty() || !recovery->second.unresolved.empty()));
}

Tally tally(const Facts& facts) {
    Tally tally;
    std::map<std::string, std::size_t> next_cycle;  // of each fault
    for (auto outcome = facts.outcomes.rbegin(); outcome != facts.outcomes.rend(); ++outcome) {
        for (const auto& [node, losses] : outcome->losses) {
            (outcome->queued ? tally.queued : tally.lost) += losses.total();
            tally.rebound += losses.met() - losses.total();
        }
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
