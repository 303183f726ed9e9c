// SPDX-License-Identifier: Apache-2.0
#include "scenario/fault_yaml.h"

#include <fmt/format.h>

#include <charconv>

namespace netcut {
namespace {

constexpr unsigned largest_count = 1'000'000'000;

Result<std::uint64_t> parse_seed(const std::string& word) {
    std::uint64_t seed = 0;
    const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), seed);
    if (error != std::errc() || end != word.data() + word.size())
        return usage_failure("read the seed '" + word + "'", "it is no whole number from 0 up");
    return seed;
}

void read_phase(YamlSection& section, FaultTrigger& trigger) {
    PhaseMoment& moment = trigger.phase;
    section.scalar("phase", into(moment.kind, parse_phase));
    section.scalar("after", [&](const std::string& word) { return parse_phase_after(word, moment); });
    section.count("round", moment.round, 1, largest_count);
    trigger.kind = FaultTrigger::Kind::phase;
    if (const auto word = section.single("armed_by")) {
        moment.after_exchange = *word == "exchange";
        if (!moment.after_exchange)
            section.fail_at("armed_by", "it is neither 'exchange' nor a mapping",
                            "write armed_by: exchange, or armed_by: {log: PATTERN, node: NODE}");
        return;
    }
    section.section("armed_by", [&](YamlSection& armed_by) {
        armed_by.text("log", moment.armed_by);
        armed_by.text("node", moment.armed_by_node);
    });
}

void read_trigger(YamlSection& section, FaultTrigger& trigger) {
    using Kind = FaultTrigger::Kind;
    const bool of_phase = section.places().contains("phase");
    if (of_phase) read_phase(section, trigger);
    section.text("log", trigger.pattern);
    section.text("node", trigger.node);
    section.count("nth", trigger.nth, 1, largest_count);
    section.duration("delay", trigger.delay);
    bool start = false;
    section.boolean("start", start);
    const auto places = section.places();
    if (places.contains("log")) trigger.kind = Kind::log;
    if (start) trigger.kind = Kind::start;
    for (const auto& [key, kind] : {std::pair("after", Kind::after), std::pair("with", Kind::together)}) {
        if (of_phase && kind == Kind::after) continue;  // it says how far into the phase
        section.text(key, trigger.fault);
        if (places.contains(key)) trigger.kind = kind;
    }
    const auto told = [&](const char* key) { return places.contains(key) ? 1 : 0; };
    if (told("log") + told("start") + told(of_phase ? "phase" : "after") + told("with") > 1)
        section.fail("a fault begins on one of log, phase, start, after and with, not on several");
}

void read_on(YamlSection& section, FaultTrigger& trigger) {
    if (const auto word = section.single("on")) {
        if (*word == "start")
            trigger.kind = FaultTrigger::Kind::start;
        else
            section.fail_at("on", "it is neither 'start' nor a mapping",
                            "write on: start, on: {log: PATTERN}, on: {phase: PHASE}, on: {after: FAULT} or "
                            "on: {with: FAULT}");
        return;
    }
    section.section("on", [&](YamlSection& on) { read_trigger(on, trigger); });
}

void read_flap(YamlSection& section, FlapSpec& flap) {
    section.duration("period", flap.period);
    section.scalar("duty", into(flap.duty, parse_share));
    section.scalar("jitter", into(flap.jitter, parse_share));
    section.scalar("seed", into(flap.seed, parse_seed));
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
        if (type.shape == KeyType::Shape::scalar) section.scalar(name, keep);
        WordList list;
        std::vector<WordList> lists;
        if (type.shape == KeyType::Shape::list && section.list(name, list)) fault.values[name] = list;
        if (type.shape == KeyType::Shape::lists && section.lists(name, lists)) fault.values[name] = lists;
    }
}

void write_phase(YAML::Emitter& out, const FaultTrigger& trigger) {
    const PhaseMoment& moment = trigger.phase;
    out << YAML::Key << "phase" << YAML::Value << phase_moment_name(moment.kind);
    out << YAML::Key << "node" << YAML::Value << trigger.node;
    if (const std::string after = phase_after_text(moment); !after.empty())
        out << YAML::Key << "after" << YAML::Value << after;
    if (moment.round != 0) out << YAML::Key << "round" << YAML::Value << moment.round;
    if (moment.after_exchange) out << YAML::Key << "armed_by" << YAML::Value << "exchange";
    if (moment.armed_by.empty()) return;
    out << YAML::Key << "armed_by" << YAML::Value << YAML::BeginMap;
    out << YAML::Key << "log" << YAML::Value << moment.armed_by;
    out << YAML::Key << "node" << YAML::Value << moment.armed_by_node << YAML::EndMap;
}

void write_on(YAML::Emitter& out, const FaultTrigger& trigger) {
    using Kind = FaultTrigger::Kind;
    if (trigger.kind == Kind::none) return;
    out << YAML::Key << "on" << YAML::Value << YAML::BeginMap;
    switch (trigger.kind) {
        case Kind::log:
            out << YAML::Key << "log" << YAML::Value << trigger.pattern;
            out << YAML::Key << "node" << YAML::Value << trigger.node;
            break;
        case Kind::phase:
            write_phase(out, trigger);
            break;
        case Kind::after:
        case Kind::together:
            out << YAML::Key << (trigger.kind == Kind::after ? "after" : "with") << YAML::Value
                << trigger.fault;
            break;
        default:
            out << YAML::Key << "start" << YAML::Value << true;
    }
    if (trigger.kind != Kind::start) out << YAML::Key << "nth" << YAML::Value << trigger.nth;
    out << YAML::Key << "delay" << YAML::Value << duration_text(trigger.delay) << YAML::EndMap;
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

void read_fault(YamlSection& section, FaultSpec& fault) {
    section.text("name", fault.name);
    section.scalar("kind", into(fault.kind, parse_kind));
    section.list("nodes", fault.nodes);
    read_keys(section, fault);
    read_on(section, fault.trigger);
    section.scalar("when", into(fault.when, parse_when));
    section.scalar("for", into(fault.duration, parse_heal_time));
    section.count("times", fault.times, 1, 1'000'000);
    section.section("flap", [&](YamlSection& flap) { read_flap(flap, fault.flap.emplace()); });
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
    if (source.error) return Failure(*source.error);
    return {};
}

}  // namespace netcut
