// SPDX-License-Identifier: Apache-2.0
#include "scenario/yaml.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/time.h"
#include "fabric/options.h"
#include "link/rate.h"
#include "scenario/churn.h"
#include "scenario/fault_yaml.h"
#include "scenario/judgement.h"
#include "scenario/link_yaml.h"
#include "scenario/mistakes.h"
#include "scenario/safety_yaml.h"
#include "scenario/site.h"
#include "scenario/stage_yaml.h"
#include "scenario/tcp.h"
#include "scenario/words.h"
#include "scenario/yaml_node.h"

namespace netcut {
namespace {

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
    write_links(out, scenario.link);
    write_sites(out, scenario.fabric.sites);
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
    read_scenario_node(source, root, scenario);
    Reading reading{std::move(source.errors), std::move(source.misread), {}};
    note_places(source, root, "", reading.places);
    return reading;
}

Result<void> read_yaml(Scenario& scenario, const std::string& text, const std::string& file) {
    YamlSource source(file);
    read_scenario_node(source, source.load(text), scenario);
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
