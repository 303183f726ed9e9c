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
#include <string>
#include <vector>

#include "netcut/fault.h"
#include "netcut/node.h"
#include "netcut/scenario.h"
#include "record/facts.h"
#include "record/journal.h"
#include "scenario/judgement.h"

namespace netcut {

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

// One thing that the scenario expects, and whether it was so.
struct Expected {
    std::string what;
    bool met = false;
    std::string found;  // instead; empty if it was met
};

struct Verdict {
    Judgement judgement = Judgement::error;
    std::string reason;  // in words a colleague understands
    int exit_status = 0;
    // Of `crashed`: the node that is named first, and how it ended.
    std::string culprit = {};
    std::optional<ExitStatus> culprit_exit = {};

    std::string word() const { return word_of(judgement); }
};
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

// A command that somebody runs beside a node.
struct CommandSpec {
    std::vector<std::string> argv;
    bool input = false;                // it has a standard input
    std::optional<TerminalSize> size;  // of its terminal, which has an input; none: it has no terminal
    std::string terminal;              // what kind it is: TERM
    bool captures = false;             // it may open raw sockets in the node's network, as tcpdump does
};

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
    Result<Node*> execute(const std::string& node, CommandSpec command, Node::Observer observer);

  private:
    class Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace netcut
