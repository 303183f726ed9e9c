// SPDX-License-Identifier: Apache-2.0
//
// What the program tells a CI, and what nodes cannot tell it.
#include <fstream>

#include "e2e/tool.h"

namespace netcut::test::NETCUT_FILE {
namespace {

std::function<void()> in_github_actions(const std::string& summary) {
    return [summary] {
        ::setenv("GITHUB_ACTIONS", "true", 1);
        ::setenv("GITHUB_STEP_SUMMARY", summary.c_str(), 1);
        become_ordinary_user();
    };
}

// Its aggregator fails, with words that are commands to a runner.
Arguments hostile_run(const Folder& folder) {
    std::ofstream(folder / "node.sh") << "echo '::error::from a node'; echo '::add-mask::a'; exit 1\n";
    return {"run",
            "--out",
            folder / "run",
            "--aggregator",
            "sh " + (folder / "node.sh"),
            "--collaborator",
            "true",
            "--cols",
            "1"};
}

TEST(CiOutput, FailureIsAnnotatedSummarizedAndNodesGiveNoCommands) {
    NETCUT_E2E();
    const Folder folder;
    Tool tool(hostile_run(folder), in_github_actions(folder / "summary.md"));
    const Finished finished = tool.wait();
    ASSERT_EQ(finished.status, 1) << finished.out << finished.err;
    const std::string& out = finished.out;
    const std::string stop = "::stop-commands::";
    ASSERT_TRUE(out.starts_with(stop)) << out;
    const std::string token = out.substr(stop.size(), out.find('\n') - stop.size());
    const std::size_t resumed = out.find("\n::" + token + "::\n");
    ASSERT_NE(resumed, std::string::npos) << out;
    EXPECT_LT(out.find("::error::from a node"), resumed) << out;
    EXPECT_TRUE(contains(out.substr(resumed),
                         "::error title=netcut-fl%3A crashed::aggregator ended with exit code 1"))
        << out;
    EXPECT_FALSE(contains(out.substr(resumed), "from a node")) << out;
    EXPECT_TRUE(contains(slurp(folder / "summary.md"), ": **crashed**\n\ncrashed: aggregator ended"))
        << slurp(folder / "summary.md");
    Tool again(hostile_run(folder), in_github_actions(folder / "summary.md"));
    EXPECT_NE(again.wait().out.substr(stop.size(), token.size()), token) << "nodes could know it";
}

TEST(CiOutput, IsAskedForOrRefusedByOptions) {
    NETCUT_E2E();
    const Folder folder;
    const auto with = [&](const char* option) {
        Arguments arguments = hostile_run(folder);
        arguments.emplace_back(option);
        return arguments;
    };
    EXPECT_TRUE(contains(run_tool(with("--annotate")).out, "\n::error title=netcut-fl%3A crashed::"));
    EXPECT_FALSE(contains(run_tool(with("--join-output")).out, "::stop-commands::"));
    Tool refused(with("--no-annotate"), in_github_actions(folder / "summary.md"));
    EXPECT_FALSE(contains(refused.wait().out, "::stop-commands::"));
    EXPECT_FALSE(std::filesystem::exists(folder / "summary.md"));
}

TEST(CiOutput, ManyRunsTellOnce) {
    NETCUT_E2E();
    const Folder folder;
    std::ofstream(folder / "s.yaml")
        << "collaborators: 1\naggregator: {command: sleep 0.3}\ncollaborator: {command: 'false'}\n"
           "experiments: [{name: early, what: at once, fault: {on: start}}]\n";
    Tool tool(
        {"experiments", folder / "s.yaml", "--kinds", "drop", "--for", "100ms", "--out", folder / "table"},
        in_github_actions(folder / "summary.md"));
    const Finished finished = tool.wait();
    ASSERT_EQ(finished.status, 1) << finished.out << finished.err;
    EXPECT_TRUE(contains(finished.out, "\n::error title=netcut-fl%3A early drop 100ms::crashed"))
        << finished.out;
    const std::string summary = slurp(folder / "summary.md");
    EXPECT_TRUE(contains(summary, "| moment | drop 100ms | what happens then |")) << summary;
    EXPECT_EQ(summary.find("###"), summary.rfind("###")) << summary;
}

TEST(CiOutput, ErrorThatMadeNoRunIsAnnotated) {
    NETCUT_E2E();
    const Finished finished = run_tool({"run", "--cols", "1", "--mtu", "no", "--annotate"});
    EXPECT_EQ(finished.status, 2);
    EXPECT_TRUE(contains(finished.out, "\n::error title=netcut-fl%3A no run::cannot read --mtu no"))
        << finished.out;
}

// One federation gives up when it hears nothing for a second and is cut off for two; the other fails by itself.
TEST(Twin, SaysWhetherTheFaultIsWhatARunFailsBy) {
    NETCUT_E2E();
    const Folder folder;
    const std::string build = NETCUT_BUILD_DIR;
    const auto run_with = [&](const std::string& collaborator, const std::string& trigger) {
        std::ofstream(folder / "s.yaml")
            << "collaborators: 1\nready: ready\nhang_after: 1s\naggregator: {command: " << build
            << "/netcut_datagrams echo 1 7000}\ncollaborator: {command: " << collaborator
            << "}\nfaults: [{kind: drop, on: " << trigger << ", for: " << 2 * time_scale() << "s}]\n";
        return run_tool(
            {"run", folder / "s.yaml", "--twin", "--annotate", "--quiet", "--out", folder / "run"});
    };
    const Finished by_fault =
        run_with(build + "/netcut_heartbeat aggregator 7000 30 " + std::to_string(1000 * time_scale()),
                 "{log: beat 5}");
    EXPECT_EQ(by_fault.status, 1) << by_fault.out << by_fault.err;
    EXPECT_TRUE(contains(by_fault.out, "twin    without its faults it does not fail\n"))
        << by_fault.out << by_fault.err;
    EXPECT_FALSE(contains(by_fault.out, "::warning")) << by_fault.out;
    run_with(build + "/netcut_heartbeat aggregator 7000 30 " + std::to_string(1000 * time_scale()),
             "{log: beat 5}");
    EXPECT_TRUE(std::filesystem::exists(folder / "run-twin/runs/twin.1"))
        << "the twin of an earlier run says nothing";
    const Finished by_itself = run_with("sh -c 'sleep 0.2; exit 7'", "start");
    EXPECT_EQ(by_itself.status, 1) << by_itself.out << by_itself.err;
    EXPECT_TRUE(contains(by_itself.out,
                         "twin    without its faults it fails as well: crashed collaborator1, exit code 7"))
        << by_itself.out << by_itself.err;
    EXPECT_TRUE(
        contains(by_itself.out, "::warning title=netcut-fl%3A this run proves nothing::without its faults"))
        << by_itself.out;
}

}  // namespace
}  // namespace netcut::test::NETCUT_FILE
