// SPDX-License-Identifier: Apache-2.0
//
// How much of the machine others used while a test ran its programs: what a node does at a time cannot be told of one that
// waits for a processor.
#pragma once

#include <algorithm>
#include <mutex>
#include <stop_token>
#include <string>
#include <thread>
#include <vector>

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

// How long programs wait for a processor when something has come for them. It sees, too, what an emulated machine cannot
// count: that its processors are waiting for those of their host.
class Lateness {
  public:
    Lateness();  // measures from here on, by a thread that answers another one every 10 ms
    ~Lateness();
    Lateness(const Lateness&) = delete;
    Lateness& operator=(const Lateness&) = delete;

    // Of a question and its answer, without any network, so far: what `part` of them took at most.
    double quantile_ms(double part) const;
    double median_ms() const { return quantile_ms(0.5); }
    double longest_ms() const;
    bool is_one(double most_ms = 10) const { return median_ms() > most_ms; }
    std::string text() const;

  private:
    void ask(const std::stop_token& end, int socket);

    mutable std::mutex mutex_;
    std::vector<double> took_ms_;
    std::jthread answers_;
    std::jthread asks_;  // ends first, and so lets the other end
};

#define NETCUT_SKIP_IN_A(crowd) \
    if ((crowd).is_one()) GTEST_SKIP() << "crowded: " << (crowd).text()

}  // namespace netcut::test
