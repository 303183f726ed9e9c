// SPDX-License-Identifier: Apache-2.0
//
// SIGKILL at random moments of each stage of a run's life, from its set-up to its end.
#pragma once

#include <map>
#include <random>

#include "e2e/tool.h"

namespace netcut::test {

class RandomKills {
  public:
    explicit RandomKills(unsigned seed) : random_(seed) {}

    // $NETCUT_KILLS, or as many as there is time for in all tests.
    static unsigned count();
    // A run that is cut off, comes to its timeout in the middle of that, and must kill its nodes. They fork,
    // detach from their session and ignore all that can be ignored.
    Arguments next_run(const std::string& out);
    // Learns from a run that has just been started how long it takes until it is cut off, and kills it.
    bool learn(Tool& run);
    // Until a random moment of one stage, of each in turn, of a run that has just been started.
    void wait(Tool& run);
    // Looks at what is left of a run: each line of its journal is whole, but perhaps the last.
    void look_at(const std::string& run_folder);
    // Prints how far the runs had come, and expects that most were under way.
    void expect_variety() const;

  private:
    std::mt19937 random_;
    unsigned started_ = 0;
    std::chrono::milliseconds until_cut_ = 10s;
    std::map<std::string, unsigned> stages_;
};

}  // namespace netcut::test
