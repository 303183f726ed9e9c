// SPDX-License-Identifier: Apache-2.0
//
// What a run shall do, as data. Read from YAML, from a template and from the command line, each overlaying the one
// before; checked as a whole before anything starts. No I/O on the kernel.
#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/time.h"
#include "fabric/options.h"
#include "scenario/churn_spec.h"
#include "scenario/fault_kind.h"
#include "scenario/fault_spec.h"
#include "scenario/link_spec.h"
#include "scenario/safety_spec.h"

namespace netcut {

// What the nodes of one role run. Words in braces are replaced, see expand().
struct RoleSpec {
    std::vector<std::string> command;
    std::map<std::string, std::string> env;
    std::string cwd;                   // empty: where netcut-fl was started
    std::vector<std::string> aliases;  // further names in every node's /etc/hosts: TLS names must match
    std::vector<std::string> logs;     // files that it writes its log to; watched as what it prints
};

// What the user expects of a run; it then decides the exit status.
struct LogExpectation {
    std::string node;     // whose output
    std::string pattern;  // a line that must come
    std::string equals;   // what the last such line, or its first group, must be; empty: anything
};
inline constexpr unsigned most_rounds = 10'000;  // of one node that are told apart
struct Expectations {
    std::string verdict;                          // empty: any
    std::optional<Nanoseconds> recovered_within;  // work goes on, since each heal
    bool finished = false;                        // every node ended by itself with exit code 0
    bool nobody_crashed = false;                  // a node that hangs, or that a fault killed, did not crash
    unsigned rounds = 0;                          // at least so many are finished, by the progress lines
    bool model_as_undisturbed = false;            // the model is that of the twins
    bool counted_once = false;                    // each update was counted once, in each round
    std::vector<LogExpectation> logs;

    bool any() const {
        return !verdict.empty() || recovered_within || finished || nobody_crashed || rounds > 0 ||
               model_as_undisturbed || counted_once || !logs.empty();
    }
};

// One moment of an experiment: a run of its own for each kind of cut and each duration, which are filled in.
struct ExperimentSpec {
    std::string name;                               // "C'"
    std::string what;                               // "the upload is whole, and its reply is lost"
    std::map<std::string, std::string> parameters;  // over the scenario's
    std::optional<std::uint64_t> bits_per_second;   // of every link, each way; unset: the scenario's
    FaultSpec fault;                                // "{node}" in its trigger is the node to be cut
};

// One command of a stage. Words in braces are replaced, see expand().
struct StageCommand {
    std::vector<std::string> run;
    std::string cwd;                 // empty: the workspace
    bool each_collaborator = false;  // once for each, with its {name} and {index}
    std::string wanted = "yes";      // it is left out when this expands to nothing
    // It is left out when the first of these fails, or the second one succeeds: what a framework's version
    // has.
    std::vector<std::string> only_if, unless;
};

// How the TCP of some nodes works; scenario/tcp.h has the keys. Of two entries for a node, the later one counts.
struct TcpSpec {
    std::vector<std::string> nodes = {"all"};   // "all" and "collaborators" are filled in
    std::map<std::string, std::string> keys{};  // as written, with words in braces
};

// What a progress line tells of its round.
enum class RoundMark { begin, end };

// What is done once, before any run, and again only when what it depends on has changed (stage/stages.h).
struct StageSpec {
    std::string name;  // one of stage_names
    std::vector<StageCommand> commands;
    std::vector<std::string> version;  // a command; the stage is repeated when its output changes
    std::vector<std::string>
        inputs;  // files and folders; repeated when their contents change; empty ones are left out
    std::vector<std::string> makes;  // below the workspace: removed before the stage, and there after it
    Nanoseconds timeout = std::chrono::minutes(30);  // of each command
};
inline constexpr std::array<const char*, 3> stage_names = {"prepare", "workspace", "certify"};

// Something that a template needs of the machine.
struct NeedSpec {
    std::string name;               // "OpenFL's command line"
    std::vector<std::string> test;  // a command that succeeds if it is there
    std::string get;                // how to get it
};

// Headers, with all that TCP and IPv6 may have in them, and some payload; the least has the headers alone.
inline constexpr std::uint32_t default_pcap_snap = 256, least_pcap_snap = 128;
inline constexpr std::uint32_t whole_packets = 262144;

struct Scenario {
    std::string name = "run";
    std::string template_name;
    std::string description;  // of a template, one line
    std::string
        variant;  // of a template: the parameter that is set by what follows its name, as in NAME/VARIANT
    unsigned collaborators = 2;
    FabricOptions fabric;
    std::chrono::seconds names_ttl{5};  // where names are by DNS: fabric.name_server
    RoleSpec aggregator, collaborator;
    std::map<std::string, std::string> env;  // of every node and stage
    std::vector<TcpSpec> tcp;
    std::vector<LinkSpec> link;
    // Of `link`: the files that it names, by their paths, and what its folders have. Not part of write_yaml().
    std::map<std::string, TraceFile> traces;
    std::map<std::string, std::vector<std::string>> trace_folders;
    std::map<std::string, std::string> kept_traces;  // of a run that is replayed: the copy of each file
    std::vector<StageSpec> stages;                   // in the order of stage_names; not part of write_yaml()
    std::vector<NeedSpec> needs;                     // likewise
    std::string workspace;                           // where stages keep what they make; absolute, or empty
    std::string files;                               // the template's folder, or empty
    std::vector<std::string> prepare;  // run once before the nodes, as the user, without a network
    std::map<std::string, std::string> parameters;  // for the words in braces
    std::vector<std::string>
        paths;          // those of them that are paths, relative to where the user is; of a template
    std::string ready;  // a log line of the aggregator: collaborators start after it; empty: at once
    std::string
        progress;  // a log line that says that work goes on; its first group is the round; empty: all output
    RoundMark progress_marks = RoundMark::begin;
    // What says that the work is done, so that who still runs is stopped: a log line of the aggregator, or
    // end_with_collaborators. Empty: nothing does.
    std::string end;
    Nanoseconds ready_within = std::chrono::seconds(60);  // the aggregator
    std::vector<FaultSpec> faults;
    std::vector<ChurnSpec> churn;  // check() makes faults of it
    Expectations expect;
    CountedSpec counted;
    ModelSpec model;
    TwinFacts twins;
    bool deliveries = false;                            // what the wire delivers is noted, of each update
    bool safety = false;                                // who is not as undisturbed has failed
    std::vector<ExperimentSpec> experiments;            // of `netcut-fl experiments`, not of a run
    Nanoseconds timeout = std::chrono::minutes(30);     // of the whole run
    Nanoseconds hang_after = std::chrono::seconds(60);  // without progress, after the last heal
    // States in which a run was waited for in vain before (hang_state()): one that comes to such a state, and stays in it,
    // hangs.
    std::vector<std::string> known_hangs;
    Nanoseconds grace = std::chrono::seconds(5);  // between SIGTERM and SIGKILL
    std::string user;                             // empty: who called
    bool tty = false;
    bool join_output = false;  // a node's stdout and stderr are one stream
    bool stacks = true;        // where nodes of a hung run wait in their programs is looked for
    bool syslog = false;       // nodes have a /dev/log, which is watched as what they print
    bool pcap = false;         // a capture of each node's packets
    std::uint32_t pcap_snap = default_pcap_snap;  // bytes of each packet, from the link header on
};

inline constexpr const char* aggregator_name = "aggregator";
// In place of a line: when all collaborators have ended by themselves.
inline constexpr const char* end_with_collaborators = "collaborators";
std::string collaborator_name(unsigned index);  // from 1
// The aggregator first.
std::vector<std::string> node_names(const Scenario& scenario);
// Place of a name in node_names().
std::optional<std::size_t> node_index(const Scenario& scenario, const std::string& name);
std::vector<std::size_t> node_indices(const Scenario& scenario, const WordList& names);  // which it has

}  // namespace netcut
