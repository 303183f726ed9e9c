// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "netcut/run.h"

namespace netcut {

// What a daemon knows of one run; kept on disk, so that the next daemon knows it, too.
struct RunRecord {
    enum class State {
        starting,  // its worker has not said yet whether it can be done
        running,
        ended,  // with a verdict, or with an error
        lost    // the daemon or the worker died under it; its journal tells how far it came
    };
    struct Fault {
        std::string name, kind;
        std::vector<std::string> nodes;
        bool on = false;
        unsigned fired = 0;
    };
    struct NodeState {
        std::string name;
        std::string state = "waiting";  // running, or how it ended
    };

    std::string id, name, folder, created;  // the last: wall time, UTC
    std::string moved;                      // where an earlier run in the folder is now; not kept
    User user;
    State state = State::starting;
    bool attached = false;
    std::vector<NodeState> nodes;
    std::vector<Fault> faults;
    std::optional<int> exit_status;
    Json verdict;        // of a run that ended with one: all of verdict.json
    std::string reason;  // why it is lost or had an error

    bool over() const { return state == State::ended || state == State::lost; }
    void accept(const Json& accepted);
    void take_event(const Json& event);
    void end(const Json& ended);
    void lose(const std::string& why);

    Json summary() const;  // a line of the list
    Json details() const;  // with nodes, faults and verdict
    Json faults_json() const;
    Json nodes_json() const;

    std::string to_text() const;
    static Result<RunRecord> from_text(const std::string& text);
};

const char* state_word(RunRecord::State state);

}  // namespace netcut
