// SPDX-License-Identifier: Apache-2.0
#include "record/counting.h"

namespace netcut {

RoundCount& Counting::at(const std::string& round) {
    const auto [found, is_new] = numbers_.try_emplace(round, rounds_.size());
    if (is_new) rounds_.emplace_back().round = round;
    return rounds_[found->second];
}

void Counting::take(const event::Counted& counted) {
    if (is_full_) return;
    if (counted.rounds) announced_ = counted.rounds;
    if (counted.kind == CountedKind::planned) return;
    const std::string name = counted.round.empty() ? current_ : counted.round;
    if (counted.kind == CountedKind::begun || counted.kind == CountedKind::averaged ||
        counted.kind == CountedKind::total)
        current_ = name;
    RoundCount& round = at(name);
    switch (counted.kind) {
        case CountedKind::planned:
            return;
        case CountedKind::begun:
            // One that is begun anew before it was done is counted anew.
            if (round.begun++ > 0 && round.done == 0) round.updates.clear();
            return;
        case CountedKind::done:
            ++round.done;
            return;
        case CountedKind::total:
            if (counted.results) round.results = counted.results;
            if (counted.failures) round.failures = counted.failures;
            if (counted.wanted) round.wanted = counted.wanted;
            return;
        case CountedKind::refused:
            ++round.updates[counted.member].refused;
            return;
        case CountedKind::late:
            ++round.updates[counted.member].late;
            return;
        case CountedKind::averaged:
            break;
    }
    UpdateCount& update = round.updates[counted.member];
    ++update.averaged;
    if (counted.samples) update.samples = counted.samples;
    if (!counted.base.empty()) update.base = counted.base;
    if (!counted.received || !counted.whole) return;
    update.in_part = update.in_part || *counted.received < *counted.whole;
    update.received = *counted.received;
    update.whole = *counted.whole;
}

}  // namespace netcut
