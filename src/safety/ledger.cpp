// SPDX-License-Identifier: Apache-2.0
#include "safety/ledger.h"

#include <algorithm>
#include <set>
#include <tuple>

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
    explicit Sizes(std::map<std::string, std::vector<Range>> by_node) : by_node_(std::move(by_node)) {
        for (const auto& [node, rounds] : by_node_)
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
    const std::map<std::string, std::vector<Range>> by_node_;
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

// An update or a model, and when it began.
struct Transfer {
    Nanoseconds time;
    std::string node;
    std::uint64_t bytes;
    bool is_update;
};

// In the order in which they began. The model that comes after an update, in one exchange, may come much later.
std::vector<Transfer> transfers_of(const std::vector<SafetyFacts::Delivery>& deliveries) {
    std::vector<Transfer> all;
    for (const auto& [node, what] : deliveries) {
        const bool has_update = what.up >= least_delivery;
        if (has_update) all.push_back({what.from_ns, node, what.up, true});
        if (what.down >= least_delivery)
            all.push_back(
                {has_update ? std::max(what.from_ns, what.down_ns) : what.from_ns, node, what.down, false});
    }
    std::stable_sort(all.begin(), all.end(),
                     [](const Transfer& a, const Transfer& b) { return a.time < b.time; });
    return all;
}

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

// Whether this was over before the first fault, or no fault was one of this node or of the aggregator.
bool is_undisturbed(const Facts& facts, const SafetyFacts::Delivery& delivery) {
    return std::all_of(facts.outcomes.begin(), facts.outcomes.end(), [&](const FaultOutcome& fault) {
        return delivery.what.to_ns < fault.fired ||
               (!fault.losses.contains(delivery.node) && !fault.losses.contains(aggregator_name));
    });
}

// An update that is a little smaller than any in the twins is whole if its sender has closed the connection and all that it had
// sent was delivered: nothing of it was lost.
void round_up_complete(std::vector<SafetyFacts::Delivery>& deliveries, const Sizes& sizes,
                       const std::map<std::string, std::vector<Range>>& known) {
    std::map<std::tuple<std::string, std::uint16_t, std::uint16_t>, event::Delivered*> last;
    for (auto& [node, what] : deliveries) {
        event::Delivered*& before = last[{node, what.local_port, what.port}];
        if (what.up + what.down > 0) {
            before = &what;
        } else if (before != nullptr && known.contains(node)) {
            const Range range = sizes.of(node, 0);
            if (before->up < range.first && size_of(before->up, range) == Size::unclear)
                before->up = range.first;
        }
    }
}

// What twins have shown, and what was not disturbed in the run itself: there are few twins, and what gRPC adds of its own comes
// in steps of some 20 bytes.
std::map<std::string, std::vector<Range>> updates_seen(const Facts& facts,
                                                       std::map<std::string, std::vector<Range>> updates) {
    for (const SafetyFacts::Delivery& one : facts.safety.deliveries) {
        const auto node = updates.find(one.node);
        if (node == updates.end() || !is_undisturbed(facts, one)) continue;
        for (Range& range : node->second)
            if (one.what.up < range.first && size_of(one.what.up, range) == Size::unclear)
                range.first = one.what.up;
    }
    return updates;
}

}  // namespace

WireRounds wire_rounds(const std::vector<SafetyFacts::Delivery>& deliveries,
                       const std::map<std::string, std::uint64_t>& least) {
    RoundClock clock;
    WireRounds rounds;
    for (const auto& [time, node, bytes, is_update] : transfers_of(deliveries)) {
        if (!is_update) {
            at(rounds, node, clock.take_model(node)).models.push_back(bytes);
            continue;
        }
        at(rounds, node, clock.round_of(node)).updates.push_back(bytes);
        const auto whole = least.find(node);
        if (bytes >= (whole == least.end() ? least_delivery : whole->second)) clock.take_update(node);
    }
    // A model that was taken last may be one to be evaluated: a round is one in which something went up.
    std::size_t count = 0;
    for (const auto& [node, of_node] : rounds)
        for (std::size_t i = 0; i < of_node.size(); ++i)
            if (!of_node[i].updates.empty()) count = std::max(count, i + 1);
    for (auto& [node, of_node] : rounds) of_node.resize(count);
    return rounds;
}

Ledger make_ledger(const Facts& all, const TwinFacts& twins) {
    if (twins.updates.empty()) return {};
    const SafetyFacts& facts = all.safety;
    const Sizes sizes(updates_seen(all, twins.updates));
    std::map<std::string, std::uint64_t> least;
    for (const auto& [node, ranges] : twins.updates) {
        if (ranges.empty()) return {};
        const Range range = sizes.of(node, 0);
        least[node] = range.first - std::min(range.first, slack_of(range));
    }
    std::vector<SafetyFacts::Delivery> deliveries = facts.deliveries;
    round_up_complete(deliveries, sizes, twins.updates);
    WireRounds rounds = wire_rounds(deliveries, least);
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
