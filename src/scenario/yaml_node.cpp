// SPDX-License-Identifier: Apache-2.0
#include "scenario/yaml_node.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/time.h"
#include "fabric/options.h"
#include "link/rate.h"
#include "scenario/churn.h"
#include "scenario/fault_yaml.h"
#include "scenario/judgement.h"
#include "scenario/link_yaml.h"
#include "scenario/safety_yaml.h"
#include "scenario/site.h"
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

}  // namespace

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
    read_links(section, scenario);
    read_sites(section, scenario.fabric.sites);
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
    read_churn(section, scenario);
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

void read_scenario_node(YamlSource& source, const YAML::Node& node, Scenario& scenario) {
    YamlSection section(source, node, "the scenario");
    read_scenario(section, scenario);
    section.finish();
}

}  // namespace netcut
