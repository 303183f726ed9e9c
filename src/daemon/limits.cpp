// SPDX-License-Identifier: Apache-2.0
#include "daemon/limits.h"

#include <fmt/format.h>

#include "scenario/fault_yaml.h"
#include "scenario/value_schema.h"
#include "scenario/words.h"
#include "scenario/yaml_section.h"

namespace netcut {
namespace {

constexpr unsigned many = 1'000'000;

void read_limits(YamlSection& section, Limits& limits) {
    section.count("runs", limits.runs, 0, many);
    section.count("kept", limits.kept, 0, many);
    section.count("nodes", limits.nodes, 0, many);
    section.duration("run-time", limits.run_time);
    section.scalar("log-bytes", into(limits.log_bytes, parse_bytes), bytes_schema());
    section.scalar("memory", into(limits.memory, parse_bytes), bytes_schema());
    section.count("processes", limits.processes, 1, many);
    section.count("connections", limits.connections, 1, many);
}

}  // namespace

const Limits& Configuration::of(const std::string& name, unsigned uid) const {
    for (const std::string& key : {name, std::to_string(uid)})
        if (const auto found = users.find(key); found != users.end()) return found->second;
    return limits;
}

Result<Configuration> Configuration::read(const std::string& text, const std::string& file) {
    Configuration configuration;
    YamlSource source(file);
    const YAML::Node root = source.load(text);
    if (source.errors.empty() && root.IsDefined() && !root.IsNull()) {
        YamlSection all(source, root, "");
        all.section("limits", [&](YamlSection& section) { read_limits(section, configuration.limits); });
        all.sections("users", [&](YamlSection& section) {
            std::string name;
            section.text("name", name);
            if (name.empty()) return section.missing("name", "a user needs a name");
            Limits& own = configuration.users.emplace(name, configuration.limits).first->second;
            read_limits(section, own);
        });
        all.finish();
    }
    if (auto good = source.result(); !good) {
        good.error().attempt = "read the configuration";
        return Failure(good.error());
    }
    return configuration;
}

}  // namespace netcut
