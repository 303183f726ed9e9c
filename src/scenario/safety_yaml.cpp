// SPDX-License-Identifier: Apache-2.0
#include "scenario/safety_yaml.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "scenario/expand.h"
#include "scenario/fault_yaml.h"
#include "trigger/pattern.h"

namespace netcut {
namespace {

template <typename Number>
Result<Number> parse_number(const std::string& text) {
    Number number{};
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error != std::errc() || end != text.data() + text.size() || number < 0)
        return usage_failure("read the number '" + text + "'", "it is none from 0 up");
    return number;
}

Result<std::optional<double>> parse_tolerance(const std::string& text) {
    NETCUT_ASSIGN(const double number, parse_number<double>(text));
    return std::optional(number);
}

constexpr const char* number_schema = R"({"type": "number", "minimum": 0})";

void read_counted(YamlSection& section, CountedSpec& counted) {
    section.text("node", counted.node);
    section.text("name", counted.name);
    section.boolean("everyone", counted.everyone);
    section.boolean("keyed", counted.keyed);
    for (const auto& kind : counted_kind_words) {
        std::vector<std::string> patterns;
        if (section.list(kind.word, patterns)) counted.patterns[kind.value] = std::move(patterns);
    }
}

void read_model(YamlSection& section, ModelSpec& model) {
    section.text("node", model.node);
    section.text("digest", model.digest);
    section.text("metric", model.metric);
    section.scalar("band", into(model.band, parse_tolerance), number_schema);
    section.text("file", model.file);
    section.text("tensors", model.tensors);
    section.scalar("within", into(model.within, parse_tolerance), number_schema);
    section.boolean("deterministic", model.deterministic);
}

using Lists = std::vector<std::vector<std::string>>;

// A name, and numbers of it.
void read_numbers(YamlSection& section, const std::string& key,
                  const std::function<void(const std::string&, const std::vector<std::uint64_t>&)>& take) {
    Lists lists;
    if (!section.lists(key, lists)) return;
    for (const auto& list : lists) {
        std::vector<std::uint64_t> numbers;
        for (std::size_t i = 1; i < list.size(); ++i) {
            const auto number = parse_number<std::uint64_t>(list[i]);
            if (!number) return section.fail_at(key, number.error().text(), "");
            numbers.push_back(*number);
        }
        if (!list.empty()) take(list.front(), numbers);
    }
}

void read_ranges(YamlSection& section, const std::string& key,
                 std::map<std::string, std::vector<TwinFacts::Range>>& ranges) {
    ranges.clear();
    read_numbers(section, key, [&](const std::string& node, const std::vector<std::uint64_t>& numbers) {
        for (std::size_t i = 0; i + 1 < numbers.size(); i += 2)
            ranges[node].emplace_back(numbers[i], numbers[i + 1]);
    });
}

void read_twins(YamlSection& section, TwinFacts& twins) {
    section.text("folder", twins.folder);
    section.count("count", twins.count, 0, 1000);
    section.count("rounds", twins.rounds, 0, most_rounds);
    section.list("digests", twins.digests);
    section.list("files", twins.files);
    section.list("metrics", twins.metrics);
    section.list("tensors", twins.tensors);
    Lists members;
    if (section.lists("members", members)) {
        twins.members.clear();
        for (const auto& list : members)
            if (!list.empty()) twins.members[list.front()].assign(list.begin() + 1, list.end());
    }
    read_numbers(section, "results",
                 [&](const std::string& round, const std::vector<std::uint64_t>& numbers) {
                     if (numbers.size() == 2) twins.results[round] = {numbers[0], numbers[1]};
                 });
    read_numbers(section, "samples", [&](const std::string& node, const std::vector<std::uint64_t>& numbers) {
        if (numbers.size() == 1) twins.samples[node] = numbers[0];
    });
    read_ranges(section, "updates", twins.updates);
    read_ranges(section, "models", twins.models);
}

void write_key(YAML::Emitter& out, const char* key, const std::string& value) {
    if (!value.empty()) out << YAML::Key << key << YAML::Value << value;
}

void write_list(YAML::Emitter& out, const char* key, const std::vector<std::string>& values) {
    if (!values.empty()) out << YAML::Key << key << YAML::Value << YAML::Flow << values;
}

void write_lists(YAML::Emitter& out, const char* key, const Lists& lists) {
    if (lists.empty()) return;
    out << YAML::Key << key << YAML::Value << YAML::BeginSeq;
    for (const auto& list : lists) out << YAML::Flow << list;
    out << YAML::EndSeq;
}

Lists lists_of(const std::map<std::string, std::vector<TwinFacts::Range>>& ranges) {
    Lists lists;
    for (const auto& [node, each] : ranges) {
        auto& list = lists.emplace_back(std::vector{node});
        for (const auto& [least, most] : each) {
            list.push_back(std::to_string(least));
            list.push_back(std::to_string(most));
        }
    }
    return lists;
}

void write_counted(YAML::Emitter& out, const CountedSpec& counted) {
    out << YAML::Key << "counted" << YAML::Value << YAML::BeginMap;
    write_key(out, "node", counted.node);
    write_key(out, "name", counted.name);
    if (counted.everyone) out << YAML::Key << "everyone" << YAML::Value << true;
    if (counted.keyed) out << YAML::Key << "keyed" << YAML::Value << true;
    for (const auto& [kind, patterns] : counted.patterns) write_list(out, word_of(kind), patterns);
    out << YAML::EndMap;
}

void write_model(YAML::Emitter& out, const ModelSpec& model) {
    out << YAML::Key << "model" << YAML::Value << YAML::BeginMap;
    write_key(out, "node", model.node);
    write_key(out, "digest", model.digest);
    write_key(out, "metric", model.metric);
    if (model.band) write_key(out, "band", fmt::format("{}", *model.band));
    write_key(out, "file", model.file);
    write_key(out, "tensors", model.tensors);
    if (model.within) write_key(out, "within", fmt::format("{}", *model.within));
    if (model.deterministic) out << YAML::Key << "deterministic" << YAML::Value << true;
    out << YAML::EndMap;
}

void write_twins(YAML::Emitter& out, const TwinFacts& twins) {
    out << YAML::Key << "twins" << YAML::Value << YAML::BeginMap;
    write_key(out, "folder", twins.folder);
    out << YAML::Key << "count" << YAML::Value << twins.count;
    out << YAML::Key << "rounds" << YAML::Value << twins.rounds;
    write_list(out, "digests", twins.digests);
    write_list(out, "files", twins.files);
    write_list(out, "metrics", twins.metrics);
    write_list(out, "tensors", twins.tensors);
    Lists members, results, samples;
    for (const auto& [round, names] : twins.members) {
        members.emplace_back(std::vector{round});
        members.back().insert(members.back().end(), names.begin(), names.end());
    }
    for (const auto& [round, range] : twins.results)
        results.push_back({round, std::to_string(range.first), std::to_string(range.second)});
    for (const auto& [node, count] : twins.samples) samples.push_back({node, std::to_string(count)});
    write_lists(out, "members", members);
    write_lists(out, "results", results);
    write_lists(out, "samples", samples);
    write_lists(out, "updates", lists_of(twins.updates));
    write_lists(out, "models", lists_of(twins.models));
    out << YAML::EndMap;
}

Result<void> check_value_pattern(const std::string& text) {
    NETCUT_ASSIGN(const Pattern pattern, Pattern::parse(text));
    if (pattern.groups() == 0)
        return usage_failure("take a value from the line '" + text + "'", "no part of it is the value",
                             "write a regular expression with a group: re:accuracy ([0-9.]+)");
    return {};
}

}  // namespace

void read_safety(YamlSection& section, Scenario& scenario) {
    section.section(
        "counted", [&](YamlSection& counted) { read_counted(counted, scenario.counted); }, "averaged: LINE");
    section.section(
        "model", [&](YamlSection& model) { read_model(model, scenario.model); }, "digest: LINE");
    section.section(
        "twins", [&](YamlSection& twins) { read_twins(twins, scenario.twins); }, "count: 3");
    section.boolean("deliveries", scenario.deliveries);
    section.boolean("safety", scenario.safety);
}

void write_safety(YAML::Emitter& out, const Scenario& scenario) {
    if (scenario.counted.any()) write_counted(out, scenario.counted);
    if (scenario.model.any()) write_model(out, scenario.model);
    if (scenario.twins.any()) write_twins(out, scenario.twins);
    if (scenario.deliveries) out << YAML::Key << "deliveries" << YAML::Value << true;
    if (scenario.safety) out << YAML::Key << "safety" << YAML::Value << true;
}

Result<void> check_counted(const Scenario& scenario) {
    for (const auto& [kind, patterns] : scenario.counted.patterns)
        for (const std::string& text : patterns) {
            NETCUT_ASSIGN(const Pattern pattern, Pattern::parse(text));
            for (const std::string& group : pattern.group_names())
                if (std::find(counted_groups.begin(), counted_groups.end(), group) == counted_groups.end())
                    return usage_failure(fmt::format("take '{}' from the line '{}'", group, text),
                                         "nothing of that name is known of an update",
                                         fmt::format("the names are {}", fmt::join(counted_groups, ", ")));
            const auto names = pattern.group_names();
            const bool has_node = std::find(names.begin(), names.end(), "node") != names.end();
            if (kind == CountedKind::averaged && !has_node)
                return usage_failure("count updates by the line '" + text + "'", "it does not say whose",
                                     "let it have (?P<node>...), or count by total: with (?P<results>...)");
        }
    const ExpandContext some{collaborator_name(1), 1, "work", "bin", "path"};
    NETCUT_TRY(expand_text(scenario.counted.name, scenario, some));
    return {};
}

Result<void> check_model(const Scenario& scenario) {
    const ModelSpec& model = scenario.model;
    if (!model.digest.empty()) NETCUT_TRY(check_value_pattern(model.digest));
    if (!model.metric.empty()) NETCUT_TRY(check_value_pattern(model.metric));
    const ExpandContext some{aggregator_name, 0, "work", "bin", "path"};
    NETCUT_TRY(expand_text(model.file, scenario, some));
    NETCUT_TRY(expand_text(model.tensors, scenario, some));
    return {};
}

}  // namespace netcut
