// SPDX-License-Identifier: Apache-2.0
#include "scenario/yaml.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/time.h"
#include "fabric/options.h"
#include "link/rate.h"
#include "scenario/fault_yaml.h"
#include "scenario/judgement.h"
#include "scenario/mistakes.h"
#include "scenario/safety_yaml.h"
#include "scenario/stage_yaml.h"
#include "scenario/tcp.h"
#include "scenario/words.h"

namespace netcut {
namespace {

constexpr unsigned most_collaborators = max_nodes - 1;
constexpr auto most_names_ttl = std::chrono::hours(1);

void read_fabric(YamlSection& section, FabricOptions& fabric) {
    section.scalar("kind", into(fabric.kind, parse_fabric), words_schema(fabric_words()));
    const auto ip = [&](const std::string& word) { return parse_ip(word, fabric); };
    section.scalar("ip", ip, R"({"enum": [4, 6, "4", "6", "both"]})");
    section.count("mtu", fabric.mtu, 68, 65535);
    section.boolean("single_segments", fabric.single_segments);
    section.list("uplink", fabric.uplink);
    RateLimit rate = fabric.rate.value_or(RateLimit{});
    section.scalar("rate", into(rate.bits_per_second, parse_rate), rate_schema());
    section.scalar("shaper", into(rate.shaper, parse_shaper), words_schema(shaper_words()));
    section.duration("queue", rate.queue);
    if (rate.bits_per_second != 0) fabric.rate = rate;
}

void read_names(YamlSection& section, Scenario& scenario) {
    const auto by = [&](const std::string& word) -> Result<void> {
        if (word != "file" && word != "dns")
            return usage_failure("find names by '" + word + "'", "they are found by file or dns");
        scenario.fabric.name_server = word == "dns";
        return {};
    };
    section.scalar("by", by, words_schema({"file", "dns"}));
    Nanoseconds ttl = scenario.names_ttl;
    section.duration("ttl", ttl);
    scenario.names_ttl = std::chrono::duration_cast<std::chrono::seconds>(ttl);
    if (scenario.names_ttl != ttl) section.fail_at("ttl", "DNS knows whole seconds alone", "write ttl: 5s");
    if (scenario.names_ttl > most_names_ttl) section.fail_at("ttl", "it is at most an hour", "write ttl: 5s");
}

void read_role(YamlSection& section, RoleSpec& role) {
    section.command("command", role.command);
    section.map("env", role.env);
    section.text("cwd", role.cwd);
    section.list("aliases", role.aliases);
    section.list("logs", role.logs);
}

// Those that can be expected.
std::vector<std::string> verdict_words() {
    std::vector<std::string> words;
    for (const auto& known : judgement_words)
        if (known.value != Judgement::error) words.emplace_back(known.word);
    return words;
}

Result<std::string> parse_verdict_word(const std::string& word) {
    const auto words = verdict_words();
    if (std::find(words.begin(), words.end(), word) != words.end()) return word;
    return usage_failure("expect the verdict '" + word + "'", "there is none of that name",
                         fmt::format("they are {}", fmt::join(words, ", ")));
}

// There is one thing to expect.
std::function<Result<void>(const std::string&)> only(const char* word, bool& target) {
    return [word, &target](const std::string& given) -> Result<void> {
        target = given == word;
        if (target) return {};
        return usage_failure("expect '" + given + "'", "there is no such thing",
                             fmt::format("write {}", word));
    };
}

void read_expectations(YamlSection& section, Expectations& expect) {
    section.scalar("verdict", into(expect.verdict, parse_verdict_word), words_schema(verdict_words()));
    section.scalar("recovered_within", into(expect.recovered_within, parse_duration), duration_schema());
    section.boolean("finished", expect.finished);
    section.boolean("nobody_crashed", expect.nobody_crashed);
    section.count("rounds", expect.rounds, 1, most_rounds);
    section.scalar("model", only("as-undisturbed", expect.model_as_undisturbed),
                   words_schema({"as-undisturbed"}));
    section.scalar("counted", only("once", expect.counted_once), words_schema({"once"}));
    expect.logs.clear();
    section.sections("logs", [&](YamlSection& log) {
        LogExpectation& entry = expect.logs.emplace_back();
        entry.node = aggregator_name;
        log.text("node", entry.node);
        log.text("line", entry.pattern);
        log.text("equals", entry.equals);
        if (entry.pattern.empty()) log.missing("line", "it needs a line to look for");
    });
}

void read_experiment(YamlSection& section, ExperimentSpec& experiment) {
    section.text("name", experiment.name);
    section.text("what", experiment.what);
    section.map("parameters", experiment.parameters);
    section.scalar("rate", into(experiment.bits_per_second, parse_rate), rate_schema());
    section.section("fault", [&](YamlSection& fault) { read_fault(fault, experiment.fault); });
    if (experiment.name.empty()) section.missing("name", "an experiment needs a name");
}

void read_progress(YamlSection& section, Scenario& scenario) {
    if (section.single("progress")) return section.text("progress", scenario.progress);
    section.section("progress", [&](YamlSection& progress) {
        progress.text("line", scenario.progress);
        progress.scalar("marks", into(scenario.progress_marks, parse_round_mark),
                        words_schema(round_mark_words()));
    });
}

void read_scenario(YamlSection& section, Scenario& scenario) {
    section.text("name", scenario.name);
    section.text("template", scenario.template_name);
    section.count("collaborators", scenario.collaborators, 1, most_collaborators);
    section.section("fabric", [&](YamlSection& fabric) { read_fabric(fabric, scenario.fabric); });
    section.section(
        "names", [&](YamlSection& names) { read_names(names, scenario); }, "by: dns");
    section.section(
        "aggregator", [&](YamlSection& role) { read_role(role, scenario.aggregator); }, "command: ...");
    section.section(
        "collaborator", [&](YamlSection& role) { read_role(role, scenario.collaborator); }, "command: ...");
    section.map("env", scenario.env);
    read_tcp(section, scenario);
    section.text("workspace", scenario.workspace);
    section.text("files", scenario.files);
    section.text("description", scenario.description);
    section.text("variant", scenario.variant);
    read_stages(section, scenario);
    section.command("prepare", scenario.prepare);
    section.map("parameters", scenario.parameters);
    section.list("paths", scenario.paths);
    for (const std::string& name : scenario.paths)
        if (!scenario.parameters.contains(name))
            section.fail_at("paths", "'" + name + "' is not one of the parameters", "");
    section.text("ready", scenario.ready);
    section.duration("ready_within", scenario.ready_within);
    read_progress(section, scenario);
    section.text("end", scenario.end);
    bool first = true;
    section.sections("faults", [&](YamlSection& fault) {
        if (std::exchange(first, false)) scenario.faults.clear();
        read_fault(fault, scenario.faults.emplace_back());
    });
    section.section("expect", [&](YamlSection& expect) { read_expectations(expect, scenario.expect); });
    read_safety(section, scenario);
    first = true;
    section.sections("experiments", [&](YamlSection& experiment) {
        if (std::exchange(first, false)) scenario.experiments.clear();
        read_experiment(experiment, scenario.experiments.emplace_back());
    });
    section.duration("timeout", scenario.timeout);
    section.duration("hang_after", scenario.hang_after);
    section.list("known_hangs", scenario.known_hangs);
    section.duration("grace", scenario.grace);
    section.text("user", scenario.user);
    section.boolean("tty", scenario.tty);
    section.boolean("join_output", scenario.join_output);
    section.boolean("syslog", scenario.syslog);
    section.boolean("stacks", scenario.stacks);
    section.boolean("pcap", scenario.pcap);
    section.scalar("pcap_snap", into(scenario.pcap_snap, parse_snap), bytes_schema("all"));
}

// Of each key, those of mappings in mappings as "fabric.mtu".
void note_places(const YamlSource& source, const YAML::Node& node, const std::string& above,
                 std::map<std::string, Place>& places) {
    constexpr std::size_t longest_key = 64;  // of those that there are
    places[above] = source.place(node.Mark());
    if (!node.IsMap() || above.find('.') != std::string::npos) return;
    for (const auto& entry : node) {
        const YAML::Node& key = entry.first;
        if (key.IsScalar() && key.Scalar().size() <= longest_key)
            note_places(source, entry.second, above.empty() ? key.Scalar() : above + "." + key.Scalar(),
                        places);
    }
}

void write_role(YAML::Emitter& out, const char* name, const RoleSpec& role) {
    out << YAML::Key << name << YAML::Value << YAML::BeginMap;
    out << YAML::Key << "command" << YAML::Value << YAML::Flow << role.command;
    if (!role.env.empty()) out << YAML::Key << "env" << YAML::Value << role.env;
    if (!role.cwd.empty()) out << YAML::Key << "cwd" << YAML::Value << role.cwd;
    if (!role.logs.empty()) out << YAML::Key << "logs" << YAML::Value << YAML::Flow << role.logs;
    if (!role.aliases.empty()) out << YAML::Key << "aliases" << YAML::Value << YAML::Flow << role.aliases;
    out << YAML::EndMap;
}

void write_fabric(YAML::Emitter& out, const FabricOptions& fabric) {
    out << YAML::Key << "fabric" << YAML::Value << YAML::BeginMap;
    out << YAML::Key << "kind" << YAML::Value << fabric_word(fabric.kind);
    out << YAML::Key << "ip" << YAML::Value << (!fabric.ipv6 ? "4" : !fabric.ipv4 ? "6" : "both");
    out << YAML::Key << "mtu" << YAML::Value << fabric.mtu;
    if (fabric.single_segments) out << YAML::Key << "single_segments" << YAML::Value << true;
    if (!fabric.uplink.empty()) out << YAML::Key << "uplink" << YAML::Value << YAML::Flow << fabric.uplink;
    if (fabric.rate) {
        out << YAML::Key << "rate" << YAML::Value << fmt::format("{}bit", fabric.rate->bits_per_second);
        out << YAML::Key << "shaper" << YAML::Value << fabric.rate->shaper;
        out << YAML::Key << "queue" << YAML::Value << duration_text(fabric.rate->queue);
    }
    out << YAML::EndMap;
}

void write_tcp(YAML::Emitter& out, const std::vector<TcpSpec>& tcp) {
    if (tcp.empty()) return;
    out << YAML::Key << "tcp" << YAML::Value << YAML::BeginSeq;
    for (const TcpSpec& spec : tcp) {
        out << YAML::Flow << YAML::BeginMap << YAML::Key << "nodes" << YAML::Value << spec.nodes;
        for (const auto& [key, value] : spec.keys) out << YAML::Key << key << YAML::Value << value;
        out << YAML::EndMap;
    }
    out << YAML::EndSeq;
}

void write_optional(YAML::Emitter& out, const char* key, const std::string& value) {
    if (!value.empty()) out << YAML::Key << key << YAML::Value << value;
}

void write_expectations(YAML::Emitter& out, const Expectations& expect) {
    if (!expect.any()) return;
    out << YAML::Key << "expect" << YAML::Value << YAML::BeginMap;
    write_optional(out, "verdict", expect.verdict);
    if (expect.recovered_within)
        write_optional(out, "recovered_within", duration_text(*expect.recovered_within));
    if (expect.finished) out << YAML::Key << "finished" << YAML::Value << true;
    if (expect.nobody_crashed) out << YAML::Key << "nobody_crashed" << YAML::Value << true;
    if (expect.rounds > 0) out << YAML::Key << "rounds" << YAML::Value << expect.rounds;
    if (expect.model_as_undisturbed) write_optional(out, "model", "as-undisturbed");
    if (expect.counted_once) write_optional(out, "counted", "once");
    if (!expect.logs.empty()) {
        out << YAML::Key << "logs" << YAML::Value << YAML::BeginSeq;
        for (const LogExpectation& log : expect.logs) {
            out << YAML::BeginMap << YAML::Key << "node" << YAML::Value << log.node;
            out << YAML::Key << "line" << YAML::Value << log.pattern;
            write_optional(out, "equals", log.equals);
            out << YAML::EndMap;
        }
        out << YAML::EndSeq;
    }
    out << YAML::EndMap;
}

void write_progress(YAML::Emitter& out, const Scenario& scenario) {
    if (scenario.progress_marks == RoundMark::begin)
        return write_optional(out, "progress", scenario.progress);
    out << YAML::Key << "progress" << YAML::Value << YAML::BeginMap;
    write_optional(out, "line", scenario.progress);
    out << YAML::Key << "marks" << YAML::Value << "end" << YAML::EndMap;
}

void write_scenario(YAML::Emitter& out, const Scenario& scenario) {
    out << YAML::BeginMap << YAML::Key << "name" << YAML::Value << scenario.name;
    // Not the template: all that it said is here, and what was emptied must stay so.
    out << YAML::Key << "collaborators" << YAML::Value << scenario.collaborators;
    write_fabric(out, scenario.fabric);
    if (scenario.fabric.name_server)
        out << YAML::Key << "names" << YAML::Value << YAML::Flow << YAML::BeginMap << YAML::Key << "by"
            << YAML::Value << "dns" << YAML::Key << "ttl" << YAML::Value << duration_text(scenario.names_ttl)
            << YAML::EndMap;
    if (!scenario.env.empty()) out << YAML::Key << "env" << YAML::Value << scenario.env;
    write_tcp(out, scenario.tcp);
    write_optional(out, "workspace", scenario.workspace);
    write_optional(out, "files", scenario.files);
    write_role(out, "aggregator", scenario.aggregator);
    write_role(out, "collaborator", scenario.collaborator);
    if (!scenario.prepare.empty())
        out << YAML::Key << "prepare" << YAML::Value << YAML::Flow << scenario.prepare;
    if (!scenario.parameters.empty()) out << YAML::Key << "parameters" << YAML::Value << scenario.parameters;
    write_optional(out, "ready", scenario.ready);
    if (!scenario.ready.empty()) write_optional(out, "ready_within", duration_text(scenario.ready_within));
    write_progress(out, scenario);
    write_optional(out, "end", scenario.end);
    if (!scenario.faults.empty()) {
        out << YAML::Key << "faults" << YAML::Value << YAML::BeginSeq;
        for (const FaultSpec& fault : scenario.faults) write_fault(out, fault);
        out << YAML::EndSeq;
    }
    write_expectations(out, scenario.expect);
    write_safety(out, scenario);
    out << YAML::Key << "timeout" << YAML::Value << duration_text(scenario.timeout);
    out << YAML::Key << "hang_after" << YAML::Value << duration_text(scenario.hang_after);
    if (!scenario.known_hangs.empty())
        out << YAML::Key << "known_hangs" << YAML::Value << scenario.known_hangs;
    out << YAML::Key << "grace" << YAML::Value << duration_text(scenario.grace);
    write_optional(out, "user", scenario.user);
    out << YAML::Key << "tty" << YAML::Value << scenario.tty;
    if (scenario.join_output) out << YAML::Key << "join_output" << YAML::Value << true;
    if (scenario.syslog) out << YAML::Key << "syslog" << YAML::Value << true;
    if (!scenario.stacks) out << YAML::Key << "stacks" << YAML::Value << false;
    if (scenario.pcap) {
        out << YAML::Key << "pcap" << YAML::Value << true << YAML::Key << "pcap_snap" << YAML::Value;
        scenario.pcap_snap == whole_packets ? out << "all" : out << scenario.pcap_snap;
    }
    out << YAML::EndMap;
}

}  // namespace

Reading read_all(Scenario& scenario, const std::string& text, const std::string& file) {
    YamlSource source(file);
    const YAML::Node root = source.load(text);
    YamlSection section(source, root, "the scenario");
    read_scenario(section, scenario);
    section.finish();
    Reading reading{std::move(source.errors), std::move(source.misread), {}};
    note_places(source, root, "", reading.places);
    return reading;
}

Result<void> read_yaml(Scenario& scenario, const std::string& text, const std::string& file) {
    YamlSource source(file);
    YamlSection section(source, source.load(text), "the scenario");
    read_scenario(section, scenario);
    section.finish();
    return source.result();
}

void outline_scenario(YamlSection& section) {
    Scenario scenario;
    read_scenario(section, scenario);
}

std::string template_named_in(const std::string& text) {
    YamlSource source;
    const YAML::Node root = source.load(text);  // read_yaml will say what is wrong with it
    if (root.IsMap() && root["template"] && root["template"].IsScalar()) return root["template"].Scalar();
    return {};
}

std::string write_yaml(const Scenario& scenario) {
    YAML::Emitter plain;
    write_scenario(plain, scenario);
    std::string text = std::string(plain.c_str()) + "\n";
    if (text.find('\r') == std::string::npos) return text;
    // Outside of quotes the emitter leaves a carriage return as it is, and a reader takes it for a newline.
    YAML::Emitter quoted;
    quoted.SetStringFormat(YAML::DoubleQuoted);
    write_scenario(quoted, scenario);
    return std::string(quoted.c_str()) + "\n";
}

}  // namespace netcut
