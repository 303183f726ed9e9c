// SPDX-License-Identifier: Apache-2.0
//
// Does what docs/tutorial.md tells its reader to do, and looks whether the verdicts are those that it shows.
#include <sys/stat.h>

#include <fstream>
#include <sstream>

#include "base/command.h"
#include "e2e/tool.h"

namespace netcut::test::NETCUT_FILE {
namespace {

struct Step {
    std::string command;
    std::string verdict;
};

struct Tutorial {
    std::map<std::string, std::string> files;
    std::vector<Step> steps;
};

// A file is a fenced block whose first line is a comment with its name; a command is an indented line of its own, and
// the next indented line begins with the verdict, below another one if something was expected.
Tutorial read_tutorial() {
    Tutorial tutorial;
    std::istringstream page(slurp(NETCUT_SOURCE_DIR "/docs/tutorial.md"));
    std::string line, file;
    bool fenced = false;
    while (std::getline(page, line)) {
        if (line.starts_with("```")) {
            fenced = !fenced;
            file.clear();
        } else if (fenced && file.empty() && line.starts_with("# ")) {
            file = line.substr(2);
        } else if (fenced) {
            tutorial.files[file] += line + "\n";
        } else if (line.starts_with("    netcut-fl ")) {
            tutorial.steps.push_back({line.substr(4), ""});
        } else if (line.starts_with("    ") && !tutorial.steps.empty() &&
                   (tutorial.steps.back().verdict.empty() || tutorial.steps.back().verdict == "Passed")) {
            tutorial.steps.back().verdict = line.substr(4, line.find(':') - 4);
        }
    }
    return tutorial;
}

TEST(Tutorial, ItsCommandsEndAsItSays) {
    NETCUT_E2E();
    const Folder folder;
    ::chmod(folder.path().c_str(), 0755);
    const Tutorial tutorial = read_tutorial();
    EXPECT_EQ(tutorial.files.size(), 5U);
    ASSERT_EQ(tutorial.steps.size(), 5U);
    for (const auto& [name, text] : tutorial.files) std::ofstream(folder / name) << text;
    for (const Step& step : tutorial.steps) {
        Arguments words = *split_command(step.command);
        words.erase(words.begin());
        words.at(1) = folder / words.at(1);  // the scenario
        words.insert(words.end(), {"--cwd", folder.path(), "--out", folder / "run"});
        const Finished finished = run_tool(words);
        EXPECT_EQ(read_verdict(folder / "run").at("verdict"), step.verdict) << step.command << "\n"
                                                                            << finished.out;
        EXPECT_EQ(finished.status, step.verdict == "hung" ? 1 : 0) << finished.err;
    }
}

}  // namespace
}  // namespace netcut::test::NETCUT_FILE
