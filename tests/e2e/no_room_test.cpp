// SPDX-License-Identifier: Apache-2.0
//
// A machine, or a user, that has no room for one more process or thread.
#include <sys/resource.h>

#include <fstream>

#include "e2e/tool.h"

namespace netcut::test::NETCUT_FILE {
namespace {

// Nobody else has processes of it, so that the limit is this test's own.
constexpr uid_t lonely_user = 54377;

std::function<void()> with_processes(rlim_t most) {
    return [most] {
        become(lonely_user);
        const rlimit limit{most, most};
        if (::setrlimit(RLIMIT_NPROC, &limit) != 0) ::_exit(126);
    };
}

TEST(NoRoom, ForProcessesIsWhatTheMachineCannotAndNoDefect) {
    NETCUT_E2E();
    const Folder folder;
    for (const rlim_t most : {1, 2, 3, 4, 5, 6, 7, 8, 9, 10}) {
        Tool tool({"run", "-q", "--local", "--cols", "1", "--pcap", "--out", folder / std::to_string(most),
                   "--aggregator", "true", "--collaborator", "true"},
                  with_processes(most));
        const Finished finished = tool.wait();
        EXPECT_TRUE(finished.status == 3 || finished.status == 0)
            << most << ": " << finished.status << ' ' << finished.err;
        EXPECT_TRUE(tool.leaves_no_process());
    }
}

TEST(NoRoom, ForThreadsIsToldWithWhatToDo) {
    NETCUT_E2E();
    const Folder folder;
    Tool tool({"run", "--local", "--out", folder / "run", "--aggregator", "true", "--collaborator", "true"},
              with_processes(1));
    const Finished finished = tool.wait();
    EXPECT_EQ(finished.status, 3) << finished.err;
    EXPECT_TRUE(contains(finished.err, "ulimit -u")) << finished.err;
}

// It takes all processes that its user may have, before it is cut.
TEST(NoRoom, ANodeThatForksWithoutEndMakesNoDefect) {
    NETCUT_E2E();
    const Folder folder;
    std::ofstream(folder / "bomb.sh") << "while :; do sleep 3 & done\n";
    // A shell that cannot fork ends, and leaves room for one.
    std::ofstream(folder / "bombs.sh") << "sleep 0.3\nwhile :; do sh " << folder / "bomb.sh"
                                       << "; done\n";
    for (const char* kind : {"down", "drop", "unplug"}) {
        Tool tool(
            {"run", "-q", "--local", "--cols", "1", "--out", folder / kind, "--aggregator",
             "sh -c 'sleep 0.8; echo now; exec sleep 0.7'", "--collaborator",
             "sh -c '(sh " + (folder / "bombs.sh") + " &) 2>/dev/null; exec sleep 2'", "--hang-after", "5s",
             "--fault", "{kind: " + std::string(kind) + ", for: 300ms, on: {log: now, node: aggregator}}"},
            with_processes(60));
        const Finished finished = tool.wait();
        EXPECT_TRUE(finished.status == 3 || finished.status == 0 || finished.status == 1)
            << kind << ": " << finished.status << ' ' << finished.err;
        // The last run's processes may still be ending, and leave no room even to begin.
        const bool has_begun = finished.err.find("ulimit -u") == std::string::npos;
        EXPECT_TRUE(!has_begun || read_verdict(folder / kind).contains("verdict")) << kind << finished.err;
        EXPECT_TRUE(tool.leaves_no_process());
    }
}

}  // namespace
}  // namespace netcut::test::NETCUT_FILE
