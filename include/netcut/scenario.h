// SPDX-License-Identifier: Apache-2.0
//
// scenario: what a run shall do, as data. Read from YAML, from a template and from the command line, each
// overlaying the one before; checked as a whole before anything starts. No I/O on the kernel.
#pragma once

#include <array>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "netcut/base.h"
#include "netcut/fault_kind.h"
#include "netcut/loss.h"

namespace netcut {

// What the nodes of one role run. Words in braces are replaced, see expand().
struct RoleSpec {
    std::vector<std::string> command;
    std::map<std::string, std::string> env;
    std::string cwd;                   // empty: where netcut-fl was started
    std::vector<std::string> aliases;  // further names in every node's /etc/hosts: TLS names must match
    std::vector<std::string> logs;     // files that it writes its log to; watched as what it prints
};

// A moment in a node's work, told from its phases (netcut/phase.h).
struct PhaseMoment {
    enum class Kind {
        computing,
        waiting,
        sending,
        receiving,
        reply_lost  // an upload is whole and acknowledged, and its reply is the first packet that is lost
    };
    Kind kind = Kind::computing;
    // Into the phase, one of both. Bytes are of data at layer 3, and the packet that completes them is the
    // last to pass; of reply_lost, so large is an upload at least.
    std::optional<std::uint64_t> bytes;
    std::optional<Nanoseconds> time;
    unsigned round = 0;    // it is looked for once any node's progress has come to this round; 0: at once
    std::string armed_by;  // it is looked for after this log line; empty: at once
    std::string armed_by_node;    // whose; empty: the node whose phase it is
    bool after_exchange = false;  // it is looked for when the node has sent and received data

    // Whether the kernel decides it, on the packet.
    bool on_the_wire() const { return kind == Kind::reply_lost || (moves_data() && !time); }
    bool moves_data() const { return kind == Kind::sending || kind == Kind::receiving; }
    bool operator==(const PhaseMoment&) const = default;
};

// What fires a fault or, if it waits for a moment on the wire, arms it.
struct FaultTrigger {
    enum class Kind {
        none,     // nothing was said: at the start if there is a moment on the wire, else an error
        start,    // when the aggregator is started
        log,      // a log line
        file,     // a line of a file
        phase,    // a node's phase
        after,    // another fault has healed
        together  // another fault was fired
    };
    Kind kind = Kind::none;
    std::string pattern;   // of `log` and `file`, see Pattern
    std::string file;      // of `file`: what the node writes, as in `logs:` of its role
    std::string node;      // of `log`, `file` and `phase`: who is watched; empty: the first node of the fault
    PhaseMoment phase;     // of `phase`
    unsigned nth = 1;      // the first match, or phase, or healing, or firing, that counts
    std::string fault;     // of `after` and `together`
    Nanoseconds delay{0};  // between this and the fault
    bool operator==(const FaultTrigger&) const = default;
};

// A moment on the wire: "sent 64KiB node collaborator2 peer aggregator port 8080".
struct WhenSpec {
    WireMoment moment;
    std::string node;  // empty: the first node of the fault
    std::string peer;  // empty: any
};

// On and off again and again. Each cycle is a firing of its own.
struct FlapSpec {
    Nanoseconds period{0};
    double duty = 0.5;  // share of the period that is on
    double jitter = 0;  // each time is up to this share longer or shorter
    std::uint64_t seed = 1;
    unsigned count = 0;  // cycles

    // How long the fault is on, and then off, in each cycle: a pure function of the seed.
    struct Cycle {
        Nanoseconds on, off;
    };
    std::vector<Cycle> cycles() const;
};

struct FaultSpec {
    std::string name;  // unique; "cut" if there is one
    const FaultKind* kind = &fault_kinds().front();
    std::vector<std::string> nodes;  // empty: the last collaborator; "all" and "collaborators" are filled in
    std::map<std::string, KeyValue> values;    // what was given for keys, not all of which its kind may have
    std::map<std::string, std::string> files;  // the contents of what keys name, see FaultKey

    FaultTrigger trigger;
    std::optional<WhenSpec> when;
    std::optional<Nanoseconds> duration = std::chrono::seconds(20);  // none: never healed
    unsigned times = 1;
    std::optional<FlapSpec> flap;

    // Where a key was given: "FILE:line:column", or an option's name. "" is the fault itself.
    std::map<std::string, std::string> places;
    bool given(const std::string& key) const { return places.contains(key); }

    // What it has for a key of its kind: what was given, else what is standard; empty if that is nothing, or if
    // only other kinds have such a key.
    std::string text(const std::string& key) const;
    const WordList& list(const std::string& key) const;
    const std::vector<WordList>& lists(const std::string& key) const;
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
    std::vector<LogExpectation> logs;

    bool any() const {
        return !verdict.empty() || recovered_within || finished || nobody_crashed || rounds > 0 ||
               !logs.empty();
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

// What a progress line tells of its round.
enum class RoundMark { begin, end };

// What is done once, before any run, and again only when what it depends on has changed (netcut/stage.h).
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
    std::vector<StageSpec> stages;           // in the order of stage_names; not part of write_yaml()
    std::vector<NeedSpec> needs;             // likewise
    std::string workspace;                   // where stages keep what they make; absolute, or empty
    std::string files;                       // the template's folder, or empty
    std::vector<std::string> prepare;        // run once before the nodes, as the user, without a network
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
    Expectations expect;
    std::vector<ExperimentSpec> experiments;            // of `netcut-fl experiments`, not of a run
    Nanoseconds timeout = std::chrono::minutes(30);     // of the whole run
    Nanoseconds hang_after = std::chrono::seconds(60);  // without progress, after the last heal
    Nanoseconds grace = std::chrono::seconds(5);        // between SIGTERM and SIGKILL
    std::string user;                                   // empty: who called
    bool tty = false;
    bool join_output = false;  // a node's stdout and stderr are one stream
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

// Overlays `scenario` with a YAML text. An error has the form "FILE:line:column: what".
Result<void> read_yaml(Scenario& scenario, const std::string& text, const std::string& file);
// The template that a YAML text wants beneath it; empty if none, or if it is no YAML.
std::string template_named_in(const std::string& text);
// The whole scenario as YAML that read_yaml takes, without need of its template.
std::string write_yaml(const Scenario& scenario);

// A template is a folder with template.yaml, which is a scenario, and files for its commands.
struct TemplatePlace {
    std::string name;     // of a built-in one "flower/app", else the folder
    std::string folder;   // absolute
    std::string variant;  // what follows the name: "keras_cnn_mnist" of "openfl/keras_cnn_mnist"
};
// The built-in ones, which are installed beside this program or found in its build folder.
std::vector<std::string> template_names();
// A built-in one, or a folder of the user's; looked for and read with the thread's rights (AsUser).
Result<TemplatePlace> find_template(const std::string& wanted);
// Overlays `scenario` with a template.
Result<void> read_template(Scenario& scenario, const std::string& wanted);

// Overlays one fault with a YAML mapping; `name` stands for the file in errors.
Result<void> read_fault_yaml(FaultSpec& fault, const std::string& text, const std::string& name);

// Fills in what is left open (names of faults, who is cut) and refuses what cannot be.
Result<void> check(Scenario& scenario);

// What it does to packets, as far as that costs nothing to know.
PacketAction action_of(const FaultSpec& fault);
// Whether it makes packets wait instead of losing them.
bool queues(const FaultSpec& fault);
// What a fault of a checked scenario does to the network.
Result<FaultPlan> plan_of(const Scenario& scenario, const FaultSpec& fault);
// What of the kernel they need, beyond what every run does.
std::set<Need> needs_of(const Scenario& scenario, const FaultSpec& fault);
std::set<Need> needs_of(const FabricOptions& fabric);
std::set<Need> needs_of(const Scenario& scenario);

// {name} {index} {aggregator} {cols} {work} {bin} {workspace} {files} {path} and the scenario's parameters;
// "{{" is a brace. A word that is nothing but one parameter becomes as many words as its value has, perhaps
// none.
struct ExpandContext {
    std::string node;
    unsigned index = 0;
    std::string work_folder;
    std::string program_folder;
    std::string path;  // the user's PATH
};
Result<std::vector<std::string>> expand(const std::vector<std::string>& words, const Scenario& scenario,
                                        const ExpandContext& context);
// Of variables, the values; each stays one word.
Result<std::map<std::string, std::string>> expand_values(const std::map<std::string, std::string>& variables,
                                                         const Scenario& scenario,
                                                         const ExpandContext& context);
// Whether a word of commands, environments, folders or stages stands for this parameter.
bool uses_parameter(const Scenario& scenario, const std::string& name);
// A single word, which stays one.
Result<std::string> expand_text(const std::string& word, const Scenario& scenario,
                                const ExpandContext& context);

// "100mbit", "1gbit", "64kbit", "9600bit": bits per second, decimal, as tc(8) writes them; also "100Mbps" and
// "100 Mbit/s". "100mbps" is bytes to tc, and refused.
Result<std::uint64_t> parse_rate(const std::string& text);

// "64KiB", "1.5MB", "1500": bytes; K, M, G alone are powers of 1000. "64kb" may be bits, and is refused.
Result<std::uint64_t> parse_bytes(const std::string& text);
// As parse_bytes, or "all".
Result<std::uint32_t> parse_snap(const std::string& text);
// "5%", "0.1%": a share from 0 to 1.
Result<double> parse_share(const std::string& text);

// Words of the command line and of YAML.
Result<FabricKind> parse_fabric(const std::string& word);
Result<int> parse_signal(const std::string& word);                      // "KILL", "SIGTERM", "9"
Result<void> parse_ip(const std::string& word, FabricOptions& fabric);  // "4", "6", "both"
Result<std::string> parse_shaper(const std::string& word);
Result<RoundMark> parse_round_mark(const std::string& word);
Result<WhenSpec> parse_when(const std::string& text);
Result<PhaseMoment::Kind> parse_phase(const std::string& word);
Result<void> parse_phase_after(const std::string& word, PhaseMoment& moment);  // bytes, or a time
// A duration, or "never".
Result<std::optional<Nanoseconds>> parse_heal_time(const std::string& word);
std::string when_text(const WhenSpec& when);
std::string phase_moment_name(PhaseMoment::Kind kind);
std::string phase_after_text(const PhaseMoment& moment);   // empty if nothing was said
std::string phase_moment_text(const PhaseMoment& moment);  // "sending 65536"
// What a fault waits for, for people: "on 'round 2' of aggregator, 2s later".
std::string begin_text(const FaultSpec& fault);
// What the run waits for meanwhile: "'round 2' in the log of aggregator"; empty if that is nothing to tell.
std::string awaited_text(const FaultTrigger& trigger);

}  // namespace netcut
