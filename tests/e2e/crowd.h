// SPDX-License-Identifier: Apache-2.0
//
// How much of the machine others used while a test ran its programs: what a node does at a time cannot be told of one that
// waits for a processor.
#pragma once

#include <algorithm>
#include <string>

namespace netcut::test {

class Crowd {
  public:
    Crowd();  // measures from here on
    // Share of all processors' time that was used by others than this process and the programs that it has waited for.
    double share() const;
    bool is_one(double most_share = 0.1) const { return share() > most_share; }
    // How many times longer everything takes in it.
    double slowness() const { return 1 / (1 - std::min(share(), 0.9)); }
    std::string text() const;

  private:
    struct Used {
        double all, busy, ours;  // s
    };
    static Used used();

    Used before_;
};

#define NETCUT_SKIP_IN_A(crowd) \
    if ((crowd).is_one()) GTEST_SKIP() << "crowded: " << (crowd).text()

}  // namespace netcut::test
