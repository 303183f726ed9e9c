// SPDX-License-Identifier: Apache-2.0
//
// Looks into the network of a run from outside: the test's own sockets in the namespaces of nodes.
#pragma once

#include <atomic>
#include <chrono>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "base/io.h"
#include "e2e/tool.h"

namespace netcut::test {

// The first process of a node; 0 if there is none.
pid_t init_of(const Tool& tool, const std::string& node);
// The letter of proc(5).
char state_of(pid_t pid);

// The namespaces of a running tool, held open so that they outlive it: its nodes' and its router's.
class PinnedNetworks {
  public:
    explicit PinnedNetworks(const Tool& tool);
    std::size_t size() const { return namespaces_.size(); }
    // Lines of /proc/net about sockets that take what comes to them, in any of these namespaces.
    std::string listeners() const;

  private:
    std::vector<Fd> namespaces_;
};

// Datagrams from one node of a running tool to another and back, every few milliseconds, as long as it lives.
// Its sockets keep the two namespaces alive, too.
class Probe {
  public:
    Probe(const Tool& tool, const std::string& run_folder, const std::string& from, const std::string& to);
    ~Probe();
    Probe(const Probe&) = delete;
    Probe& operator=(const Probe&) = delete;

    bool wait_until_lost(std::chrono::seconds patience = 10s) const;
    bool wait_until_passes(std::chrono::seconds patience = 10s) const;
    // The longest time in which none came back.
    std::chrono::duration<double> longest_gap() const;

  private:
    void run();
    bool wait_until(bool passes, std::chrono::seconds patience) const;
    std::chrono::steady_clock::duration since_last() const;

    Fd sender_, echo_;
    mutable std::mutex mutex_;
    std::vector<std::chrono::steady_clock::time_point> arrivals_;
    std::atomic<bool> over_ = false;
    std::thread thread_;
};

}  // namespace netcut::test
