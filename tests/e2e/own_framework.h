// SPDX-License-Identifier: Apache-2.0
//
// A stranger's federation of plain sockets (programs/sockets_server.py), and the scenario that docs/safety.md gives for one.
#pragma once

#include <fstream>

#include "e2e/tool.h"

namespace netcut::test {

class OwnFramework : public testing::Test {
  public:
    OwnFramework() : before_(std::filesystem::current_path()) {
        std::filesystem::current_path(folder_.path());
        for (const std::string name : {"server", "client"})
            std::filesystem::copy_file(NETCUT_SOURCE_DIR "/tests/e2e/programs/sockets_" + name + ".py",
                                       folder_ / (name + ".py"));
        std::string page = slurp(NETCUT_SOURCE_DIR "/docs/safety.md");
        const std::string fence = "```yaml\naggregator:";
        page.erase(0, page.find(fence) + fence.find('\n') + 1);
        scenario_ = page.substr(0, page.find("```"));
    }
    ~OwnFramework() override { std::filesystem::current_path(before_); }

    const std::string& scenario() const { return scenario_; }
    // In the scenario, puts `more` behind `place`.
    void add_behind(const std::string& place, const std::string& more) {
        const std::size_t at = scenario_.find(place);
        ASSERT_NE(at, std::string::npos) << scenario_;
        scenario_.insert(at + place.size(), more);
    }
    // A collaborator is cut off when it trains in the second round.
    Finished run(const Arguments& more = {}) const {
        std::ofstream(folder_ / "federation.yaml") << scenario_;
        Arguments arguments = {"run",     "-q",       "--local",           "federation.yaml", "--out",
                               path(),    "--cut-on", "round 2: training", "--for",           slowed(4s),
                               "--twins", "2",        "--safety"};
        arguments.insert(arguments.end(), more.begin(), more.end());
        return run_tool(arguments);
    }
    std::string path() const { return folder_ / "run"; }
    Json safety() const { return read_verdict(path()).at("safety"); }

  private:
    const Folder folder_;
    const std::filesystem::path before_;
    std::string scenario_;
};

}  // namespace netcut::test
