// SPDX-License-Identifier: Apache-2.0
#include "safety/counted_reader.h"

#include <charconv>

#include "scenario/expand.h"

namespace netcut {
namespace {

constexpr std::size_t longest_name = 200;  // bytes, of what a node may print

std::optional<std::uint64_t> number_in(const std::map<std::string, std::string>& groups, const char* name) {
    const auto found = groups.find(name);
    if (found == groups.end()) return {};
    std::uint64_t number = 0;
    const char* const end = found->second.data() + found->second.size();
    const auto [rest, error] = std::from_chars(found->second.data(), end, number);
    return error == std::errc() && rest == end ? std::optional(number) : std::nullopt;
}

std::string text_in(const std::map<std::string, std::string>& groups, const char* name) {
    const auto found = groups.find(name);
    return found == groups.end() ? "" : found->second.substr(0, longest_name);
}

}  // namespace

CountedReader::CountedReader(const Scenario& scenario)
    : node_(scenario.counted.node.empty() ? aggregator_name : scenario.counted.node) {
    for (const auto& [kind, patterns] : scenario.counted.patterns)
        for (const std::string& text : patterns)
            if (auto pattern = Pattern::parse(text)) lines_.push_back({kind, std::move(*pattern)});
    if (scenario.counted.name.empty()) return;
    for (unsigned i = 1; i <= scenario.collaborators; ++i) {
        const ExpandContext context{collaborator_name(i), i, "", "", ""};
        if (const auto name = expand_text(scenario.counted.name, scenario, context))
            names_[*name] = collaborator_name(i);
    }
}

event::Counted CountedReader::read(const Line& line, std::string_view text) const {
    const auto groups = line.pattern.named_in(text);
    event::Counted counted{.kind = line.kind};
    counted.round = text_in(groups, "round");
    counted.member = text_in(groups, "node");
    counted.base = text_in(groups, "base");
    counted.samples = number_in(groups, "samples");
    counted.results = number_in(groups, "results");
    counted.failures = number_in(groups, "failures");
    counted.wanted = number_in(groups, "wanted");
    counted.received = number_in(groups, "received");
    counted.whole = number_in(groups, "whole");
    counted.rounds = number_in(groups, "rounds");
    if (const auto known = names_.find(counted.member); known != names_.end()) counted.member = known->second;
    return counted;
}

}  // namespace netcut
