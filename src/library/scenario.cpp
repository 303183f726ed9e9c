// SPDX-License-Identifier: Apache-2.0
//
// A scenario as YAML. A text in JSON is one in YAML, too.
#include "base/json.h"
#include "netcut/netcut.h"

namespace netcut::v1 {
namespace {

std::string quoted(const std::string& text) {
    return Json(text).dump(-1, ' ', false, Json::error_handler_t::replace);
}

std::string list(const std::vector<std::string>& words) {
    std::string text;
    for (const std::string& word : words) text += (text.empty() ? "" : ", ") + quoted(word);
    return "[" + text + "]";
}

std::string time_text(std::chrono::nanoseconds time) {
    return std::to_string(time.count()) + "ns";
}

// The mapping at some depth, a key a line.
class Mapping {
  public:
    explicit Mapping(std::string indent, std::string first = {})
        : indent_(std::move(indent)), next_(first.empty() ? indent_ : std::move(first)) {}

    void add(const std::string& key, const std::string& yaml) {
        text_ += std::exchange(next_, indent_) + key + ": " + yaml + "\n";
    }
    void add_text(const std::string& key, const std::string& text) {
        if (!text.empty()) add(key, quoted(text));
    }
    void add_all(const std::map<std::string, std::string>& keys) {
        for (const auto& [key, yaml] : keys) add(key, yaml);
    }
    void nest(const std::string& key, const std::string& lines) { text_ += indent_ + key + ":\n" + lines; }
    const std::string& text() const { return text_; }

  private:
    std::string indent_, next_, text_;
};

std::string role_yaml(const Role& role) {
    Mapping yaml("  ");
    yaml.add("command", list(role.command));
    yaml.add_text("cwd", role.folder);
    if (!role.environment.empty()) {
        Mapping environment("    ");
        for (const auto& [name, value] : role.environment) environment.add(quoted(name), quoted(value));
        yaml.nest("env", environment.text());
    }
    return yaml.text();
}

std::string on_yaml(const Fault& fault) {
    if (fault.line.empty() && fault.delay.count() == 0) return "start";
    Mapping yaml("      ");
    if (fault.line.empty())
        yaml.add("start", "true");
    else
        yaml.add("log", quoted(fault.line));
    yaml.add_text("node", fault.line_of);
    yaml.add("delay", time_text(fault.delay));
    return "\n" + yaml.text();
}

std::string fault_yaml(const Fault& fault) {
    Mapping yaml("    ", "  - ");
    yaml.add("kind", quoted(fault.kind));
    yaml.add_text("name", fault.name);
    if (!fault.nodes.empty()) yaml.add("nodes", list(fault.nodes));
    if (!fault.keys.contains("on")) yaml.add("on", on_yaml(fault));
    if (!fault.keys.contains("for")) yaml.add("for", fault.lasts ? time_text(*fault.lasts) : "never");
    yaml.add("times", std::to_string(fault.times));
    yaml.add_all(fault.keys);
    return yaml.text();
}

}  // namespace

std::string Scenario::to_yaml() const {
    Mapping yaml("");
    yaml.add("name", quoted(name));
    yaml.add("collaborators", std::to_string(collaborators));
    for (const auto& [key, role] :
         {std::pair("aggregator", &aggregator), std::pair("collaborator", &collaborator)})
        if (!role->command.empty()) yaml.nest(key, role_yaml(*role));
    yaml.add_text("ready", ready);
    yaml.add_text("progress", progress);
    yaml.add_text("end", end);
    if (!faults.empty()) {
        std::string entries;
        for (const Fault& fault : faults) entries += fault_yaml(fault);
        yaml.nest("faults", entries);
    }
    yaml.add("timeout", time_text(timeout));
    yaml.add("hang_after", time_text(hang_after));
    yaml.add_all(keys);
    return yaml.text();
}

}  // namespace netcut::v1
