// SPDX-License-Identifier: Apache-2.0
//
// What the program says of itself: manual pages and what shells complete.
#include <unistd.h>

#include <filesystem>
#include <sstream>

#include "e2e/process.h"
#include "e2e/tool.h"

namespace netcut::test::NETCUT_FILE {
namespace {

std::vector<std::string> lines_of(const std::string& text) {
    std::vector<std::string> lines;
    std::istringstream stream(text);
    for (std::string line; std::getline(stream, line);) lines.push_back(line);
    return lines;
}

std::vector<std::string> completions(Arguments words, const std::string& folder = "/") {
    words.insert(words.begin(), {"complete", "--"});
    Tool tool(words, [&] {
        if (::chdir(folder.c_str()) != 0) ::_exit(1);
    });
    return lines_of(tool.wait().out);
}

bool has(const std::vector<std::string>& list, const std::string& word) {
    return std::find(list.begin(), list.end(), word) != list.end();
}

TEST(Completion, ProposesCommandsOptionsAndValues) {
    EXPECT_TRUE(has(completions({""}), "experiments"));
    EXPECT_FALSE(has(completions({""}), "manual")) << "it is not for people";
    EXPECT_EQ(completions({"ver"}), Arguments{"verify"});
    EXPECT_TRUE(has(completions({"run", "--re"}), "--ready-on"));
    EXPECT_EQ(completions({"run", "--kind", "power"}), Arguments{"power-off"});
    EXPECT_EQ(completions({"run", "--kind", "=", "power"}), Arguments{"power-off"}) << "as bash splits it";
    EXPECT_EQ(completions({"run", "--cols", "3", "--cut", "coll"}),
              (Arguments{"collaborator1", "collaborator2", "collaborator3"}));
    EXPECT_TRUE(has(completions({"templates", ""}), "reference"));
    EXPECT_TRUE(completions({"run", "--cut-on", ""}).empty()) << "anything may stand there";
}

TEST(Completion, KnowsTheRunsOfThisFolderTheirNodesAndTheirFaults) {
    NETCUT_E2E();
    const Folder folder;
    run_tool({"run", "--cols", "2", "--aggregator", "sleep 1", "--collaborator", "sleep 1", "--fault",
              "{name: early, kind: drop, nodes: [collaborator2], on: start, for: 10ms}", "--out",
              folder / "netcut-runs/one", "--quiet"});
    std::filesystem::create_directory_symlink("one", folder / "netcut-runs/latest");
    const auto proposed = [&](const Arguments& words) { return completions(words, folder.path()); };
    EXPECT_TRUE(has(proposed({"logs", ""}), "one"));
    EXPECT_EQ(proposed({"logs", "la"}), Arguments{"latest"});
    EXPECT_EQ(proposed({"verify", "netcut-runs/o"}), Arguments{"netcut-runs/one"});
    EXPECT_EQ(proposed({"logs", "one", "c"}), (Arguments{"collaborator1", "collaborator2"}));
    EXPECT_EQ(proposed({"exec", "latest", "a"}), Arguments{"aggregator"});
    EXPECT_EQ(proposed({"heal", "latest", ""}), Arguments{"early"});
    EXPECT_EQ(proposed({"logs", "another", ""}), Arguments{}) << "there is no such run";
}

// What a shell prints; nothing where it is not installed.
std::string printed_by(const std::string& shell, const std::string& script) {
    if (::access(shell.c_str(), X_OK) != 0) return {};
    const auto set_up = [] {
        ::setenv("PATH", NETCUT_BUILD_DIR ":/usr/bin:/bin", 1);
        ::setenv("completions", NETCUT_SOURCE_DIR "/tools/packaging/completions", 1);
    };
    const Finished finished = Tool({"-c", script}, set_up, shell).wait();
    return finished.out + finished.err;
}

TEST(Completion, BashPutsItInPlace) {
    EXPECT_EQ(printed_by("/bin/bash",
                         ". $completions/netcut-fl.bash; COMP_WORDS=(netcut-fl run --fabric bri); "
                         "COMP_CWORD=3; _netcut_fl; echo \"${COMPREPLY[@]}\""),
              "bridge\n");
}

// compadd is there only while somebody types.
TEST(Completion, ZshPutsItInPlace) {
    const std::string zsh = printed_by(
        "/bin/zsh",
        "compadd() { print -l -- \"${@:2}\" }; _files() { print a file }; CURRENT=4; "
        "complete_it() { . $completions/_netcut-fl }; words=(netcut-fl run --fabric bri); complete_it; "
        "words=(netcut-fl run --cut-on bri); complete_it");
    if (zsh.empty()) GTEST_SKIP() << "there is no zsh";
    EXPECT_EQ(zsh, "bridge\na file\n");
}

TEST(Completion, FishPutsItInPlace) {
    const std::string fish = printed_by(
        "/usr/bin/fish", "source $completions/netcut-fl.fish; complete -C 'netcut-fl run --fabric bri'");
    if (fish.empty()) GTEST_SKIP() << "there is no fish";
    EXPECT_EQ(fish, "bridge\n");
}

TEST(Manual, HasAPageOfEachCommandWithItsOptions) {
    const Folder folder;
    ASSERT_EQ(run_tool({"manual", folder.path()}).status, 0);
    for (const std::string& command : completions({""})) {
        const std::string page = slurp(folder / ("netcut-fl-" + command + ".1"));
        ASSERT_FALSE(page.empty()) << command;
        EXPECT_TRUE(contains(slurp(folder / "netcut-fl.1"), command)) << command;
    }
    const std::string run = slurp(folder / "netcut-fl-run.1");
    for (const char* text : {"\\-\\-reconnect\\-after", "\\fITIME\\fR", ".SS The cut", ".SH SYNOPSIS"})
        EXPECT_TRUE(contains(run, text)) << text;
    EXPECT_NE(run_tool({"manual", "/proc/nowhere"}).status, 0);
}

TEST(Manual, GroffHasNothingToSay) {
    if (::access("/usr/bin/groff", X_OK) != 0) GTEST_SKIP() << "there is no groff";
    const Folder folder;
    ASSERT_EQ(run_tool({"manual", folder.path()}).status, 0);
    for (const auto& page : std::filesystem::directory_iterator(folder.path())) {
        const Finished groff = Tool({"-man", "-ww", "-z", page.path()}, {}, "/usr/bin/groff").wait();
        EXPECT_EQ(groff.err, "") << page.path();
    }
}

}  // namespace
}  // namespace netcut::test::NETCUT_FILE
