// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/io.h"
#include "bench/floor_network.h"

namespace netcut::bench {

// The least that starts the nodes of a run: a network, and in each of its namespaces one process that sleeps,
// the first of its own PID namespace, with mounts, host name and output of its own.
class FloorProcesses {
  public:
    explicit FloorProcesses(std::size_t nodes);  // until all of them run their program
    ~FloorProcesses();
    FloorProcesses(const FloorProcesses&) = delete;
    FloorProcesses& operator=(const FloorProcesses&) = delete;

  private:
    FloorNetwork network_;
    std::vector<pid_t> processes_;
    std::vector<Fd> outputs_;
};

}  // namespace netcut::bench
