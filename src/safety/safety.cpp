// SPDX-License-Identifier: Apache-2.0
#include "safety/safety.h"

#include <fmt/format.h>

#include <algorithm>

#include "safety/ledger.h"
#include "safety/model_judge.h"

namespace netcut {
namespace {

constexpr std::size_t most_findings = 1000;

std::string times_text(unsigned times) {
    return times == 1 ? "once" : times == 2 ? "twice" : fmt::format("{} times", times);
}

// Compares what the application says of whose updates it counted with what was to be, and with the wire.
class CountJudge {
  public:
    CountJudge(const Facts& facts, const Scenario& scenario, Safety& safety)
        : facts_(facts),
          scenario_(scenario),
          counting_(facts.safety.counting),
          ledger_(make_ledger(facts, scenario.twins)),
          safety_(safety) {
        for (unsigned i = 1; i <= scenario.collaborators; ++i) safety.nodes.push_back(collaborator_name(i));
    }

    void judge() {
        name_rounds();
        for (std::size_t i = 0; i < safety_.rounds.size(); ++i) safety_.grid.push_back(row_of(i));
        if (scenario_.counted.any()) judge_counting();
        judge_wire();
    }

  private:
    // Rounds have the application's names, or numbers if it does not name them.
    void name_rounds() {
        for (const RoundCount& round : counting_.rounds()) safety_.rounds.push_back(round.round);
        std::size_t on_wire = 0;
        for (const auto& [node, rounds] : ledger_) on_wire = std::max(on_wire, rounds.size());
        if (safety_.rounds.empty())
            for (std::size_t i = 0; i < on_wire; ++i) safety_.rounds.push_back(std::to_string(i + 1));
        // Which is which cannot be told.
        wire_is_clear_ = on_wire <= safety_.rounds.size();
        if (!wire_is_clear_)
            safety_.unjudged.push_back(
                fmt::format("delivered: the wire has {} rounds, and the application names {}", on_wire,
                            safety_.rounds.size()));
    }

    std::vector<SafetyCell> row_of(std::size_t round) const {
        std::vector<SafetyCell> row(safety_.nodes.size());
        for (std::size_t node = 0; node < row.size(); ++node) {
            if (const auto known = ledger_.find(safety_.nodes[node]);
                wire_is_clear_ && known != ledger_.end() && round < known->second.size()) {
                row[node].delivered = known->second[round].update;
                row[node].model_delivered = known->second[round].model;
            }
            if (round >= counting_.rounds().size() || !tells_nodes()) continue;
            const auto& updates = counting_.rounds()[round].updates;
            const auto update = updates.find(safety_.nodes[node]);
            const unsigned averaged = update == updates.end() ? 0 : update->second.averaged;
            row[node].counted = scenario_.counted.keyed ? std::min(averaged, 1U) : averaged;
        }
        return row;
    }

    bool tells_nodes() const { return scenario_.counted.patterns.contains(CountedKind::averaged); }

    void judge_counting() {
        if (counting_.is_full())
            return safety_.unjudged.push_back("counted: there were more lines of it than are noted");
        if (counting_.empty()) return safety_.unjudged.push_back("counted: no line told of an update");
        tell_what_is_known();
        for (std::size_t i = 0; i < counting_.rounds().size(); ++i) judge_round(i);
        judge_number_of_rounds();
    }

    // Lines that only tell of rounds can show what is wrong, and not that all is right.
    void tell_what_is_known() {
        const auto& rounds = counting_.rounds();
        const bool each = std::any_of(rounds.begin(), rounds.end(), [](const RoundCount& round) {
            return std::any_of(round.updates.begin(), round.updates.end(),
                               [](const auto& one) { return one.second.averaged > 0; });
        });
        const bool totals = std::any_of(rounds.begin(), rounds.end(),
                                        [](const RoundCount& round) { return round.results.has_value(); });
        if (!each && !totals) return safety_.unjudged.push_back("counted: no line told of an update");
        safety_.judged.emplace_back(each ? "counted" : "number counted");
        safety_.counted_is_known = true;
        safety_.only_number_is_known = !each;
    }

    // Later rounds were begun, or it was said that it is done.
    bool went_on(std::size_t round) const {
        return counting_.rounds()[round].done > 0 || round + 1 < counting_.rounds().size();
    }

    void judge_round(std::size_t index) {
        const RoundCount& round = counting_.rounds()[index];
        if (round.done > 1)
            find(FindingKind::round_twice, index, "",
                 fmt::format("round {} was done {}", round.round, times_text(round.done)));
        for (const auto& [node, update] : round.updates) judge_update(index, node, update);
        if (!went_on(index)) return;
        for (const std::string& node : wanted_in(round.round))
            if (const auto found = round.updates.find(node);
                found == round.updates.end() || found->second.averaged == 0)
                find(FindingKind::not_counted, index, node,
                     fmt::format(
                         "round {} went on without {} ({})", round.round, node,
                         why_not(index, node, found == round.updates.end() ? UpdateCount{} : found->second)));
        judge_results(index, round);
    }

    // Who is to be counted, as far as it is known.
    std::vector<std::string> wanted_in(const std::string& round) const {
        if (!tells_nodes()) return {};
        if (scenario_.counted.everyone) return safety_.nodes;
        const auto known = scenario_.twins.members.find(round);
        return known == scenario_.twins.members.end() ? std::vector<std::string>() : known->second;
    }

    std::optional<unsigned> delivered(std::size_t round, const std::string& node) const {
        const auto place = std::find(safety_.nodes.begin(), safety_.nodes.end(), node);
        if (place == safety_.nodes.end()) return {};
        return safety_.grid[round][static_cast<std::size_t>(place - safety_.nodes.begin())].delivered;
    }

    std::string why_not(std::size_t round, const std::string& node, const UpdateCount& update) const {
        const auto times = delivered(round, node);
        std::string text = !times ? "" : *times == 0 ? "not delivered" : "delivered, ";
        if (times && *times == 0) return text;
        return text + (update.late > 0 ? "late" : update.refused > 0 ? "refused" : "not counted");
    }

    void judge_update(std::size_t index, const std::string& node, const UpdateCount& update) {
        const std::string& round = counting_.rounds()[index].round;
        const std::string whose = fmt::format("{}'s update of round {}", node, round);
        const auto times = delivered(index, node);
        if (update.averaged > 1 && !scenario_.counted.keyed)
            find(FindingKind::counted_twice, index, node,
                 fmt::format("{} counted {}{}", whose, times_text(update.averaged),
                             times ? fmt::format(" (delivered {})", times_text(*times)) : ""));
        if (update.in_part)
            find(FindingKind::counted_in_part, index, node,
                 fmt::format("{} counted in part ({} of {} bytes)", whose, update.received, update.whole));
        else if (update.averaged > 0 && times && *times == 0)
            find(FindingKind::counted_undelivered, index, node,
                 fmt::format("{} counted, and delivered in part", whose));
        if (!update.base.empty() && update.base != round)
            find(FindingKind::stale, index, node,
                 fmt::format("{} was trained from the model of round {}", whose, update.base));
        const auto known = scenario_.twins.samples.find(node);
        if (update.samples && known != scenario_.twins.samples.end() && *update.samples != known->second)
            find(FindingKind::samples, index, node,
                 fmt::format("{} counted with {} samples, twins {}", whose, *update.samples, known->second));
    }

    void judge_results(std::size_t index, const RoundCount& round) {
        if (!round.results) return;
        TwinFacts::Range range{0, UINT64_MAX};
        if (scenario_.counted.everyone) range = {scenario_.collaborators, scenario_.collaborators};
        if (round.wanted) range = {*round.wanted, *round.wanted};
        if (const auto known = scenario_.twins.results.find(round.round);
            known != scenario_.twins.results.end())
            range = known->second;
        const bool few = *round.results<range.first, many = *round.results> range.second;
        if (few || many)
            find(few ? FindingKind::too_few : FindingKind::too_many, index, "",
                 fmt::format("round {} counted {} of {} updates", round.round, *round.results,
                             few ? range.first : range.second));
    }

    void judge_number_of_rounds() {
        std::uint64_t wanted = counting_.announced().value_or(0);
        if (wanted == 0) wanted = scenario_.twins.rounds;
        const bool tells = scenario_.counted.patterns.contains(CountedKind::done);
        if (wanted == 0 || !tells)
            return safety_.unjudged.push_back(
                "rounds: nothing tells how many there are to be, or which are done");
        const auto done =
            static_cast<std::uint64_t>(std::count_if(counting_.rounds().begin(), counting_.rounds().end(),
                                                     [](const RoundCount& round) { return round.done > 0; }));
        if (done < wanted)
            safety_.findings.push_back(
                {FindingKind::rounds_missing, {}, {}, fmt::format("rounds {} of {}", done, wanted)});
    }

    // Without words of the application: a round went on without an update that was never delivered.
    void judge_wire() {
        if (ledger_.empty() || !wire_is_clear_) return;
        if (facts_.safety.deliveries_missed)
            return safety_.unjudged.push_back("delivered: packets that would show it were not seen");
        safety_.judged.emplace_back("delivered");
        if (safety_.counted_is_known && tells_nodes()) return;
        for (std::size_t round = 0; round + 1 < safety_.grid.size(); ++round)
            for (std::size_t node = 0; node < safety_.nodes.size(); ++node)
                if (safety_.grid[round][node].delivered == 0U && !safety_.grid[round][node].finding)
                    find(FindingKind::not_counted, round, safety_.nodes[node],
                         fmt::format("round {} went on without {} (not delivered)", safety_.rounds[round],
                                     safety_.nodes[node]));
    }

    void find(FindingKind kind, std::size_t round, const std::string& node, std::string text) {
        if (safety_.findings.size() < most_findings)
            safety_.findings.push_back({kind, safety_.rounds[round], node, std::move(text)});
        const auto place = std::find(safety_.nodes.begin(), safety_.nodes.end(), node);
        if (place == safety_.nodes.end()) return;
        auto& cell = safety_.grid[round][static_cast<std::size_t>(place - safety_.nodes.begin())];
        if (!cell.finding) cell.finding = kind;
    }

    const Facts& facts_;
    const Scenario& scenario_;
    const Counting& counting_;
    const Ledger ledger_;
    bool wire_is_clear_ = true;
    Safety& safety_;
};

}  // namespace

namespace {

// The aggregator was never ready: no collaborator was started.
bool never_began(const Facts& facts) {
    return std::none_of(facts.nodes.begin(), facts.nodes.end(),
                        [](const NodeOutcome& node) { return node.started && node.name != aggregator_name; });
}

}  // namespace

Safety judge_safety(const Facts& facts, const Scenario& scenario) {
    Safety safety;
    safety.asked = scenario.counted.any() || scenario.model.any() || scenario.twins.any();
    safety.asked = safety.asked || scenario.safety;
    safety.decides = scenario.safety;
    if (!safety.asked) return safety;
    CountJudge(facts, scenario, safety).judge();
    judge_model(facts, scenario, safety);
    if (never_began(facts) || facts.end == EndReason::failed || facts.end == EndReason::interrupted) {
        safety.findings.clear();
        safety.judged.clear();
        safety.unjudged = {never_began(facts) ? "no collaborator was started"
                                              : "the run did not come to its end"};
        safety.counted_is_known = safety.model_is_known = false;
    }
    safety.word = !safety.findings.empty() ? SafetyWord::but
                  : safety.judged.empty()  ? SafetyWord::unknown
                  : scenario.twins.any()   ? SafetyWord::as_undisturbed
                                           : SafetyWord::counted_once;
    return safety;
}

std::string Safety::text() const {
    constexpr std::size_t most_told = 5;
    if (word == SafetyWord::unknown)
        return unjudged.empty() ? "unknown" : fmt::format("unknown: {}", fmt::join(unjudged, "; "));
    if (word == SafetyWord::as_undisturbed)
        return fmt::format("as undisturbed ({})", fmt::join(judged, ", "));
    if (word == SafetyWord::counted_once)
        return fmt::format("{}; not compared with an undisturbed run (--twins 3)",
                           only_number_is_known
                               ? "updates are as many as they should be; only their number was judged"
                               : "every update counted once");
    std::string text = "but: ";
    for (std::size_t i = 0; i < findings.size() && i < most_told; ++i)
        text += (i > 0 ? "; " : "") + findings[i].text;
    if (findings.size() > most_told) text += fmt::format("; and {} more", findings.size() - most_told);
    return text;
}

}  // namespace netcut
