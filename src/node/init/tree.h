// SPDX-License-Identifier: Apache-2.0
//
// The processes of a node, as its process 1 rules them: all but itself, which no signal from among them can
// stop or kill.
//
// Signals, and not the freezer of a cgroup: a cgroup is a folder in the host's file system, which would be
// left behind when the tool dies by SIGKILL, and a node is frozen for good when nobody is there to thaw it.
#pragma once

#include <time.h>

#include <cstdint>
#include <optional>

#include "options.h"
#include "order.h"

namespace netcut::init {

class Tree {
  public:
    Tree(const Options& options, pid_t command) : options_(options), command_(command) {}

    void obey(const Order& order);
    // Signals that were sent to the outer process. What asks to end is meant for the whole tree, the rest for
    // the command.
    void relay(int signal);
    // How long the lease of a pause still lasts; nothing when there is none.
    std::optional<timespec> patience() const;
    // Resumes the tree if the lease is over.
    void keep_lease();
    int processes() const;  // of the node, this one left out

  private:
    void pause(std::int64_t lease_ns);
    void resume();
    void signal_all(int signal);

    const Options& options_;
    pid_t command_;
    bool paused_ = false;
    std::optional<std::int64_t> lease_end_;
};

}  // namespace netcut::init
