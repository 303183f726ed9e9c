// SPDX-License-Identifier: Apache-2.0
//
// scenario: what a run shall do, as data. Read from YAML, from a template and from the command line, each
// overlaying the one before; checked as a whole before anything starts. No I/O on the kernel.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "netcut/base.h"
#include "netcut/fault.h"

namespace netcut {

// What the nodes of one role run. Words in braces are replaced, see expand().
struct RoleSpec {
    std::vector<std::string> command;
    std::map<std::string, std::string> env;
    std::string cwd;                   // empty: where netcut-fl was started
    std::vector<std::string> aliases;  // further names in every node's /etc/hosts: TLS names must match
};

// A log line that starts a fault.
struct LogTrigger {
    std::string pattern;   // see Pattern
    std::string node;      // whose output is watched; empty: the first node that is cut
    unsigned nth = 1;      // the first match that counts
    Nanoseconds delay{0};  // between match and cut
};

struct FaultSpec {
    std::string name;  // unique; "cut" if there is one
    CutKind kind = CutKind::drop;
    std::vector<std::string> nodes;  // empty: the last collaborator
    Direction direction = Direction::both;
    LinkEnd down_end = LinkEnd::node;
    PlugOptions plug;
    LogTrigger trigger;
    std::optional<Nanoseconds> duration = std::chrono::seconds(20);  // none: never healed
    unsigned times = 1;
};

struct Scenario {
    std::string name = "run";
    std::string template_name;
    unsigned collaborators = 2;
    FabricOptions fabric;
    RoleSpec aggregator, collaborator;
    std::vector<std::string> prepare;  // run once before the nodes, as the user, without a network
    std::map<std::string, std::string> parameters;  // for the words in braces
    std::string ready;  // a log line of the aggregator: collaborators start after it; empty: at once
    std::string
        progress;  // a log line that says that work goes on; its first group is the round; empty: any line
    std::vector<FaultSpec> faults;
    Nanoseconds timeout = std::chrono::minutes(30);     // of the whole run
    Nanoseconds hang_after = std::chrono::seconds(60);  // without progress, after the last heal
    Nanoseconds grace = std::chrono::seconds(5);        // between SIGTERM and SIGKILL
    std::string user;                                   // empty: who called
    bool tty = false;
};

inline constexpr const char* aggregator_name = "aggregator";
std::string collaborator_name(unsigned index);  // from 1
// The aggregator first.
std::vector<std::string> node_names(const Scenario& scenario);
// Place of a name in node_names().
std::optional<std::size_t> node_index(const Scenario& scenario, const std::string& name);

// Overlays `scenario` with a YAML text. An error has the form "FILE:line:column: what".
Result<void> read_yaml(Scenario& scenario, const std::string& text, const std::string& file);
// The template that a YAML text wants beneath it; empty if none, or if it is no YAML.
std::string template_named_in(const std::string& text);
// The whole scenario as YAML that read_yaml takes, without need of its template.
std::string write_yaml(const Scenario& scenario);

// Names of the built-in templates, and the YAML text of one.
std::vector<std::string> template_names();
Result<std::string> template_text(const std::string& name);

// Fills in what is left open (names of faults, who is cut) and refuses what cannot be.
Result<void> check(Scenario& scenario);

// {name} {index} {aggregator} {cols} {work} {bin} and the scenario's parameters; "{{" is a brace.
// A word that is nothing but one parameter becomes as many words as its value has, perhaps none.
struct ExpandContext {
    std::string node;
    unsigned index = 0;
    std::string work_folder;
    std::string program_folder;
};
Result<std::vector<std::string>> expand(const std::vector<std::string>& words, const Scenario& scenario,
                                        const ExpandContext& context);

// "100mbit", "1gbit", "64kbit", "9600bit": bits per second, decimal, as tc(8) writes them.
Result<std::uint64_t> parse_rate(const std::string& text);

// Words of the command line and of YAML.
Result<CutKind> parse_kind(const std::string& word);
Result<Direction> parse_direction(const std::string& word);
Result<LinkEnd> parse_end(const std::string& word);
Result<FabricKind> parse_fabric(const std::string& word);
Result<void> parse_ip(const std::string& word, FabricOptions& fabric);  // "4", "6", "both"
Result<std::string> parse_shaper(const std::string& word);
// A duration, or "never".
Result<std::optional<Nanoseconds>> parse_heal_time(const std::string& word);
std::string kind_name(CutKind kind);
std::string direction_name(Direction direction);

}  // namespace netcut
