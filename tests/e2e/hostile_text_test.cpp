// SPDX-License-Identifier: Apache-2.0
//
// Text of users and nodes: what cannot be is refused before anything starts, and the rest steers no reader.
#include <fcntl.h>
#include <sys/stat.h>

#include <fstream>

#include "e2e/tool.h"

namespace netcut::test::NETCUT_FILE {
namespace {

const std::string roles =
    "aggregator: {command: [sh, -c, 'printf \"step \\357\\277\\277\\342\\200\\256\\n\"']}\n"
    "collaborator: {command: ['true']}\ncollaborators: 1\n";

Finished run_scenario(const Folder& folder, const std::string& yaml) {
    std::ofstream(folder / "scenario.yaml") << yaml;
    return Tool({"run", "--local", folder / "scenario.yaml", "--out", folder / "run"}).wait(20s);
}

TEST(HostileText, NamesAndTextsThatCannotBeAreRefusedBeforeAnythingStarts) {
    const Folder folder;
    for (const char* key :
         {"name: \"x\\x9b31m\"", "name: \"x\\u202e\"", "faults: [{name: \"a\\0b\", on: start}]",
          "faults: [{name: \"a\\nb\", on: start}]", "faults: [{name: \"\\uffff\", on: start}]",
          "ready: 're:'", "ready: \"a\\0b\"", "\"a\\0b\": 1"}) {
        const Finished finished = run_scenario(folder, roles + key + "\n");
        EXPECT_EQ(finished.status, 2) << key << finished.err;
        EXPECT_FALSE(std::filesystem::exists(folder / "run")) << key;
    }
    const std::string long_name(300, 'x');
    EXPECT_EQ(run_scenario(folder, roles + "faults: [{name: " + long_name + ", on: start}]\n").status, 2);
}

TEST(HostileText, ErrorsSteerNoTerminal) {
    const Folder folder;
    for (const char* key : {"faults: [{name: \"\\e[31mx\", on: start}]", "\"\\e[31m\": 1",
                            "timeout: \"\\e[31m\"", "ready: \"re:(\\e[31m\""}) {
        const Finished finished = run_scenario(folder, roles + key + "\n");
        EXPECT_EQ(finished.status, 2) << key << finished.err;
        EXPECT_FALSE(contains(finished.err, "\x1b")) << key;
    }
    const Finished finished = run_tool({"run", "--\x1b[31m"});
    EXPECT_EQ(finished.status, 2);
    EXPECT_FALSE(contains(finished.err, "\x1b"));
}

TEST(HostileText, WhatPrepareAndNodesPrintSteersNoTerminal) {
    NETCUT_E2E();
    const Folder folder;
    const Finished prepared =
        run_scenario(folder, roles + "prepare: [sh, -c, 'printf \"\\033[31m\\302\\2331m\"; exit 1']\n");
    EXPECT_EQ(prepared.status, 2) << prepared.err;
    EXPECT_FALSE(contains(prepared.out + prepared.err, "\x1b"));
    EXPECT_FALSE(contains(prepared.out + prepared.err, "\xc2\x9b"));
}

TEST(HostileText, WhatANodePrintsLeavesFilesThatReadersTake) {
    NETCUT_E2E();
    const Folder folder;
    const Finished finished =
        run_scenario(folder, roles + "expect: {logs: [{line: 're:step (.*)', equals: other}]}\n");
    EXPECT_EQ(finished.status, 1) << finished.err;
    EXPECT_FALSE(contains(finished.out, "\xe2\x80\xae")) << "U+202E turns text around";
    EXPECT_FALSE(contains(slurp(folder / "run/junit.xml"), "\xef\xbf\xbf")) << "no XML may have U+FFFF";
    const Finished verified = run_tool({"verify", folder / "run"});
    EXPECT_EQ(verified.status, 0) << verified.out;
}

// The writer that opens it at last would find no reader any more.
TEST(HostileText, ATraceThatIsAFifoIsRefusedAtOnce) {
    const Folder folder;
    ASSERT_EQ(::mkfifo((folder / "trace").c_str(), 0666), 0);
    const Finished finished = run_scenario(
        folder, roles + "faults: [{kind: loss, model: 'trace " + (folder / "trace") + "', on: start}]\n");
    EXPECT_EQ(finished.status, 2) << finished.err;
    EXPECT_TRUE(contains(finished.err, "it is no regular file")) << finished.err;
}

TEST(HostileText, AScenarioMayComeThroughAPipe) {
    NETCUT_E2E();
    const Folder folder;
    std::ofstream(folder / "scenario.yaml") << roles;
    const std::string tool = std::string(NETCUT_BUILD_DIR) + "/netcut-fl";
    const Finished finished = Tool({"-c", "cat " + (folder / "scenario.yaml") + " | " + tool +
                                              " run -q --local /dev/stdin --out " + (folder / "run")},
                                   {}, "/bin/sh")
                                  .wait();
    EXPECT_EQ(finished.status, 0) << finished.err;
}

// Root's own files would be created where the link leads.
TEST(HostileText, ALinkInAFolderOfSomebodyElseIsNotFollowed) {
    NETCUT_E2E();
    const Folder folder;
    std::filesystem::create_directories(folder / "run");
    std::filesystem::create_directories(folder / "victim");
    std::filesystem::create_directory_symlink(folder / "victim", folder / "run/logs");
    ASSERT_EQ(::lchown((folder / "run/logs").c_str(), ordinary_user, ordinary_user), 0);
    ASSERT_EQ(::chown((folder / "run").c_str(), ordinary_user, ordinary_user), 0);
    const Finished finished = run_scenario(folder, roles);
    EXPECT_EQ(finished.status, 3) << finished.err;
    EXPECT_TRUE(contains(finished.err, "delete it")) << finished.err;
    EXPECT_TRUE(std::filesystem::is_empty(folder / "victim"));
}

}  // namespace
}  // namespace netcut::test::NETCUT_FILE
