// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "bench/program.h"

namespace netcut::bench {

// Docker's engine, beside which the product is measured: one of our own, in namespaces, folders and cgroups
// of its own, with an image of one program that only sleeps. All of it goes with it.
class DockerEngine {
  public:
    static bool is_installed();
    DockerEngine();
    ~DockerEngine();
    DockerEngine(const DockerEngine&) = delete;
    DockerEngine& operator=(const DockerEngine&) = delete;

    // Starts a container on the engine's only network, and returns when it runs. Without an address (of
    // 10.99.0.0/24) it is given one.
    void run(const std::string& name, const std::string& address = {}) const;
    void connect(const std::string& name, const std::string& address) const;
    void disconnect(const std::string& name) const;
    void remove(const Words& names) const;
    // What /proc has of a container's process.
    std::string proc_folder(const std::string& name) const;
    // `docker ARGUMENTS`, as words to run.
    Words command(const Words& arguments) const;

  private:
    void make_image() const;
    void await() const;
    void end();

    std::string folder_;
    pid_t pid_ = 0;
};

}  // namespace netcut::bench
