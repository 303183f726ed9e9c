// SPDX-License-Identifier: Apache-2.0
//
// The template openfl with the stand-in for its fx (tests/stand-ins).
#pragma once

#include <fstream>
#include <sstream>

#include "e2e/tool.h"

namespace netcut::test {

inline void write(const std::string& path, const std::string& text) {
    std::ofstream(path) << text;
}

inline void make_program(const std::string& path, const std::string& text) {
    write(path, text);
    std::filesystem::permissions(path, std::filesystem::perms::all);
}

// An environment with the stand-in for fx, and a workspace.
class WithStandIn : public testing::Test {
  protected:
    void SetUp() override {
        NETCUT_E2E();
        std::filesystem::create_directories(folder_ / "environment/bin");
        std::filesystem::permissions(folder_ / "environment/bin", std::filesystem::perms::all);
        std::filesystem::copy_file(std::string(NETCUT_SOURCE_DIR) + "/tests/stand-ins/fx", bin("fx"));
        make_program(bin("python3"), "#!/bin/sh\ncat $(dirname \"$0\")/version\n");
        set_version("1.6");
    }

    std::string bin(const std::string& name) const { return folder_ / ("environment/bin/" + name); }
    std::string workspace() const { return folder_ / "workspace"; }
    std::string federation(const std::string& file) const { return workspace() + "/federation/" + file; }
    void set_version(const std::string& version) { write(bin("version"), version + "\n"); }

    Arguments arguments(const Arguments& command, const Arguments& more) const {
        Arguments all = command;
        const Arguments common = {"--template",  "openfl/keras_cnn_mnist",
                                  "--workspace", workspace(),
                                  "--set",       "environment=" + (folder_ / "environment")};
        all.insert(all.end(), common.begin(), common.end());
        all.insert(all.end(), more.begin(), more.end());
        return all;
    }
    Finished certify(const Arguments& more = {}) const { return run_tool(arguments({"certify"}, more)); }
    Finished run(const Arguments& more = {}) const {
        return run_tool(arguments({"run", "--out", folder_ / "run"}, more));
    }

    // What fx was called with since the last time, without --help.
    std::vector<std::string> calls() {
        std::istringstream lines(slurp(bin("calls")));
        std::filesystem::remove(bin("calls"));
        std::vector<std::string> calls;
        for (std::string line; std::getline(lines, line);)
            if (line.find("--help") == std::string::npos) calls.push_back(line);
        return calls;
    }

    const Folder folder_;
};

}  // namespace netcut::test
