// SPDX-License-Identifier: Apache-2.0
#include "safety/ledger.h"

#include <algorithm>
#include <set>

#include "safety/deliveries.h"

namespace netcut {
namespace {

using Range = TwinFacts::Range;

// Sizes of one thing differ by what TLS and HTTP/2 add to it, such as the answers to pings.
constexpr std::uint64_t least_slack = 1024;  // bytes
// The signatures in TLS's handshake differ by some bytes; the smallest thing that can be missing, the frame by which HTTP/2
// ends a stream, has 9.
constexpr std::uint64_t jitter = 8;
constexpr double same_size = 1.02;

// What is less than a twin's by no more than this is not told from it.
std::uint64_t slack_of(const Range& range) {
    return std::max({least_slack, 2 * (range.second - range.first), range.first / 50});
}

enum class Size { part, unclear, whole, several };

Size size_of(std::uint64_t bytes, const Range& range) {
    const auto [least, most] = range;
    const std::uint64_t slack = slack_of(range);
    if (bytes >= most + most / 2) return Size::several;
    if (bytes > most + slack) return Size::unclear;
    if (bytes + jitter >= least) return Size::whole;
    return bytes + slack >= least ? Size::unclear : Size::part;
}

Range joined(const Range& a, const Range& b) {
    return {std::min(a.first, b.first), std::max(a.second, b.second)};
}

bool is_one_size(const Range& range) {
    return static_cast<double>(range.second) <= same_size * static_cast<double>(range.first);
}

// The more of them were seen that are alike, the better it is known how they differ: those of all nodes, or of all rounds of a
// node, or of one round.
class Sizes {
  public:
    explicit Sizes(const std::map<std::string, std::vector<Range>>& by_node) : by_node_(by_node) {
        for (const auto& [node, rounds] : by_node)
            for (const Range& one : rounds) all_ = all_ ? joined(*all_, one) : one;
    }
    Range of(const std::string& node, std::size_t round) const {
        const std::vector<Range>& rounds = by_node_.at(node);
        if (is_one_size(*all_)) return *all_;
        Range own = rounds.front();
        for (const Range& one : rounds) own = joined(own, one);
        return is_one_size(own) ? own : rounds[std::min(round, rounds.size() - 1)];
    }

  private:
    const std::map<std::string, std::vector<Range>>& by_node_;
    std::optional<Range> all_;
};

class RoundClock {
  public:
    // The round in which this collaborator takes a model now.
    std::size_t take_model(const std::string& node) {
        if (has_updated_.contains(node)) {
            ++round_;
            has_updated_.clear();
        }
        return of_node_[node] = round_;
    }
    std::size_t round_of(const std::string& node) const {
        const auto found = of_node_.find(node);
        return found == of_node_.end() ? round_ : found->second;
    }
    void take_update(const std::string& node) {
        if (round_of(node) == round_) has_updated_.insert(node);
    }

  private:
    std::size_t round_ = 0;
    std::set<std::string> has_updated_;
    std::map<std::string, std::size_t> of_node_;
};

WireRound& at(WireRounds& rounds, const std::string& node, std::size_t round) {
    auto& of_node = rounds[node];
    if (of_node.size() <= round) of_node.resize(round + 1);
    return of_node[round];
}

Times times_of(const std::vector<std::uint64_t>& sizes, const Range& range) {
    unsigned count = 0;
    for (const std::uint64_t bytes : sizes) {
        const Size size = size_of(bytes, range);
        if (size == Size::unclear || size == Size::several) return {};
        if (size == Size::whole) ++count;
    }
    return count;
}

// A model may come in several parts, each with a size of its own.
Times model_times(const std::vector<std::uint64_t>& sizes, const std::vector<Range>& parts) {
    if (parts.empty()) return {};
    Times least;
    for (const Range& part : parts) {
        unsigned count = 0;
        for (const std::uint64_t bytes : sizes) {
            if (size_of(bytes, part) == Size::unclear) return {};
            if (size_of(bytes, part) == Size::whole) ++count;
        }
        least = least ? std::min(*least, count) : count;
    }
    return least;
}

}  // namespace

WireRounds wire_rounds(const std::vector<SafetyFacts::Delivery>& deliveries,
                       const std::map<std::string, std::uint64_t>& least) {
    std::vector<SafetyFacts::Delivery> sorted = deliveries;
    std::stable_sort(sorted.begin(), sorted.end(),
                     [](const auto& a, const auto& b) { return a.what.from_ns < b.what.from_ns; });
    RoundClock clock;
    WireRounds rounds;
    for (const auto& [node, what] : sorted) {
        if (what.up >= least_delivery) {
            at(rounds, node, clock.round_of(node)).updates.push_back(what.up);
            const auto whole = least.find(node);
            if (what.up >= (whole == least.end() ? least_delivery : whole->second)) clock.take_update(node);
        }
        if (what.down >= least_delivery) at(rounds, node, clock.take_model(node)).models.push_back(what.down);
    }
    // A model that was taken last may be one to be evaluated: a round is one in which something went up.
    std::size_t count = 0;
    for (const auto& [node, of_node] : rounds)
        for (std::size_t i = 0; i < of_node.size(); ++i)
            if (!of_node[i].updates.empty()) count = std::max(count, i + 1);
    for (auto& [node, of_node] : rounds) of_node.resize(count);
    return rounds;
}

Ledger make_ledger(const SafetyFacts& facts, const TwinFacts& twins) {
    if (twins.updates.empty()) return {};
    const Sizes sizes(twins.updates);
    std::map<std::string, std::uint64_t> least;
    for (const auto& [node, ranges] : twins.updates) {
        if (ranges.empty()) return {};
        const Range range = sizes.of(node, 0);
        least[node] = range.first - std::min(range.first, slack_of(range));
    }
    WireRounds rounds = wire_rounds(facts.deliveries, least);
    std::size_t count = 0;
    for (const auto& [node, of_node] : rounds) count = std::max(count, of_node.size());
    Ledger ledger;
    for (const auto& [node, ranges] : twins.updates) {
        auto& of_node = rounds[node];
        of_node.resize(count);
        const auto models = twins.models.find(node);
        for (std::size_t round = 0; round < count; ++round) {
            Delivery& delivery = ledger[node].emplace_back();
            if (facts.deliveries_missed) continue;
            delivery.update = times_of(of_node[round].updates, sizes.of(node, round));
            if (models != twins.models.end())
                delivery.model = model_times(of_node[round].models, models->second);
        }
    }
    return ledger;
}

}  // namespace netcut
