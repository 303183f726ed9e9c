// SPDX-License-Identifier: Apache-2.0
#include "scenario/schema.h"

#include <map>

#include "base/json.h"
#include "scenario/fault_kind.h"
#include "scenario/fault_spec.h"
#include "scenario/fault_yaml.h"
#include "scenario/mistakes.h"
#include "scenario/outline_schema.h"

namespace netcut {
namespace {

// What the keys mean. Those of a fault's kind are in its definition.
const std::map<std::string, const char*>& meanings() {
    static const std::map<std::string, const char*> all = {
        {"name", "The name of the run, and part of its folder's name"},
        {"template",
         "A template that lies beneath this file: a name that netcut-fl templates lists, or a folder"},
        {"collaborators", "How many collaborators there are; at most 1022 on a bridge"},
        {"fabric", "The network between the nodes"},
        {"fabric.kind", "routed: a router between all nodes; bridge: one Ethernet segment"},
        {"fabric.ip", "The versions of IP that nodes have"},
        {"fabric.mtu", "The MTU of all links, in bytes; with IPv6 at least 1280"},
        {"fabric.single_segments", "No segmentation offload: one packet is one segment"},
        {"fabric.uplink", "Nodes that reach the network of this machine, or all"},
        {"fabric.rate", "The rate of every link, each way"},
        {"fabric.shaper", "How the rate is kept"},
        {"fabric.queue", "How long a packet may wait for the rate"},
        {"names", "How nodes find each other's names"},
        {"names.by", "file: in /etc/hosts; dns: the run's own name server"},
        {"names.ttl",
         "How long nodes may keep an answer of the name server, in whole seconds; an hour at most"},
        {"aggregator", "What the aggregator runs"},
        {"collaborator", "What each collaborator runs"},
        {"command",
         "The command and its arguments, as words or as one text; no shell is involved. {name}, {index}, "
         "{aggregator}, {cols}, {work} and the parameters are filled in"},
        {"env", "Variables of the environment"},
        {"tcp", "How the TCP of nodes works: of all, or a list of entries, of which later ones count more"},
        {"tcp.nodes", "The nodes that an entry is of, all or collaborators; by default all"},
        {"link",
         "What the links of nodes carry over time: one entry, or a list, of which later ones count more"},
        {"link.nodes", "The nodes that an entry is of, all or collaborators; by default collaborators"},
        {"up", "From the node: a rate, or what follows"},
        {"down", "To the node: a rate, or what follows"},
        {"link.rate", "Always this rate"},
        {"trace",
         "A file with a trace, as Mahimahi has them or as CSV; or a model, or a folder to draw from, by a "
         "seed"},
        {"trace.model", "A trace is made for each node: netcut-fl trace prints one"},
        {"trace.folder", "A file of this folder is drawn for each node"},
        {"trace.seed", "The seed of the model or of the draw; by default 1"},
        {"mean", "The mean rate of the model's trace"},
        {"length", "The length of the model's trace"},
        {"loop", "The trace begins again when it ends; else the link stays as it was in its last second"},
        {"speed", "2: the trace takes half of its time, with the same rates"},
        {"link.queue",
         "How long a packet may wait at the mean rate, or how many bytes may; by default 100ms"},
        {"sites", "Nodes behind a router and an uplink of their own, by the name of the site"},
        {"sites.nodes", "The nodes in it, all or collaborators; a node is in one site"},
        {"sites.uplink", "The rates of the uplink that they share, to the site and from it: 20mbit/5mbit"},
        {"sites.queue", "How long a packet may wait for the uplink, or how many bytes may; by default 100ms"},
        {"nat",
         "How the site's router translates IPv4: home: one address, the ports stay; cgnat: some addresses "
         "and a block of ports; symmetric: one address, ports by chance"},
        {"firewall",
         "outbound-only: connections are opened from inside; idle TIME: and forgotten when they are silent "
         "for so long"},
        {"vpn", "What its nodes exchange with the outside goes through a tunnel: wireguard"},
        {"proxy", "Its nodes reach the outside through an HTTP proxy alone: connect"},
        {"churn", "Nodes come and go, as faults over time: one entry, or a list"},
        {"churn.nodes", "The nodes that come and go, all or collaborators; by default collaborators"},
        {"churn.kind", "The kind of fault that a node that is away has; by default drop"},
        {"churn.up", "How long a node is there on average"},
        {"churn.down", "How long it is away on average; with together: exactly so long"},
        {"together", "This many of the nodes go at once, whichever are drawn"},
        {"every", "How long it takes on average until nodes go again"},
        {"churn.seed", "The seed of all that; by default 1"},
        {"churn.length", "How long nodes come and go; by default 30m"},
        {"churn.trace",
         "In place of a model a file: lines of seconds, seconds and a node, from when until when it is away"},
        {"cwd", "The working directory; by default where netcut-fl was started"},
        {"aliases", "Further names of the node in every node's /etc/hosts"},
        {"logs", "Files that the node writes its log to, relative to cwd: watched as what it prints"},
        {"workspace", "The folder in which stages keep what they make"},
        {"files", "The folder of the template's files"},
        {"description", "What a template is, in one line"},
        {"variant", "Of a template: the parameter that is set by what follows its name"},
        {"stages", "What is done once before runs, and again when what it depends on has changed"},
        {"stages.prepare", "Stage 1: the base environment"},
        {"stages.workspace", "Stage 2: the framework's workspace"},
        {"stages.certify", "Stage 3: certificates"},
        {"commands", "The commands of the stage, in their order"},
        {"commands.run", "The command and its arguments"},
        {"commands.cwd", "Its working directory; by default the workspace"},
        {"commands.each", "Run it once for each collaborator"},
        {"commands.if", "It is left out if this expands to nothing"},
        {"commands.only_if", "It is left out if this command fails"},
        {"commands.unless", "It is left out if this command succeeds"},
        {"version", "A command; the stage is repeated when its output changes"},
        {"inputs", "Files and folders; the stage is repeated when their contents change"},
        {"makes", "What the stage makes, below the workspace; removed before it"},
        {"stages.timeout", "The longest that each command may take"},
        {"needs", "What a template needs of the machine"},
        {"needs.name", "What is needed, in words"},
        {"test", "A command that succeeds if it is there"},
        {"get", "How to get it"},
        {"prepare", "A command that is run once before the nodes, as the user, without a network"},
        {"parameters", "Values of words in braces"},
        {"paths", "The parameters that are paths, relative to where the user is"},
        {"ready", "A log line of the aggregator; collaborators start after it"},
        {"ready_within", "How long the aggregator may take to print that line"},
        {"progress", "A log line that shows progress; its first group is the round"},
        {"progress.line", "The log line"},
        {"progress.marks", "Whether the line marks the beginning of a round or its end"},
        {"end",
         "A log line of the aggregator after which the work is done; or collaborators: when all of them have "
         "ended"},
        {"faults", "What is done to nodes, and when"},
        {"expect", "What is expected of the run; it decides the exit status"},
        {"expect.verdict", "The verdict"},
        {"recovered_within", "Work goes on within this time after each heal"},
        {"finished", "Every node ends by itself with exit code 0"},
        {"nobody_crashed", "No node ends by itself with another exit code"},
        {"rounds", "So many rounds are finished at least"},
        {"expect.model", "The model is that of undisturbed runs"},
        {"expect.counted", "Each update is counted once in each round"},
        {"counted", "Log lines that tell whose updates were counted; docs/safety.md"},
        {"counted.node", "Whose log; by default the aggregator's"},
        {"counted.name", "What the application calls a collaborator; by default {name}"},
        {"everyone", "Each collaborator is to be counted in each round; else as in undisturbed runs"},
        {"keyed",
         "One update of each collaborator is kept in a round: a line that comes again is of the same"},
        {"planned", "How many (?P<rounds>...) there are to be"},
        {"begun", "A round begins; again, if it had begun before"},
        {"averaged", "An update was averaged: of (?P<node>...), in (?P<round>...), with (?P<samples>...)"},
        {"total", "How many (?P<results>...) were averaged in (?P<round>...), of how many (?P<wanted>...)"},
        {"refused", "An update of (?P<node>...) was refused"},
        {"late", "An update of (?P<node>...) came too late"},
        {"done", "A round is done"},
        {"model", "What tells of the model; docs/safety.md"},
        {"model.node", "Whose log; by default the aggregator's"},
        {"digest", "A log line with the digest of the model as its first group; the last one counts"},
        {"metric", "A log line with a number as its first group; the last one counts"},
        {"band", "How much further than that of undisturbed runs the metric may be"},
        {"model.file", "The file of the model, compared by its SHA-256"},
        {"model.tensors",
         "The file of the model, whose tensors are compared: npz, safetensors or OpenFL's pbuf"},
        {"within", "How much a value in the tensors may differ"},
        {"deterministic", "Undisturbed runs give the same bits"},
        {"twins", "What undisturbed runs of this scenario showed; written by netcut-fl run --twins"},
        {"twins.folder", "The folder that they are in"},
        {"twins.count", "How many there were"},
        {"twins.rounds", "How many rounds each of them finished"},
        {"digests", "The digests of their models"},
        {"twins.files", "The SHA-256 of their model's files"},
        {"metrics", "Their metrics"},
        {"twins.tensors", "The files of their models"},
        {"members", "A round, and who was counted in it"},
        {"results", "A round, and how many updates were counted in it, at least and at most"},
        {"samples", "A node, and how many samples its updates have"},
        {"updates", "A node, and the bytes of its update in each round, at least and at most"},
        {"models", "A node, and the bytes of the model that it received in each round, at least and at most"},
        {"deliveries", "Note what the wire delivers of each update and model"},
        {"safety", "A run that is not as undisturbed has failed"},
        {"expect.logs", "Lines that must come"},
        {"logs.node", "Whose output; by default the aggregator's"},
        {"logs.line", "A line that must come"},
        {"equals", "What the last such line, or its first group, must be"},
        {"experiments", "The moments of netcut-fl experiments and explore"},
        {"experiments.name", "The name of the moment"},
        {"what", "What the moment is, in words"},
        {"experiments.parameters", "Values of words in braces, over those of the scenario"},
        {"experiments.rate", "The rate of every link, each way"},
        {"fault", "The fault; {node} in its patterns is the node that is cut"},
        {"timeout", "The longest that the run may take"},
        {"hang_after", "It is a hang when there was no progress for so long after the last heal"},
        {"known_hangs", "States (hang.state of verdict.json) in which a run hangs, as is known from before"},
        {"grace", "The time between SIGTERM and SIGKILL of nodes that are stopped"},
        {"user", "The user as whom the nodes run"},
        {"tty", "Give every node a terminal instead of pipes"},
        {"join_output", "Write a node's stdout and stderr to one log"},
        {"stacks",
         "Of a run that hangs, find the lines of the programs at which nodes wait; false: their Python ends "
         "as by "
         "SIGTERM"},
        {"syslog", "Give nodes a /dev/log, which is watched as what they print"},
        {"pcap", "Capture the packets of each node"},
        {"pcap_snap", "How much of each packet to capture, or all"},
        // of faults
        {"faults.name", "The name of the fault; by default cut, or cut1, cut2, ..."},
        {"kind", "The kind of fault; by default drop"},
        {"nodes", "The nodes that it acts on, all or collaborators; by default the last collaborator"},
        {"on", "When it begins"},
        {"when", "A moment on the wire that is waited for from then on: sent 64KiB, reply, silence 2s, ..."},
        {"for", "How long it lasts, or never; by default 20s"},
        {"times", "How often it happens at most"},
        {"flap", "It goes on and off again and again"},
        {"flap.list", "How long each cycle is on and then off, in place of what follows: 10s 50s, 20s 1m"},
        {"period", "The length of a cycle"},
        {"duty", "The share of a cycle in which it is on; by default 50%"},
        {"jitter", "Each time is up to this share longer or shorter"},
        {"seed", "The seed of these lengths"},
        {"count", "How many cycles there are"},
        {"on.log",
         "It begins on a log line with this in it; * stands for anything, re:EXPR is a regular expression"},
        {"on.file", "It begins on a line of this file, which the node writes"},
        {"on.line", "The line of the file"},
        {"on.phase", "It begins in this phase of a node's work"},
        {"on.start", "It begins when the aggregator is started"},
        {"on.with", "It begins with this other fault"},
        {"on.after",
         "It begins when this other fault has healed; of a phase: how far into it, a time or bytes"},
        {"on.node", "The node that is watched; by default the first of the fault"},
        {"on.nth", "It begins on the n-th of them"},
        {"on.delay", "How long to wait then"},
        {"on.round", "Not before a progress line has named this round"},
        {"armed_by", "Not before this log line; or exchange: not before the node has sent and received data"},
        {"armed_by.log", "The log line"},
        {"armed_by.node", "The node whose line it is"},
    };
    return all;
}

void outline_fault(YamlSection& section) {
    FaultSpec fault;
    read_common_keys(section, fault);
}

}  // namespace

std::string fault_schema() {
    const Json common = outline_of(outline_fault).at("properties");
    Json kinds = Json::array();
    for (const FaultKind& kind : fault_kinds()) {
        Json keys = {{"kind", {{"const", kind.name}}}};
        for (const auto& [name, schema] : common.items())
            if (!kind.refuses(name)) keys[name] = schema;
        for (const FaultKey& key : kind.keys) {
            Json& schema = keys[key.name] = Json::parse(key.type.schema);
            schema["description"] = key.meaning;
            if (!key.standard.empty()) schema["default"] = key.standard;
        }
        kinds.push_back({{"title", kind.name},
                         {"description", kind.summary},
                         {"type", "object"},
                         {"properties", std::move(keys)},
                         {"additionalProperties", false}});
        // The first of them is what a fault is that names no kind.
        if (kinds.size() > 1) kinds.back()["required"] = Json::array({"kind"});
    }
    Json schema = {{"anyOf", std::move(kinds)}};
    std::vector<std::string> path = {"faults"};
    describe(schema, meanings(), path);
    return schema.dump(2);
}

std::string scenario_schema() {
    Json schema = {{"$schema", "https://json-schema.org/draft/2020-12/schema"},
                   {"title", "a scenario of netcut-fl"},
                   {"description", "What netcut-fl run reads; docs/scenario.md"}};
    schema.update(outline_of(outline_scenario));
    std::vector<std::string> path;
    describe(schema, meanings(), path);
    schema["$defs"] = {{"fault", Json::parse(fault_schema())}};
    return schema.dump(2);
}

}  // namespace netcut
