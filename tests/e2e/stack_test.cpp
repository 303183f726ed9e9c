// SPDX-License-Identifier: Apache-2.0
//
// Where the programs of a hung run wait.
#include "base/json.h"
#include "e2e/python_nodes.h"
#include "e2e/tool.h"

namespace netcut::test::NETCUT_FILE {
namespace {

constexpr const char* cut = "faults: [{kind: drop, on: {log: cut me}, for: 300ms}]\n";
constexpr const char* waits_for_a_request =
    "def wait_for_request(c): c.recv(99)\n"
    "s = serve(); print('listening'); c = s.accept()[0]; wait_for_request(c)\n";
constexpr const char* waits_for_a_reply =
    "def recv_all(c): return c.recv(99)\n"
    "def train(c): recv_all(c)\n"
    "threading.Thread(target=threading.Event().wait, daemon=True).start()\n"
    "c = connect(); print('cut me'); train(c)\n";

struct HungRun {
    explicit HungRun(const PythonNodes& nodes, const Arguments& more = {},
                     const std::function<void()>& before_exec = {}) {
        if (before_exec) std::filesystem::permissions(folder.path(), std::filesystem::perms::all);
        Arguments arguments = {"run", write_scenario(nodes, folder / "scenario.yaml"), "--out",
                               folder / "run"};
        arguments.insert(arguments.end(), more.begin(), more.end());
        Tool tool(arguments, before_exec);
        finished = tool.wait();
        EXPECT_EQ(finished.status, 1) << finished.out << finished.err;
        verdict = read_verdict(folder / "run");
        EXPECT_EQ(verdict.at("verdict"), "hung") << verdict.dump(2);
        EXPECT_EQ(run_tool({"verify", folder / "run"}).status, 0) << run_tool({"verify", folder / "run"}).out;
        EXPECT_TRUE(tool.leaves_no_process());
    }
    std::string code() const { return verdict.at("hang").value("code", Json::array()).dump(); }
    std::string err(const std::string& node) const { return slurp(folder / ("run/logs/" + node + ".err")); }

    Folder folder;
    Finished finished;
    Json verdict;
};

void expect_lines(const HungRun& run) {
    EXPECT_TRUE(contains(run.code(), "is in recv_all, <string>:")) << run.code();
    EXPECT_TRUE(contains(run.code(), "called by train, <string>:")) << run.code();
    EXPECT_TRUE(contains(run.code(), "is in wait_for_request, <string>:")) << run.code();
    EXPECT_TRUE(contains(run.finished.out, "code    ")) << run.finished.out;
    EXPECT_TRUE(contains(run.err("collaborator1"), "Fatal Python error: Aborted"));
    EXPECT_TRUE(contains(run_tool({"why", run.folder / "run"}).out, "in the code\n"));
    EXPECT_TRUE(contains(slurp(run.folder / "run/report.html"), "recv_all"));
    for (const Json& node : run.verdict.at("nodes")) EXPECT_EQ(node.at("ended"), "stopped by netcut-fl");
}

TEST(Stacks, OfPythonAreInTheLogTheVerdictAndTheReport) {
    NETCUT_E2E();
    expect_lines(HungRun({waits_for_a_request, waits_for_a_reply, cut}));
}

TEST(Stacks, AreFoundForAnOrdinaryUser) {
    NETCUT_E2E();
    expect_lines(HungRun({waits_for_a_request, waits_for_a_reply, cut}, {}, become_ordinary_user));
}

TEST(Stacks, LeaveNoCore) {
    NETCUT_E2E();
    const HungRun run(
        {waits_for_a_request,
         std::string(
             "import resource; resource.setrlimit(resource.RLIMIT_CORE, (resource.RLIM_INFINITY,) * 2)\n"
             "os.chdir('{work}')\n") +
             waits_for_a_reply,
         cut});
    EXPECT_TRUE(contains(run.code(), "recv_all")) << run.code();
    for (const auto& entry : std::filesystem::recursive_directory_iterator(run.folder.path()))
        EXPECT_FALSE(entry.path().filename().string().starts_with("core")) << entry.path();
}

TEST(Stacks, OfAllProcessesOfANode) {
    NETCUT_E2E();
    const HungRun run({waits_for_a_request,
                       "def child(r): os.read(r, 1)\n"
                       "c = connect(); r, w = os.pipe()\n"
                       "for _ in range(3):\n"
                       "  if os.fork() == 0: child(r)\n"
                       "def parent(c): c.recv(9)\n"
                       "print('cut me'); parent(c)\n",
                       cut});
    unsigned children = 0, parents = 0;
    for (const Json& event : read_journal(run.folder / "run")) {
        if (event.at("event") != "node.stack" || event.at("node") != "collaborator1") continue;
        const std::string function = event.at("details").at("frames").at(0).at("function");
        children += function == "child" ? 1 : 0;
        parents += function == "parent" ? 1 : 0;
    }
    EXPECT_EQ(children, 3U) << run.err("collaborator1");
    EXPECT_EQ(parents, 1U) << run.err("collaborator1");
}

TEST(Stacks, AreLeftAloneWhereTheUserSaysSo) {
    NETCUT_E2E();
    constexpr const char* tidies_up =
        "signal.signal(signal.SIGTERM, lambda *_: (print('tidy'), os._exit(0)))\n";
    // Neither ends because the other one has ended.
    const PythonNodes nodes{std::string(tidies_up) + waits_for_a_request + "signal.pause()\n",
                            std::string(tidies_up) + waits_for_a_reply + "signal.pause()\n", cut};
    const HungRun without(nodes, {"--no-stacks"});
    EXPECT_EQ(without.code(), "[]");
    EXPECT_EQ(without.err("collaborator1"), "");
    EXPECT_TRUE(contains(slurp(without.folder / "run/logs/collaborator1.out"), "tidy"));
    const HungRun no_handler(nodes, {"--env", "PYTHONFAULTHANDLER="});
    EXPECT_FALSE(contains(no_handler.err("collaborator1"), "Fatal Python error"));
    EXPECT_TRUE(contains(slurp(no_handler.folder / "run/logs/collaborator1.out"), "tidy"));
}

// What is printed in between, and as if it were a stack, is a node's own affair.
TEST(Stacks, WhatANodePrintsChangesNothingElse) {
    NETCUT_E2E();
    const HungRun run(
        {waits_for_a_request,
         "def on_abort(*_):\n"
         "  for i in range(3000): os.write(2, b'Fatal Python error: Aborted\\n\\nThread 0x1 (most recent '\n"
         "    b'call first):\\n  File \"<script>alert(1)</script>\\x1b[2J\", line 7 in ' + b'z' * 500 + "
         "b'\\n')\n"
         "  os._exit(3)\n"
         "c = connect(); signal.signal(signal.SIGABRT, on_abort); print('cut me')\n"
         "while True: select.select([c], [], [])\n",
         cut});
    EXPECT_FALSE(contains(slurp(run.folder / "run/report.html"), "<script>alert"));
    EXPECT_FALSE(contains(run.finished.out, "\x1b[2J"));
    EXPECT_EQ(run.verdict.at("nodes")[1].at("ended"), "stopped by netcut-fl");
}

// It neither dies nor prints.
TEST(Stacks, AProgramThatIgnoresTheSignalEndsAllTheSame) {
    NETCUT_E2E();
    const HungRun run(
        {waits_for_a_request,
         "c = connect(); signal.signal(signal.SIGABRT, lambda *_: None); print('cut me')\nc.recv(9)\n", cut},
        {"--grace", "1s"});
    EXPECT_TRUE(contains(run.code(), "wait_for_request")) << run.code();
}

TEST(Stacks, OfOtherProgramsAreFoundByEuStack) {
    NETCUT_E2E();
    if (::access("/usr/bin/eu-stack", X_OK) != 0) GTEST_SKIP() << "eu-stack (elfutils) is not installed";
    const Folder folder;
    std::ofstream(folder / "scenario.yaml")
        << "name: native\ncollaborators: 1\nready: listening\naggregator: {command: [sh, -c, 'echo "
           "listening; sleep "
           "infinity']}\ncollaborator: {command: [sh, -c, 'echo cut me; sleep infinity']}\ngrace: 4s\n"
           "hang_after: 3s\nfaults: [{kind: drop, on: {log: cut me}, for: 300ms}]\n";
    const Finished finished = run_tool({"run", folder / "scenario.yaml", "--out", folder / "run"});
    EXPECT_EQ(finished.status, 1) << finished.out << finished.err;
    unsigned machine = 0;
    for (const Json& event : read_journal(folder / "run"))
        if (event.at("event") == "node.stack") machine += event.at("details").at("of") == "machine" ? 1 : 0;
    EXPECT_GE(machine, 2U);
    EXPECT_EQ(run_tool({"verify", folder / "run"}).status, 0);
}

}  // namespace
}  // namespace netcut::test::NETCUT_FILE
