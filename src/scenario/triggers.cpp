// SPDX-License-Identifier: Apache-2.0
//
// What `on:` can wait for: each is one definition, in the table below.
#include "scenario/triggers.h"

#include <fmt/format.h>

#include "base/error.h"
#include "phase/phase_classifier.h"
#include "scenario/expand.h"
#include "scenario/fault_check.h"
#include "scenario/fault_spec.h"
#include "scenario/fault_yaml.h"
#include "scenario/scenario.h"
#include "scenario/words.h"
#include "trigger/pattern.h"

namespace netcut {
namespace {

using Kind = FaultTrigger::Kind;

struct TriggerKind {
    FaultTrigger::Kind kind;
    const char* key;       // of `on`: its own
    const char* example;   // of `on`
    bool of_node = false;  // it is of a node, by default the fault's first
    // Its own key and those that only it has. Null: its key names a fault, see fault_order.cpp.
    void (*read)(YamlSection& on, FaultTrigger& trigger) = nullptr;
    void (*write)(YAML::Emitter& out, const FaultTrigger& trigger) = nullptr;
    // Null: nothing can be wrong with it alone.
    Result<void> (*check)(const Scenario& scenario, FaultSpec& fault) = nullptr;
    std::string (*text)(const FaultTrigger& trigger);  // see begin_text()
    std::string (*awaited)(const FaultTrigger& trigger) = nullptr;
};

constexpr unsigned largest_count = 1'000'000'000;

std::string of(const std::string& node) {
    return node.empty() ? "" : " of " + node;
}

Result<void> check_pattern(const FaultSpec& fault, const std::string& pattern) {
    if (auto parsed = Pattern::parse(pattern); !parsed) return fault_failure(fault, "on", parsed.error());
    return {};
}

// --- start ---

void read_start(YamlSection& on, FaultTrigger&) {
    bool start = true;
    on.boolean("start", start);
    if (!start) on.fail_at("start", "it can only be true", "leave it out");
}

void write_start(YAML::Emitter& out, const FaultTrigger&) {
    out << YAML::Key << "start" << YAML::Value << true;
}

Result<void> check_start(const Scenario&, FaultSpec& fault) {
    if (fault.times > 1 && !fault.when)
        return fault_failure(fault, "times", "there is one start in a run", "use flap");
    return {};
}

// --- log ---

void read_log(YamlSection& on, FaultTrigger& trigger) {
    on.text("log", trigger.pattern);
}

void write_log(YAML::Emitter& out, const FaultTrigger& trigger) {
    out << YAML::Key << "log" << YAML::Value << trigger.pattern;
}

Result<void> check_log(const Scenario&, FaultSpec& fault) {
    if (fault.trigger.pattern.empty())
        return fault_failure(fault, "on", "the log line's pattern is empty", "", Mistake::missing);
    return check_pattern(fault, fault.trigger.pattern);
}

// --- file ---

void read_file_line(YamlSection& on, FaultTrigger& trigger) {
    on.text("file", trigger.file);
    on.text("line", trigger.pattern);
}

void write_file_line(YAML::Emitter& out, const FaultTrigger& trigger) {
    out << YAML::Key << "file" << YAML::Value << trigger.file;
    out << YAML::Key << "line" << YAML::Value << trigger.pattern;
}

Result<void> check_file_line(const Scenario& scenario, FaultSpec& fault) {
    if (fault.trigger.file.empty())
        return fault_failure(fault, "on", "the file has no path", "", Mistake::missing);
    if (fault.trigger.pattern.empty())
        return fault_failure(fault, "on", "nothing says which line of the file it waits for",
                             "write on: {file: PATH, line: PATTERN}", Mistake::missing);
    const ExpandContext context{fault.trigger.node, 1, "work", "bin", "path"};
    if (auto path = expand_text(fault.trigger.file, scenario, context); !path)
        return fault_failure(fault, "on", path.error());
    return check_pattern(fault, fault.trigger.pattern);
}

std::string file_text(const FaultTrigger& trigger) {
    return fmt::format("on '{}' in {}{}", trigger.pattern, trigger.file, of(trigger.node));
}

// --- phase ---

std::string phase_after_schema() {
    return fmt::format(R"({{"anyOf": [{}, {}]}})", duration_schema(), bytes_schema());
}

void read_phase(YamlSection& on, FaultTrigger& trigger) {
    PhaseMoment& moment = trigger.phase;
    on.scalar("phase", into(moment.kind, parse_phase), words_schema(phase_moment_words()));
    const auto after = [&](const std::string& word) { return parse_phase_after(word, moment); };
    on.scalar("after", after, phase_after_schema());
    on.count("round", moment.round, 1, largest_count);
    if (const auto word = on.single("armed_by", words_schema({"exchange"}))) {
        moment.after_exchange = *word == "exchange";
        if (!moment.after_exchange)
            on.fail_at("armed_by", "it is neither 'exchange' nor a mapping",
                       "write armed_by: exchange, or armed_by: {log: PATTERN, node: NODE}");
        return;
    }
    on.section("armed_by", [&](YamlSection& armed_by) {
        armed_by.text("log", moment.armed_by);
        armed_by.text("node", moment.armed_by_node);
    });
}

void write_phase(YAML::Emitter& out, const FaultTrigger& trigger) {
    const PhaseMoment& moment = trigger.phase;
    out << YAML::Key << "phase" << YAML::Value << phase_moment_name(moment.kind);
    if (const std::string after = phase_after_text(moment); !after.empty())
        out << YAML::Key << "after" << YAML::Value << after;
    if (moment.round != 0) out << YAML::Key << "round" << YAML::Value << moment.round;
    if (moment.after_exchange) out << YAML::Key << "armed_by" << YAML::Value << "exchange";
    if (moment.armed_by.empty()) return;
    out << YAML::Key << "armed_by" << YAML::Value << YAML::BeginMap;
    out << YAML::Key << "log" << YAML::Value << moment.armed_by;
    out << YAML::Key << "node" << YAML::Value << moment.armed_by_node << YAML::EndMap;
}

Result<void> check_amount(const FaultSpec& fault, const PhaseMoment& moment) {
    using Kind = PhaseMoment::Kind;
    const std::string name = phase_moment_name(moment.kind);
    if (moment.bytes && !moment.moves_data() && moment.kind != Kind::reply_lost)
        return fault_failure(fault, "on", "no bytes pass while a node is " + name, "write after: 200ms");
    if (moment.time && moment.kind == Kind::reply_lost)
        return fault_failure(fault, "on", "a reply is lost when it comes, and not after a time",
                             "write after: 64KiB for uploads of that size at least");
    if (!moment.on_the_wire()) return {};
    if (fault.when)
        return fault_failure(fault, "when", name + " is a moment on the wire already",
                             "leave one of them out", Mistake::conflict);
    if (fault.trigger.delay != Nanoseconds(0))
        return fault_failure(fault, "on", "what the kernel fires on a packet has no delay",
                             "write after: with a time in place of bytes", Mistake::conflict);
    return {};
}

Result<void> check_phase(const Scenario& scenario, FaultSpec& fault) {
    PhaseMoment& moment = fault.trigger.phase;
    if (moment.kind == PhaseMoment::Kind::reply_lost && !moment.bytes && !moment.time)
        moment.bytes = small_exchange;
    NETCUT_TRY(check_amount(fault, moment));
    if (!moment.armed_by.empty()) {
        NETCUT_TRY(check_pattern(fault, moment.armed_by));
        if (moment.armed_by_node.empty()) moment.armed_by_node = fault.trigger.node;
        if (auto known = check_node(scenario, moment.armed_by_node, "watch"); !known)
            return fault_failure(fault, "on", known.error());
    } else if (!moment.armed_by_node.empty()) {
        return fault_failure(fault, "on", "nothing says which log line arms it",
                             "write armed_by: {log: PATTERN}", Mistake::missing);
    }
    if (moment.round != 0 && scenario.progress.empty())
        return fault_failure(fault, "on", "nothing says which log lines tell the round",
                             "give --progress-on 're:round ([0-9]+)', or progress: in the scenario",
                             Mistake::missing);
    return {};
}

std::string phase_text(const FaultTrigger& trigger) {
    const PhaseMoment& moment = trigger.phase;
    std::string text = fmt::format("in the phase {}{}", phase_moment_text(moment), of(trigger.node));
    if (moment.round > 0) text += fmt::format(", from round {} on", moment.round);
    if (!moment.armed_by.empty())
        text += fmt::format(", after '{}'{}", moment.armed_by, of(moment.armed_by_node));
    return text;
}

// `phase` before `after`, which is also a key of it.
const TriggerKind trigger_kinds[] = {
    {.kind = Kind::log,
     .key = "log",
     .example = "{log: PATTERN}",
     .of_node = true,
     .read = read_log,
     .write = write_log,
     .check = check_log,
     .text = [](const FaultTrigger& on) { return fmt::format("on '{}'{}", on.pattern, of(on.node)); },
     .awaited =
         [](const FaultTrigger& on) { return fmt::format("\"{}\" in the log of {}", on.pattern, on.node); }},
    {.kind = Kind::file,
     .key = "file",
     .example = "{file: PATH, line: PATTERN}",
     .of_node = true,
     .read = read_file_line,
     .write = write_file_line,
     .check = check_file_line,
     .text = file_text,
     .awaited = [](const FaultTrigger& on) { return fmt::format("\"{}\" in {}", on.pattern, on.file); }},
    {.kind = Kind::phase,
     .key = "phase",
     .example = "{phase: PHASE}",
     .of_node = true,
     .read = read_phase,
     .write = write_phase,
     .check = check_phase,
     .text = phase_text,
     .awaited = [](const FaultTrigger& on) { return on.node + " to be " + phase_moment_text(on.phase); }},
    {.kind = Kind::start,
     .key = "start",
     .example = "start",
     .read = read_start,
     .write = write_start,
     .check = check_start,
     .text = [](const FaultTrigger&) { return std::string("at the start"); }},
    {.kind = Kind::after,
     .key = "after",
     .example = "{after: FAULT}",
     .text = [](const FaultTrigger& on) { return "when the fault " + on.fault + " has healed"; },
     .awaited = [](const FaultTrigger& on) { return "the heal of " + on.fault; }},
    {.kind = Kind::together,
     .key = "with",
     .example = "{with: FAULT}",
     .text = [](const FaultTrigger& on) { return "with the fault " + on.fault; }},
};

const TriggerKind* definition_of(const FaultTrigger& trigger) {
    for (const TriggerKind& kind : trigger_kinds)
        if (kind.kind == trigger.kind) return &kind;
    return nullptr;
}

void read_trigger(const TriggerKind& kind, YamlSection& on, FaultTrigger& trigger) {
    trigger.kind = kind.kind;
    kind.read != nullptr ? kind.read(on, trigger) : on.text(kind.key, trigger.fault);
}

void read_common(YamlSection& on, FaultTrigger& trigger) {
    on.text("node", trigger.node);
    on.count("nth", trigger.nth, 1, largest_count);
    on.duration("delay", trigger.delay);
}

void read_mapping(YamlSection& on, FaultTrigger& trigger) {
    const TriggerKind* found = nullptr;
    std::vector<std::string> keys;
    bool several = false;
    for (const TriggerKind& kind : trigger_kinds) {
        keys.emplace_back(kind.key);
        if (!on.has(kind.key) || (found != nullptr && found->kind == Kind::phase && kind.kind == Kind::after))
            continue;
        several = several || found != nullptr;
        found = &kind;
    }
    if (several)
        on.fail(Mistake::conflict,
                fmt::format("a fault begins on one of {}, not on several", fmt::join(keys, ", ")));
    else if (found != nullptr)
        read_trigger(*found, on, trigger);
    read_common(on, trigger);
}

}  // namespace

std::string on_schema() {
    std::vector<std::string> forms = {words_schema({"start"})};
    for (const TriggerKind& kind : trigger_kinds) {
        Outline outline;
        YamlSection on(outline);
        FaultTrigger trigger;
        read_trigger(kind, on, trigger);
        read_common(on, trigger);
        outline.require(kind.key);
        forms.push_back(outline.schema());
    }
    return fmt::format(R"({{"anyOf": [{}]}})", fmt::join(forms, ", "));
}

void read_on(YamlSection& fault, FaultTrigger& trigger) {
    if (fault.outlined("on", on_schema())) return;
    const auto word = fault.single("on");
    if (!word) return fault.section("on", [&](YamlSection& on) { read_mapping(on, trigger); });
    if (*word == "start") {
        trigger.kind = Kind::start;
        return;
    }
    std::vector<std::string> examples;
    for (const TriggerKind& kind : trigger_kinds) examples.push_back(std::string("on: ") + kind.example);
    fault.fail_at("on", "it is neither 'start' nor a mapping",
                  fmt::format("write one of: {}", fmt::join(examples, ", ")));
}

void write_on(YAML::Emitter& out, const FaultTrigger& trigger) {
    const TriggerKind* kind = definition_of(trigger);
    if (kind == nullptr) return;
    out << YAML::Key << "on" << YAML::Value << YAML::BeginMap;
    if (kind->write != nullptr)
        kind->write(out, trigger);
    else
        out << YAML::Key << kind->key << YAML::Value << trigger.fault;
    if (kind->of_node) out << YAML::Key << "node" << YAML::Value << trigger.node;
    if (trigger.kind != Kind::start) out << YAML::Key << "nth" << YAML::Value << trigger.nth;
    out << YAML::Key << "delay" << YAML::Value << duration_text(trigger.delay) << YAML::EndMap;
}

Result<void> check_trigger(const Scenario& scenario, FaultSpec& fault) {
    FaultTrigger& trigger = fault.trigger;
    const TriggerKind* kind = definition_of(trigger);
    if (kind == nullptr)
        return fault_failure(
            fault, "on", "nothing says when it begins",
            "give a log line: --cut-on PATTERN, or on: {log: PATTERN}; a phase: --cut-when PHASE, or "
            "on: {phase: PHASE}; or on: start",
            Mistake::missing);
    if (trigger.nth == 0) return fault_failure(fault, "on", "the n-th match is counted from 1");
    if (kind->of_node && trigger.node.empty()) trigger.node = fault.nodes.front();
    if (kind->of_node)
        if (auto known = check_node(scenario, trigger.node, "watch"); !known)
            return fault_failure(fault, "on", known.error());
    return kind->check != nullptr ? kind->check(scenario, fault) : Result<void>();
}

std::string begin_text(const FaultSpec& fault) {
    const FaultTrigger& trigger = fault.trigger;
    const TriggerKind* kind = definition_of(trigger);
    std::string text = kind == nullptr ? "at the start" : kind->text(trigger);
    if (trigger.nth > 1) text += fmt::format(", time {}", trigger.nth);
    if (trigger.delay > Nanoseconds(0)) text += fmt::format(", {} later", duration_text(trigger.delay));
    if (fault.when) text += fmt::format(", then at {}", when_text(*fault.when));
    return text;
}

std::string awaited_text(const FaultTrigger& trigger) {
    const TriggerKind* kind = definition_of(trigger);
    return kind != nullptr && kind->awaited != nullptr ? kind->awaited(trigger) : "";
}

}  // namespace netcut
