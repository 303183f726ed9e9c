// SPDX-License-Identifier: Apache-2.0
//
// netcut: cuts the network of a federation at a chosen moment, heals it, and says what became of the federation.
//
//     netcut::v1::Scenario scenario;
//     scenario.aggregator.command = {"python3", "server.py"};
//     scenario.collaborator.command = {"python3", "client.py", "{aggregator}"};
//     scenario.faults = {{.kind = "drop", .line = "round 2", .lasts = std::chrono::seconds(5)}};
//     netcut::v1::Run run(scenario, "my-run");
//     while (const auto event = run.next()) std::cout << event->name << '\n';
//     return run.verdict().exit_status;
//
// A run is a process of its own, the program netcut-fl that is installed with this library: it enters a user namespace
// if its user is not root, and raises its priority above the nodes', neither of which is to happen to the caller.
//
// Ownership: all is values, but a Run, which is move-only and owns its process. Threads: the library starts none; an
// object may be used by one thread at a time, different ones by different threads. Errors: functions throw Error.
// Texts are UTF-8. Times are monotonic, in nanoseconds since the run began, unless it is said otherwise.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#define NETCUT_API __attribute__((visibility("default")))

namespace netcut::v1 {

// What was attempted, why it failed and what to do about it, in one text.
class NETCUT_API Error : public std::runtime_error {
  public:
    enum class Kind {
        usage,    // the request is wrong
        machine,  // a right, a kernel feature, a program or room on a disk is missing
        internal  // a defect of netcut
    };
    Error(Kind kind, const std::string& text) : std::runtime_error(text), kind_(kind) {}
    Kind kind() const noexcept { return kind_; }

  private:
    Kind kind_;
};

// What the nodes of one role run.
struct Role {
    // No shell is involved. {name}, {index}, {aggregator}, {cols} and {work} are filled in: the node's name, its number,
    // the aggregator's name, the number of collaborators, and a folder that all nodes share.
    std::vector<std::string> command;
    std::map<std::string, std::string> environment = {};  // added to the caller's
    std::string folder = {};                              // the working directory; empty: the caller's
};

// One thing done to nodes. docs/faults.md has all kinds, and what each does.
struct Fault {
    std::string name = {};  // empty: cut, or cut1, cut2, ...
    std::string kind = "drop";
    std::vector<std::string> nodes =
        {};                    // "collaborator2", "all", "collaborators"; empty: the last collaborator
    std::string line = {};     // a log line that fires it, see Patterns in docs; empty: the run's start
    std::string line_of = {};  // whose; empty: that of the first node of `nodes`
    std::chrono::nanoseconds delay{0};                                         // between that and the fault
    std::optional<std::chrono::nanoseconds> lasts = std::chrono::seconds(20);  // none: it is never healed
    unsigned times = 1;                                                        // it fires at most so often
    // Further keys of an entry of `faults` in a scenario file, with their values as YAML: {"direction", "up"},
    // {"on", "{phase: sending}"} (instead of line).
    std::map<std::string, std::string> keys = {};
};

// What a run shall do: an aggregator and its collaborators, and what is done to them.
struct Scenario {
    std::string name = "run";  // letters, digits, dots, dashes and underscores
    unsigned collaborators = 2;
    Role aggregator, collaborator;
    std::string ready = {};  // a log line of the aggregator after which collaborators start; empty: at once
    std::string progress = {};  // a log line that says that work goes on; empty: any output
    std::string end = {};  // a log line of the aggregator after which nodes are stopped, or "collaborators"
    std::vector<Fault> faults = {};
    std::chrono::nanoseconds timeout = std::chrono::minutes(30);     // of the whole run
    std::chrono::nanoseconds hang_after = std::chrono::seconds(60);  // without progress after the last heal
    // Further keys of a scenario file (docs/scenario.md), with their values as YAML: {"pcap", "true"},
    // {"expect", "{verdict: recovered}"}, {"fabric", "{rate: 100mbit}"}.
    std::map<std::string, std::string> keys = {};

    // A scenario file, as `netcut-fl run` reads it.
    NETCUT_API std::string to_yaml() const;
};

// Something that happened in a run; docs/journal.md lists them.
struct Event {
    std::chrono::nanoseconds time{0};
    std::string name;         // "fault.fired", "node.exited", "run.ended", ...
    std::string node, fault;  // what it is about; empty: none
    std::string json;         // all of it: one JSON object

    // A member of its details; a text as it is, anything else as JSON; none if it has no such member.
    NETCUT_API std::optional<std::string> detail(std::string_view key) const;
};

// What a run proved; docs/journal.md defines the words.
struct Verdict {
    enum class Word { recovered, crashed, hung, left, undisturbed, not_triggered, error };
    Word word = Word::error;
    std::string reason;          // for people
    std::optional<bool> passed;  // whether all was as the scenario expects; none: that does not decide
    int exit_status = 5;         // of netcut-fl: 0 is good, 1 is bad, 4: a fault was never fired, 5: a defect
    std::uint64_t packets_lost = 0;  // to all faults
    std::optional<std::chrono::nanoseconds>
        time_to_recover;  // since the heal; the longest of all faults and nodes

    struct Node {
        std::string name;
        std::string ended;  // for people: "exit code 0", "signal 9 (Killed)", "stopped by netcut-fl", ...
        bool finished = false;
    };
    std::vector<Node> nodes;
    struct Firing {
        std::string fault, kind;
        std::chrono::nanoseconds fired{0};
        std::optional<std::chrono::nanoseconds> healed;  // none: it was not
    };
    std::vector<Firing> firings;

    std::string json;  // all of it, as verdict.json has it
};
// "recovered", "not-triggered", ...
NETCUT_API const char* to_string(Verdict::Word word) noexcept;

struct RunOptions {
    std::string program =
        {};  // netcut-fl; empty: the one that is installed with this library, else that of PATH
    std::map<std::string, std::string> parameters = {};  // of a template, as by --set
};

// A run, from its start to its end.
class NETCUT_API Run {
  public:
    // Starts it. Its files are in `folder`, which is made; an earlier run in it is moved to FOLDER.1 (.2, ...).
    Run(const Scenario& scenario, const std::string& folder, const RunOptions& options = {});
    // Of a scenario file, which may name a template.
    static Run of_file(const std::string& file, const std::string& folder, const RunOptions& options = {});
    // Stops it in order if it has not ended, and waits for that.
    ~Run();
    Run(Run&& other) noexcept;
    Run& operator=(Run&& other) noexcept;

    // The next event, in the order of the journal; waits for it, at most `patience`. None: nothing has happened for so
    // long, or the run has ended and all was handed out.
    std::optional<Event> next(std::chrono::nanoseconds patience = std::chrono::hours(24 * 365));
    // Whether the run has ended. next() may still have events.
    bool ended();
    // Ends it in order: nodes are asked to end, and killed after the scenario's grace. A second call does not wait for
    // that. Returns at once.
    void stop();
    // Waits for the end. Throws Error if the run could not be made, with what netcut-fl said of that.
    Verdict verdict();
    const std::string& folder() const;

  private:
    class __attribute__((visibility("hidden"))) Process;
    explicit Run(std::unique_ptr<Process> process);
    std::unique_ptr<Process> process_;
};

// What an earlier run has left in its folder.
struct Record {
    std::vector<Event> events;
    std::optional<Verdict> verdict;  // none: the run did not get so far
};
// Lines of the journal that are no events are left out. Throws Error if there is no journal.
NETCUT_API Record read_record(const std::string& folder);

}  // namespace netcut::v1
