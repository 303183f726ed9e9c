// SPDX-License-Identifier: Apache-2.0
#include "scenario/fault_yaml.h"

#include <fmt/format.h>

#include <charconv>

namespace netcut {
namespace {

constexpr unsigned largest_count = 1'000'000'000;

Result<bool> parse_renewal(const std::string& word) {
    if (word == "keep") return false;
    if (word == "new") return true;
    return usage_failure("read '" + word + "'", "it is neither keep nor new");
}

Result<bool> parse_idle_answer(const std::string& word) {
    if (word == "none") return false;
    if (word == "reset") return true;
    return usage_failure("read the answer '" + word + "'", "it is neither none nor reset");
}

Result<bool> parse_size_answer(const std::string& word) {
    if (word == "none") return false;
    if (word == "icmp") return true;
    return usage_failure("read the answer '" + word + "'", "it is neither none nor icmp");
}

Result<bool> parse_idle_protocol(const std::string& word) {
    if (word == "tcp") return false;
    if (word == "udp") return true;
    return usage_failure("read the protocol '" + word + "'", "it is neither tcp nor udp");
}

Result<bool> parse_names_answer(const std::string& word) {
    if (word == "none") return false;
    if (word == "old") return true;
    return usage_failure("read the answer '" + word + "'", "it is neither none nor old");
}

Result<std::uint64_t> parse_seed(const std::string& word) {
    std::uint64_t seed = 0;
    const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), seed);
    if (error != std::errc() || end != word.data() + word.size())
        return usage_failure("read the seed '" + word + "'", "it is no whole number from 0 up");
    return seed;
}

// The link of tbf may be full for a time, or by bytes.
Result<void> parse_queue(QueueSpec& queue, const std::string& word) {
    if (auto time = parse_duration(word); time) {
        queue.queue_time = *time;
        return {};
    }
    auto bytes = parse_bytes(word);
    if (!bytes)
        return usage_failure("read the queue '" + word + "'", "it is neither a time nor a number of bytes",
                             "write it like 100ms or 64KiB");
    queue.queue_bytes = *bytes;
    return {};
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

void read_queue(YamlSection& section, FaultSpec& fault) {
    QueueSpec& queue = fault.queue;
    section.duration("delay", queue.delay);
    section.duration("jitter", queue.jitter);
    section.text("distribution", queue.distribution);
    double share = 0;
    double correlation = 0;
    section.scalar("share", into(share, parse_share));
    section.scalar("correlation", into(correlation, parse_share));
    section.count("gap", queue.gap, 1, largest_count);
    switch (fault.kind) {
        case FaultKind::jitter:
            queue.delay_correlation = correlation;
            break;
        case FaultKind::reorder:
            queue.reorder = share;
            queue.reorder_correlation = correlation;
            break;
        case FaultKind::duplicate:
            queue.duplicate = share;
            queue.duplicate_correlation = correlation;
            break;
        case FaultKind::corrupt:
            queue.corrupt = share;
            queue.corrupt_correlation = correlation;
            break;
        default:
            break;
    }
    section.scalar("rate", into(queue.bits_per_second, parse_rate));
    section.scalar("burst", [&](const std::string& word) -> Result<void> {
        NETCUT_ASSIGN(const std::uint64_t bytes, parse_bytes(word));
        if (bytes == 0 || bytes > 0x7fffffff)
            return usage_failure("let " + word + " pass at once", "it must be from 1 byte to 2 GiB");
        queue.burst_bytes = static_cast<std::uint32_t>(bytes);
        return {};
    });
    section.scalar("queue", [&](const std::string& word) { return parse_queue(queue, word); });
}

void read_filter(YamlSection& section, FaultSpec& fault) {
    section.scalar("direction", into(fault.direction, parse_direction));
    section.list("peers", fault.peers);
    section.count("port", fault.port, 1, 65535);
    section.scalar("only", into(fault.only, parse_connections));
    section.scalar("beyond", into(fault.beyond, parse_bytes));
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

// Writes the keys that this kind of fault has, and leaves the others out.
class KeyWriter {
  public:
    KeyWriter(YAML::Emitter& out, const FaultSpec& fault) : out_(out), keys_(info(fault.kind).keys) {}

    template <typename T>
    void write(const char* key, const T& value, bool wanted = true) {
        if (wanted && keys_.contains(key)) out_ << YAML::Key << key << YAML::Value << value;
    }
    template <typename T>
    void write_flow(const char* key, const T& value, bool wanted = true) {
        if (wanted && keys_.contains(key)) out_ << YAML::Key << key << YAML::Value << YAML::Flow << value;
    }

  private:
    YAML::Emitter& out_;
    const std::set<std::string>& keys_;
};

// What those get who are not let through, or nothing.
void read_answer(YamlSection& section, FaultSpec& fault) {
    switch (fault.kind) {
        case FaultKind::dns:
            return section.scalar("answer", into(fault.dns, parse_dns_answer));
        case FaultKind::names:
            return section.scalar("answer", into(fault.names_lead_astray, parse_names_answer));
        case FaultKind::mtu_blackhole:
            return section.scalar("answer", into(fault.size_told, parse_size_answer));
        default:
            return section.scalar("answer", into(fault.idle_reset, parse_idle_answer));
    }
}

std::string answer_text(const FaultSpec& fault) {
    switch (fault.kind) {
        case FaultKind::dns:
            return dns_answer_name(fault.dns);
        case FaultKind::names:
            return fault.names_lead_astray ? "old" : "none";
        case FaultKind::mtu_blackhole:
            return fault.size_told ? "icmp" : "none";
        default:
            return fault.idle_reset ? "reset" : "none";
    }
}

void write_queue(KeyWriter& writer, const FaultSpec& fault) {
    const QueueSpec& queue = fault.queue;
    writer.write("delay", duration_text(queue.delay),
                 fault.kind != FaultKind::dns || fault.dns == FaultSpec::DnsAnswer::late);
    writer.write("jitter", duration_text(queue.jitter));
    writer.write("distribution", queue.distribution, !queue.distribution.empty());
    writer.write("share", share_text(queue.reorder + queue.duplicate + queue.corrupt));  // one of them
    const double correlation = queue.delay_correlation + queue.reorder_correlation +
                               queue.duplicate_correlation + queue.corrupt_correlation;
    writer.write("correlation", share_text(correlation), correlation > 0);
    writer.write("gap", queue.gap, queue.gap > 0);
    writer.write("rate", fmt::format("{}bit", queue.bits_per_second.value_or(0)));
    writer.write("burst", queue.burst_bytes.value_or(0), queue.burst_bytes.has_value());
    if (queue.queue_bytes)
        writer.write("queue", *queue.queue_bytes);
    else
        writer.write("queue", duration_text(queue.queue_time.value_or(Nanoseconds(0))),
                     queue.queue_time.has_value());
}

void write_keys_of_kind(YAML::Emitter& out, const FaultSpec& fault) {
    KeyWriter writer(out, fault);
    writer.write("direction", direction_name(fault.direction));
    writer.write_flow("peers", fault.peers, !fault.peers.empty());
    writer.write("port", fault.port, fault.port != 0);
    writer.write("only", connections_name(fault.only));
    writer.write("beyond", fault.beyond.value_or(0), fault.beyond.has_value());
    writer.write("end", fault.down_end == LinkEnd::node ? "node" : "router");
    writer.write("address", fault.plug.new_address ? "new" : "keep");
    writer.write("mac", fault.plug.new_mac ? "new" : "keep");
    writer.write("announce", fault.plug.announce);
    writer.write("code", code_name(fault.code));
    writer.write_flow("groups", fault.groups);
    writer.write("one_way", fault.one_way);
    writer.write("model", fault.model ? fault.model->text() : "");
    writer.write("seed", fault.seed);
    writer.write("period", fault.period, fault.period != 0);
    write_queue(writer, fault);
    writer.write("after", duration_text(fault.idle_after));
    writer.write("size", fault.largest);
    writer.write("protocol", fault.idle_udp ? "udp" : "tcp");
    writer.write("answer", answer_text(fault));
    writer.write("signal", fault.signal);
    writer.write_flow("names", fault.names);
}

}  // namespace

void read_fault(YamlSection& section, FaultSpec& fault) {
    section.text("name", fault.name);
    section.scalar("kind", into(fault.kind, parse_kind));
    if (fault.kind == FaultKind::renumber) fault.plug.new_address = true;
    section.list("nodes", fault.nodes);
    read_filter(section, fault);
    section.scalar("end", into(fault.down_end, parse_end));
    section.scalar("address", into(fault.plug.new_address, parse_renewal));
    section.scalar("mac", into(fault.plug.new_mac, parse_renewal));
    section.boolean("announce", fault.plug.announce);
    section.scalar("code", into(fault.code, parse_code));
    section.lists("groups", fault.groups);
    section.boolean("one_way", fault.one_way);
    section.scalar("model", into(fault.model, LossModel::parse));
    section.scalar("seed", into(fault.seed, parse_seed));
    section.count("period", fault.period, 1, largest_count);
    read_queue(section, fault);
    section.duration("after", fault.idle_after);
    section.count("size", fault.largest, 1, 65535);
    section.scalar("protocol", into(fault.idle_udp, parse_idle_protocol));
    read_answer(section, fault);
    section.scalar("signal", into(fault.signal, parse_signal));
    section.list("names", fault.names);
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
    out << YAML::Key << "kind" << YAML::Value << kind_name(fault.kind);
    if (fault.kind != FaultKind::partition)
        out << YAML::Key << "nodes" << YAML::Value << YAML::Flow << fault.nodes;
    write_keys_of_kind(out, fault);
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
    } else if (fault.kind != FaultKind::kill) {
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
