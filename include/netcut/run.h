// SPDX-License-Identifier: Apache-2.0
//
// run: the engine of one run: its states, its journal and its verdict.
//
// Threads: an Engine lives on the thread that runs its io_context, from start to end. A Journal and the
// functions that judge are used there too.
#pragma once

#include <boost/asio/io_context.hpp>
#include <functional>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "netcut/fault.h"
#include "netcut/node.h"
#include "netcut/scenario.h"

namespace netcut {

using Json = nlohmann::ordered_json;

// Of journal.jsonl and verdict.json: what they have, and the rules that they follow. Up to 2 a record may have no
// conversations, and counted any data as recovery.
inline constexpr int record_schema = 3;

// One line of journal.jsonl. The names and their details are listed in docs/journal.md.
struct Event {
    Nanoseconds t{0};   // monotonic, since the run began
    std::string wall;   // UTC, by the clock as it was when the run began
    std::string name;   // "fault.fired"
    std::string node;   // may be empty
    std::string fault;  // may be empty
    Json details = Json::object();
    std::uint64_t number = 0;  // of its line, from 1

    Json to_json() const;
};

// Append-only. Each event is one write of one line, so a crash loses at most the line being written.
class Journal {
  public:
    // `file`: where the lines go. `listener`: sees each event after it is written; may be empty.
    Journal(Fd file, std::function<void(const Event&)> listener);

    Clock::time_point begin() const { return begin_; }
    Nanoseconds now() const { return Clock::now() - begin_; }
    // CLOCK_REALTIME at the run's begin, since the epoch: what is added to a `t` to compare it with the times
    // that the kernel gives to packets.
    Nanoseconds realtime_begin() const { return realtime_begin_; }
    void add(std::string name, std::string node, std::string fault, Json details);
    // As add, with the time of what happened a moment ago.
    void add_at(Nanoseconds t, std::string name, std::string node, std::string fault, Json details);
    // The first failure to write; further events still reach the listener.
    const std::optional<Error>& failure() const { return failure_; }

  private:
    Fd file_;
    std::function<void(const Event&)> listener_;
    Clock::time_point begin_;
    Nanoseconds realtime_begin_;
    std::uint64_t lines_ = 0;
    std::optional<Error> failure_;
};

// The folder of a run's files, made with the user's rights.
class RunFolder {
  public:
    // `path` empty: netcut-runs/<time>-<name> below the working directory, and the link netcut-runs/latest leads there.
    // An earlier run in `path` is moved
    // aside to the first free of `path`.1, .2, ...; where to is told in `moved`. Until the last copy of it is gone no
    // other run can have this folder: an error of the kind `usage` names the process that does.
    static Result<RunFolder> create(const std::string& path, const std::string& name, const User& user);
    // Of an earlier run, with the rights of `user`. ENOENT: there is nothing of one.
    static Result<RunFolder> open(const std::string& path, const User& user);

    // The folder of many runs (experiments, a search), each below "runs". One that is there is gone on with. It is
    // locked in the same way.
    static Result<RunFolder> of_many(const std::string& path, const std::string& name, const User& user);

    // A folder of runs, to put something beside them. It is not locked.
    static Result<RunFolder> around_runs(const std::string& path, const User& user);

    const std::string& path() const { return path_; }
    // netcut-runs, if nobody has named another folder for this run; else empty.
    const std::string& collection() const { return collection_; }
    // Of the same folder, also when it has been renamed; for this process alone.
    std::string path_that_stays() const;
    const User& user() const { return user_; }
    const std::string& moved() const { return moved_; }
    std::string work() const { return path_ + "/work"; }
    Result<void> make_folder(const std::string& name) const;
    enum class Open { afresh, to_append };
    Result<Fd> create_file(const std::string& name, Open how = Open::afresh) const;
    Result<void> write_file(const std::string& name, const std::string& text) const;
    // To be read: a regular file without holes and no link, for the folder was within the nodes' reach.
    Result<Fd> open_file(const std::string& name) const;

  private:
    void join_collection();

    RunFolder(std::string path, User user, std::shared_ptr<const Fd> folder, std::string moved = {})
        : path_(std::move(path)),
          moved_(std::move(moved)),
          user_(std::move(user)),
          folder_(std::move(folder)) {}
    std::string path_;
    std::string moved_;
    std::string collection_;
    User user_;
    std::shared_ptr<const Fd> folder_;
};

// --- facts and verdict ---

// A TCP connection that one end holds to be alive and the other has no trace of.
struct HalfOpen {
    std::string node;  // where it is alive
    std::string peer;  // "nobody": its address is no node's any more
    TcpSocket socket;
    bool address_gone = false;  // the node's own
};
struct NodeSockets {
    std::string name;
    std::vector<IpAddress> addresses;
    std::vector<TcpSocket> sockets;
};
// Sockets between these nodes whose other end is missing, or one of whose addresses nobody has any more. Nodes are
// read one after another, so that a connection which opens or closes meanwhile looks the same.
std::vector<HalfOpen> find_half_open(const std::vector<NodeSockets>& nodes);
// Those of `candidates` that a later reading, of their nodes and peers at least, finds again.
std::vector<HalfOpen> still_half_open(const std::vector<HalfOpen>& candidates,
                                      const std::vector<NodeSockets>& again);

// Lines of a node's standard output that came in one burst as it ended, and how many it printed in all.
struct LineBurst {
    std::uint64_t late = 0, all = 0;
};

struct NodeOutcome {
    std::string name;
    bool started = false;
    std::optional<ExitStatus> exit;
    bool stopped_by_us = false;    // it was still running when the run ended
    bool after_fault = false;      // it ended after the first fault was fired
    bool killed_by_fault = false;  // so its end is no crash
    Nanoseconds ended{0};          // since the run began
    unsigned starts = 0;           // more than one: a fault has started it again
    int left_behind = 0;           // processes that it did not end, which were killed with it
    std::optional<LineBurst> late_lines{};
};

// A connection of a node that met a fault: it lost packets, or one of its ends was given up meanwhile.
struct Conversation {
    enum class Outcome {
        went_on,    // at the heal nothing was left to be sent
        resumed,    // what was left got through, and with a request its answer
        replaced,   // by a new connection to the same peer and port, with data both ways; not only its set-up
        connected,  // there is such a connection, and it has carried no more than its set-up
        given_up,   // the node's program has it no more
        silent,     // of UDP: it has not been tried since the heal
        address_gone,  // the node's program has it, bound to an address that the node no longer has
        half_open,     // the node's program has it, and the other end is gone
        stuck          // both ends have it, and what was left did not get through
    };
    std::string peer;           // the node at the other end; empty: none of the run's
    std::string local, remote;  // "10.99.0.3 port 45678"
    Outcome outcome = Outcome::went_on;
    std::optional<Nanoseconds>
        after;  // since the heal: when it was resumed, or its replacement had data both ways, if that is known

    bool udp = false;  // a flow of datagrams

    bool operator==(const Conversation&) const = default;
};

// Who could not find out which link address another has, so that nothing of it left.
struct UnresolvedNeighbour {
    std::string node;     // that asks
    std::string address;  // for this one
    std::string peer;     // which is, or was, of this node; empty: of none

    bool operator==(const UnresolvedNeighbour&) const = default;
};

// Of a node, since the heal. "Data" is new data, in sequence, on connections that the fault could hit and that
// a program has: not what a kernel sends once more for a socket that nobody holds.
struct Recovery {
    std::optional<Nanoseconds> sent, received;     // the first data each way
    std::optional<Nanoseconds> next_round = {};    // its progress came to another round
    std::vector<Conversation> conversations = {};  // the worst and slowest of those that met the fault
    std::size_t others = 0;                        // connections that did not
    bool exchanged = false;      // data went both ways since the firing, on any of its connections
    Nanoseconds largest_gap{0};  // between two looks at its sockets
    std::vector<UnresolvedNeighbour> unresolved = {};  // at the last look: of the node, or of others about it
    std::optional<Nanoseconds> worked = {};  // both ways, on any of them: of a new connection not its set-up

    std::optional<Nanoseconds> network_back() const;  // data both ways
    // What the fault had stopped went on: the last of the conversations, or the next round, whatever is first.
    std::optional<Nanoseconds> work_resumed() const;
    bool has_given_up() const;  // some of them, and nothing else tells that work went on
    // Conversations of these kinds.
    std::size_t count(Conversation::Outcome outcome) const;
};

// One firing of a fault, from fire to heal.
struct FaultOutcome {
    std::string fault;
    const FaultKind* kind = &fault_kinds().front();
    bool queued = false;                // its packets were made to wait, not lost
    std::uint32_t list_period = 0;      // of a list of losses: after so many packets it begins anew
    bool renumbered = false;            // nodes come back with another address, or a MAC that peers see
    std::size_t cycle = 0, cycles = 0;  // of a flap: which of how many, from 1
    Nanoseconds fired{0};               // since the run began
    std::optional<Nanoseconds> healed;  // none: it was active to the end
    std::string trigger_node;
    std::string trigger_line;                  // or, of a moment on the wire, the packet
    unsigned missed = 0;                       // moments before it that had passed when they were known
    std::map<std::string, Losses> losses;      // by node; of queues: what was queued
    std::map<std::string, Recovery> recovery;  // by node
    std::map<std::string, Pause> pauses;       // by node, as its first process saw them
};

struct Unfired {
    std::string fault;
    bool delayed = false;  // the run ended within its delay
    bool armed = false;    // its moment on the wire did not come
    unsigned missed = 0;   // moments that had passed when they were known
};

// How long the federation took for each round, by what its progress lines say.
struct RoundTimes {
    std::string node;
    std::vector<std::pair<std::string, Nanoseconds>> rounds;
};

// One thing that the scenario expects, and whether it was so.
struct Expected {
    std::string what;
    bool met = false;
    std::string found;  // instead; empty if it was met
};

enum class EndReason {
    all_exited,
    finished,             // the scenario's end line came
    collaborators_ended,  // all of them, and the scenario ends with them
    not_ready,            // its readiness line did not come in time
    hung,
    timeout,
    interrupted,
    failed
};
const char* end_word(EndReason reason);  // the journal's
const char* end_text(EndReason reason);  // for people
std::optional<EndReason> parse_end_word(const std::string& word);
// Its nodes ended by themselves, or the scenario says that its work was done.
inline bool is_done(EndReason reason) {
    return reason == EndReason::all_exited || reason == EndReason::finished ||
           reason == EndReason::collaborators_ended;
}

struct Facts {
    EndReason end = EndReason::all_exited;
    int signal = 0;                // of `interrupted`
    Error error;                   // of `failed`
    bool preparing = false;        // it ended before any node was started
    std::size_t faults_asked = 0;  // how many faults the scenario has
    std::vector<Unfired> unfired;  // those of them that never were
    Nanoseconds waited_for_progress{0};
    std::vector<NodeOutcome> nodes;
    std::vector<FaultOutcome> outcomes;
    RoundTimes rounds;
    std::vector<HalfOpen> half_open;                // at the end
    std::map<std::size_t, std::string> log_values;  // by the number of an expected log line: what was found
};

struct Verdict {
    std::string
        word;  // recovered, crashed, hung, left, not-triggered, error; undisturbed when no fault was asked for
    std::string reason;  // in words a colleague understands
    int exit_status = 0;
};
const char* error_kind_name(Error::Kind kind);  // "usage", "machine", "internal"
// The exit status that goes with an error.
int exit_status_of(const Error& error);
Verdict judge(const Facts& facts);
std::vector<Expected> judge_expectations(const Facts& facts, const Verdict& verdict,
                                         const Expectations& expect);
// Whether the run did what was expected; none if expectations do not decide about it.
std::optional<bool> passed(const Verdict& verdict, const Expectations& expect,
                           const std::vector<Expected>& expected);
// The first thing to say of a run, for people: that, or else the verdict's word.
std::string headline(const Verdict& verdict, const Expectations& expect,
                     const std::vector<Expected>& expected);
// Expectations decide where the run says something about the federation: a hang that was expected is a
// success. A fault that never fired, an interruption or a defect stays what it is.
int exit_status_of(const Verdict& verdict, const Expectations& expect, const std::vector<Expected>& expected);
// `exit_status` of the result is the run's.
Json verdict_json(const Facts& facts, const Verdict& verdict, const Scenario& scenario);

// --- the engine ---

// Whether this user and kernel can do what the run needs: descriptors, namespaces, nftables. Leaves nothing
// behind.
Result<void> preflight(const Scenario& scenario);

struct RunResult {
    Facts facts;
    Verdict verdict;
    Json verdict_json;
};

// Destroying an Engine kills what still runs, and waits for its end.
class Engine {
  public:
    // `scenario` has passed check(). `listener` sees every event as it is journalled. `io` and `folder` must
    // outlive the engine.
    Engine(boost::asio::io_context& io, Scenario scenario, const RunFolder& folder, User user,
           std::function<void(const Event&)> listener);
    ~Engine();
    Engine(const Engine&) = delete;
    Engine& operator=(const Engine&) = delete;

    // Builds the network and starts the nodes; `done` is called from the io_context, at most once, when
    // all nodes have ended. An error here means that nothing was left behind.
    Result<void> start(std::function<void(Result<RunResult>)> done);
    // Ends the run in order, from any state, because of a signal; a second call does not wait for the nodes'
    // grace.
    void stop(int signal);

    // What somebody asks for while it runs. An error of the kind `usage` says why it cannot be.
    Result<void> fire(const std::string& fault);  // whatever its trigger is waiting for
    Result<void> heal(const std::string& fault);
    // Adds a fault and fires it at once; returns its name. `fault` needs no trigger, and a name of its own is
    // made if it has none.
    Result<std::string> add_fault(FaultSpec fault);
    Result<void> signal(const std::string& node, int number);
    // Runs a command beside a node: in its network, as its user, in a process tree of its own that ends with
    // the run at the latest. What it prints goes to `observer` alone. The node that is returned is the command's
    // own, and may be used until `observer` sees its end.
    Result<Node*> execute(const std::string& node, std::vector<std::string> command, Node::Observer observer);

  private:
    class Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace netcut
