// SPDX-License-Identifier: Apache-2.0
#include "scenario/fault_yaml.h"

#include <fmt/format.h>

#include <charconv>
#include <limits>
#include <sstream>

#include "base/time.h"
#include "scenario/fault_kind.h"
#include "scenario/flap.h"
#include "scenario/words.h"
#include "scenario/yaml.h"

namespace netcut {
namespace {

Result<std::uint64_t> parse_seed(const std::string& word) {
    std::uint64_t seed = 0;
    const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), seed);
    if (error != std::errc() || end != word.data() + word.size())
        return usage_failure("read the seed '" + word + "'", "it is no whole number from 0 up");
    return seed;
}

// "10s 50s, 20s 1m": how long it is on and then off, of each cycle.
Result<std::vector<FlapSpec::Cycle>> parse_cycles(const std::string& text) {
    std::vector<FlapSpec::Cycle> cycles;
    std::istringstream all(text);
    for (std::string one; std::getline(all, one, ',');) {
        std::istringstream words(one);
        std::string on, off, more;
        if (!(words >> on >> off) || words >> more)
            return usage_failure("read the cycles '" + text + "'", "one of them is not two times",
                                 "write how long it is on and then off, and a comma: 10s 50s, 20s 1m");
        FlapSpec::Cycle& cycle = cycles.emplace_back();
        NETCUT_ASSIGN(cycle.on, parse_duration(on));
        NETCUT_ASSIGN(cycle.off, parse_duration(off));
    }
    return cycles;
}

std::string cycles_text(const std::vector<FlapSpec::Cycle>& cycles) {
    std::string text;
    for (const FlapSpec::Cycle& cycle : cycles)
        text += fmt::format("{}{} {}", text.empty() ? "" : ", ", duration_text(cycle.on),
                            duration_text(cycle.off));
    return text;
}

void read_flap(YamlSection& section, FlapSpec& flap) {
    section.scalar("list", into(flap.list, parse_cycles), text_schema());
    if (!flap.list.empty()) flap.count = static_cast<unsigned>(flap.list.size());
    section.duration("period", flap.period);
    section.scalar("duty", into(flap.duty, parse_share), share_schema());
    section.scalar("jitter", into(flap.jitter, parse_share), share_schema());
    section.scalar("seed", into(flap.seed, parse_seed),
                   count_schema(0, std::numeric_limits<std::uint64_t>::max()));
    section.count("count", flap.count, 1, 1'000'000);
}

// Of another kind, too: the kind may be changed by what is read later. What it does not have then is refused.
void read_keys(YamlSection& section, FaultSpec& fault) {
    static const std::set<std::string> names = [] {
        std::set<std::string> all;
        for (const FaultKind& kind : fault_kinds())
            for (const FaultKey& key : kind.keys) all.insert(key.name);
        return all;
    }();
    for (const std::string& name : names) {
        const KeyType& type = find_key(*fault.kind, name)->type;
        const auto keep = [&](const std::string& text) -> Result<void> {
            if (type.check) NETCUT_TRY(type.check(name, text));
            fault.values[name] = text;
            return {};
        };
        if (type.shape == KeyType::Shape::scalar) section.scalar(name, keep, type.schema);
        WordList list;
        std::vector<WordList> lists;
        if (type.shape == KeyType::Shape::list && section.list(name, list)) fault.values[name] = list;
        if (type.shape == KeyType::Shape::lists && section.lists(name, lists)) fault.values[name] = lists;
    }
}

std::string share_text(double share) {
    return fmt::format("{}%", share * 100);
}

void write_keys(YAML::Emitter& out, const FaultSpec& fault) {
    for (const FaultKey& key : fault.kind->keys) {
        const auto given = fault.values.find(key.name);
        if (given != fault.values.end())
            std::visit(
                [&](const auto& value) {
                    out << YAML::Key << key.name << YAML::Value << YAML::Flow << value;
                },
                given->second);
        else if (!key.standard.empty())
            out << YAML::Key << key.name << YAML::Value << key.standard;
    }
}

}  // namespace

void read_common_keys(YamlSection& section, FaultSpec& fault) {
    section.text("name", fault.name);
    section.list("nodes", fault.nodes);
    read_on(section, fault.trigger);
    section.scalar("when", into(fault.when, parse_when), first_word_schema(moment_words()));
    section.scalar("for", into(fault.duration, parse_heal_time), duration_schema("never"));
    section.count("times", fault.times, 1, 1'000'000);
    section.section("flap", [&](YamlSection& flap) { read_flap(flap, fault.flap.emplace()); });
}

void read_fault(YamlSection& section, FaultSpec& fault) {
    if (section.outlined_as(R"({"$ref": "#/$defs/fault"})")) return;
    section.scalar("kind", into(fault.kind, parse_kind), text_schema());
    read_keys(section, fault);
    read_common_keys(section, fault);
    for (const auto& [key, place] : section.places()) fault.places[key] = place;
}

void write_fault(YAML::Emitter& out, const FaultSpec& fault) {
    out << YAML::BeginMap;
    out << YAML::Key << "name" << YAML::Value << fault.name;
    out << YAML::Key << "kind" << YAML::Value << fault.kind->name;
    if (!fault.kind->refuses("nodes"))
        out << YAML::Key << "nodes" << YAML::Value << YAML::Flow << fault.nodes;
    write_keys(out, fault);
    write_on(out, fault.trigger);
    if (fault.when) out << YAML::Key << "when" << YAML::Value << when_text(*fault.when);
    if (fault.flap) {
        const FlapSpec& flap = *fault.flap;
        out << YAML::Key << "flap" << YAML::Value << YAML::BeginMap;
        if (!flap.list.empty()) {
            out << YAML::Key << "list" << YAML::Value << cycles_text(flap.list) << YAML::EndMap;
            out << YAML::Key << "times" << YAML::Value << fault.times << YAML::EndMap;
            return;
        }
        out << YAML::Key << "period" << YAML::Value << duration_text(flap.period);
        out << YAML::Key << "duty" << YAML::Value << share_text(flap.duty);
        out << YAML::Key << "jitter" << YAML::Value << share_text(flap.jitter);
        out << YAML::Key << "seed" << YAML::Value << flap.seed;
        out << YAML::Key << "count" << YAML::Value << flap.count << YAML::EndMap;
    } else if (!fault.kind->refuses("for")) {
        out << YAML::Key << "for" << YAML::Value
            << (fault.duration ? duration_text(*fault.duration) : "never");
    }
    out << YAML::Key << "times" << YAML::Value << fault.times << YAML::EndMap;
}

Result<void> read_fault_yaml(FaultSpec& fault, const std::string& text, const std::string& name) {
    YamlSource source(name);
    YamlSection section(source, source.load(text), "the fault");
    read_fault(section, fault);
    section.finish();
    return source.result();
}

}  // namespace netcut
