// SPDX-License-Identifier: Apache-2.0
#include "e2e/hang_story.h"

#include <fstream>
#include <sstream>

#include "base/json.h"

namespace netcut::test {
namespace {

constexpr const char* preamble =
    "import os, select, signal, socket, subprocess, sys, threading, time\n"
    "def serve(): return socket.create_server(('::', 9000), family=socket.AF_INET6, dualstack_ipv6=True)\n"
    "def connect(): return socket.create_connection(('aggregator', 9000))\n";

void write_role(std::ostream& out, const char* role, const std::string& script) {
    out << role << ":\n  command:\n    - python3\n    - -uc\n    - |\n";
    std::istringstream lines(preamble + script);
    for (std::string line; std::getline(lines, line);) out << "      " << line << '\n';
}

double seconds_from_heal_to_end(const std::string& folder) {
    double healed = 0, stopping = 0;
    for (const Json& event : read_journal(folder)) {
        const double time = event.at("t_ns").get<double>() / 1e9;
        if (event.at("event") == "fault.healed") healed = time;
        if (event.at("event") == "run.stopping") stopping = time;
    }
    return stopping - healed;
}

}  // namespace

std::string write_story(const Story& story, const std::string& path, const char* hang_after) {
    std::ofstream out(path);
    out << "name: " << story.name
        << "\ncollaborators: 1\nready: listening\ngrace: 500ms\nhang_after: " << hang_after << '\n';
    write_role(out, "aggregator", story.aggregator);
    write_role(out, "collaborator", story.collaborator);
    out << story.rest;
    return path;
}

void expect_certain(const std::string& folder) {
    const Json verdict = read_verdict(folder);
    EXPECT_EQ(verdict.at("verdict"), "hung");
    ASSERT_TRUE(verdict.contains("hang")) << verdict.dump(2);
    EXPECT_EQ(verdict.at("hang").at("proof"), "certain") << verdict.at("hang").dump(2);
    EXPECT_LT(seconds_from_heal_to_end(folder), 20);
    EXPECT_EQ(run_tool({"verify", folder}).status, 0);
}

void expect_proof(const Story& story, const std::function<void()>& before_exec) {
    SCOPED_TRACE(story.name);
    const Folder folder;
    if (before_exec) std::filesystem::permissions(folder.path(), std::filesystem::perms::all);
    const std::string scenario = write_story(story, folder / "scenario.yaml", "40s");
    Tool tool({"run", scenario, "--out", folder / "run"}, before_exec);
    const Finished finished = tool.wait();
    ASSERT_EQ(finished.status, 1) << finished.out << finished.err;
    expect_certain(folder / "run");
}

}  // namespace netcut::test
