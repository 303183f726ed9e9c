// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/error.h"
#include "base/json.h"
#include "daemon/held_run.h"
#include "user/user.h"

namespace netcut {

// What a daemon knows of one run; kept on disk, so that the next daemon knows it, too. It has a bound: a run's
// worker says what is in it, and that is as hostile as its user. All else is in the run's folder.
struct RunRecord {
    using State = HeldRun;
    struct Fault {
        std::string name, kind;
        std::string nodes;  // with spaces between
        bool on = false;
        unsigned fired = 0;
    };
    struct NodeState {
        std::string name;
        std::string state;  // waiting, running, paused, or how it ended
    };

    std::string id, name, folder, created;  // the last: wall time, UTC
    std::string moved;                      // where an earlier run in the folder is now; not kept
    User user;
    State state = State::starting;
    bool attached = false;
    bool partial = false;  // it has more nodes or faults than are kept
    std::vector<NodeState> nodes;
    std::vector<Fault> faults;
    std::optional<int> exit_status;
    std::string verdict;  // its word
    std::string reason;   // of the verdict, or why it is lost or had an error

    bool over() const { return is_over(state); }
    void set_node(const std::string& name, const std::string& node_state);
    // `kind` and `nodes` may be empty for a fault that is known.
    void set_fault(const std::string& name, const std::string& kind, const std::string& on_nodes, bool on);
    void accept(const std::string& its_name, const std::string& its_folder, const std::string& earlier);
    void end(int status, const std::string& word, const std::string& why);
    void lose(const std::string& why);

    Json summary() const;  // a line of the list
    Json details() const;  // with nodes and faults
    Json faults_json() const;
    Json nodes_json() const;

    std::string to_text() const;
    static Result<RunRecord> from_text(const std::string& text);

  private:
    bool has_room(std::size_t bytes);
    std::size_t bytes_ = 0;  // of nodes and faults
};

}  // namespace netcut
