// SPDX-License-Identifier: Apache-2.0
#include "safety/twins.h"

#include <algorithm>

#include "safety/ledger.h"

namespace netcut {
namespace {

using Range = TwinFacts::Range;

// The parts of a model must be told apart by their size.
constexpr double apart = 1.6;

void widen(std::optional<Range>& range, std::uint64_t value) {
    range =
        range ? Range{std::min(range->first, value), std::max(range->second, value)} : Range{value, value};
}

// Each run's updates of a node, one in each round; else nothing is known of them.
std::vector<Range> update_ranges(const std::vector<WireRounds>& runs, const std::string& node) {
    std::vector<Range> ranges;
    for (const WireRounds& run : runs) {
        const auto rounds = run.find(node);
        if (rounds == run.end() || (!ranges.empty() && rounds->second.size() != ranges.size())) return {};
        std::vector<Range> now;
        for (const WireRound& round : rounds->second) {
            if (round.updates.size() != 1) return {};
            std::optional<Range> range;
            if (!ranges.empty()) range = ranges[now.size()];
            widen(range, round.updates.front());
            now.push_back(*range);
        }
        ranges = std::move(now);
    }
    return ranges;
}

// Of all rounds of all runs together: each part of the model, by its size.
std::vector<Range> model_ranges(const std::vector<WireRounds>& runs, const std::string& node) {
    std::vector<std::optional<Range>> parts;
    for (const WireRounds& run : runs) {
        const auto rounds = run.find(node);
        if (rounds == run.end()) return {};
        for (const WireRound& round : rounds->second) {
            std::vector<std::uint64_t> sizes = round.models;
            std::sort(sizes.begin(), sizes.end());
            if (parts.empty()) parts.resize(sizes.size());
            if (sizes.size() != parts.size()) return {};
            for (std::size_t i = 0; i < sizes.size(); ++i) widen(parts[i], sizes[i]);
        }
    }
    std::vector<Range> ranges;
    for (const auto& part : parts) {
        if (!ranges.empty() &&
            static_cast<double>(part->first) < apart * static_cast<double>(ranges.back().second))
            return {};
        ranges.push_back(*part);
    }
    return ranges;
}

void add_counting(const Counting& counting, bool is_first, TwinFacts& twins,
                  std::map<std::string, bool>& disagree) {
    for (const RoundCount& round : counting.rounds()) {
        std::vector<std::string> members;
        for (const auto& [node, update] : round.updates) {
            if (update.averaged > 0) members.push_back(node);
            if (!update.samples) continue;
            const auto [known, is_new] = twins.samples.try_emplace(node, *update.samples);
            if (!is_new && known->second != *update.samples) disagree["samples " + node] = true;
        }
        const auto [known, is_new] = twins.members.try_emplace(round.round, members);
        if ((is_new && !is_first) || known->second != members) disagree["members " + round.round] = true;
        if (!round.results) continue;
        std::optional<Range> range;
        if (const auto before = twins.results.find(round.round); before != twins.results.end())
            range = before->second;
        widen(range, *round.results);
        twins.results[round.round] = *range;
    }
}

unsigned rounds_done(const Counting& counting) {
    return static_cast<unsigned>(std::count_if(counting.rounds().begin(), counting.rounds().end(),
                                               [](const RoundCount& round) { return round.done > 0; }));
}

}  // namespace

Scenario twin_of(Scenario scenario) {
    scenario.name += " twin";
    scenario.faults.clear();
    scenario.expect = {};
    scenario.twins = {};
    scenario.safety = false;
    scenario.pcap = false;
    return scenario;
}

TwinFacts twin_facts(const std::vector<Facts>& runs, const Scenario& scenario,
                     std::vector<std::string> tensors) {
    TwinFacts twins;
    twins.count = static_cast<unsigned>(runs.size());
    twins.tensors = std::move(tensors);
    std::map<std::string, bool> disagree;
    std::vector<WireRounds> wire;
    for (const Facts& run : runs) {
        const bool is_first = wire.empty();
        const event::ModelSeen model = run.safety.model.value_or(event::ModelSeen{});
        if (!model.digest.empty()) twins.digests.push_back(model.digest);
        if (!model.sha256.empty()) twins.files.push_back(model.sha256);
        if (!model.metric.empty()) twins.metrics.push_back(model.metric);
        const unsigned done = rounds_done(run.safety.counting);
        twins.rounds = is_first ? done : std::min(twins.rounds, done);
        add_counting(run.safety.counting, is_first, twins, disagree);
        wire.push_back(run.safety.deliveries_missed ? WireRounds() : wire_rounds(run.safety.deliveries, {}));
    }
    // What they do not agree in says nothing.
    std::erase_if(twins.samples, [&](const auto& one) { return disagree.contains("samples " + one.first); });
    std::erase_if(twins.members, [&](const auto& one) {
        return disagree.contains("members " + one.first) || one.second.empty();
    });
    for (unsigned i = 1; i <= scenario.collaborators; ++i) {
        const std::string node = collaborator_name(i);
        if (auto ranges = update_ranges(wire, node); !ranges.empty()) twins.updates[node] = std::move(ranges);
        if (auto ranges = model_ranges(wire, node); !ranges.empty()) twins.models[node] = std::move(ranges);
    }
    return twins;
}

}  // namespace netcut
