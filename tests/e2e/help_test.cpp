// SPDX-License-Identifier: Apache-2.0
//
// What the program says of itself: manual pages and what shells complete.
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

std::vector<std::string> completions(Arguments words) {
    words.insert(words.begin(), {"complete", "--"});
    return lines_of(run_tool(words).out);
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

TEST(Completion, BashPutsItInPlace) {
    const std::string script =
        "PATH=" NETCUT_BUILD_DIR ":$PATH; . " NETCUT_SOURCE_DIR
        "/tools/packaging/completions/netcut-fl.bash; COMP_WORDS=(netcut-fl run --fabric bri); COMP_CWORD=3; "
        "_netcut_fl; echo \"${COMPREPLY[@]}\"";
    const Finished bash = Tool({"-c", script}, {}, "/bin/bash").wait();
    EXPECT_EQ(bash.out, "bridge\n") << bash.err;
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
