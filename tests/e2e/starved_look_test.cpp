// SPDX-License-Identifier: Apache-2.0
//
// What netcut-fl says of what happened while it had no CPU itself.
#include <csignal>
#include <fstream>
#include <thread>

#include "base/json.h"
#include "e2e/python_nodes.h"
#include "e2e/tool.h"

namespace netcut::test::NETCUT_FILE {
namespace {

// Its answer is lost, and its end of the connection given up; the next connection is answered, and left open.
const std::string gives_up =
    "s = serve(); print('listening'); c = s.accept()[0]; c.recv(99)\n"
    "c.setsockopt(6, 18, 300); time.sleep(0.2); c.sendall(b'reply' * 99)\n"
    "try: c.recv(99)\n"
    "except OSError: pass\n"
    "c.close(); d = s.accept()[0]; m = d.recv(99)\n\n";

constexpr const char* answers = "d.sendall(m); time.sleep(60)\n";
constexpr const char* resets = "import struct; d.setsockopt(1, 13, struct.pack('ii', 1, 0)); d.close()";

bool wait_for(const std::function<bool()>& reached) {
    for (int i = 0; i < 2000 * time_scale() && !reached(); ++i) std::this_thread::sleep_for(10ms);
    return reached();
}

bool has_healed(const std::string& run) {
    return contains(slurp(run + "/journal.jsonl"), "\"fault.healed\"");
}

// The collaborator connects once more, has its answer, ends the connection by `ending`, and is gone before netcut-fl can look.
std::string verdict_with(const std::string& ending, const std::string& server = answers,
                         const std::string& reads = "d.recv(99)") {
    const Folder folder;
    const std::string go = folder / "go", done = folder / "done", run = folder / "run";
    const std::string scenario = write_scenario(
        PythonNodes{gives_up + server,
                    "c = connect(); c.sendall(b'request'); print('cut me')\n"
                    "while not os.path.exists('" +
                        go +
                        "'): time.sleep(0.01)\n"
                        "d = connect(); d.sendall(b'again')\n" +
                        reads + "\n" + ending + "\nopen('" + done + "', 'w').close(); os._exit(0)\n",
                    "end: collaborators\nfaults: [{kind: drop, on: {log: cut me}, for: 1500ms}]\n"},
        folder / "scenario.yaml");
    Tool tool({"run", scenario, "--local", "--out", run});
    EXPECT_TRUE(wait_for([&] { return has_healed(run); }));
    std::this_thread::sleep_for(100ms);  // some looks at what the fault has left
    tool.signal(SIGSTOP);
    std::ofstream(go) << "now";
    EXPECT_TRUE(wait_for([&] { return std::filesystem::exists(done); }));
    std::this_thread::sleep_for(100ms);
    tool.signal(SIGCONT);
    const Finished finished = tool.wait();
    EXPECT_EQ(run_tool({"verify", run}).status, 0) << run_tool({"verify", run}).out;
    const Json verdict = read_verdict(run);
    return verdict.at("verdict").get<std::string>() + " " + std::to_string(finished.status);
}

TEST(StarvedLook, ConnectionThatIsStillClosingCounts) {
    NETCUT_E2E();
    EXPECT_EQ(verdict_with(""), "recovered 0");
}

TEST(StarvedLook, ConnectionThatIsResetAndLeavesNoTraceCounts) {
    NETCUT_E2E();
    EXPECT_EQ(verdict_with(resets), "recovered 0");
}

// A truth to compare with: what it has asked is not answered.
TEST(StarvedLook, ConnectionThatIsResetBeforeItsAnswerDoesNot) {
    NETCUT_E2E();
    EXPECT_EQ(verdict_with(resets, "time.sleep(60)\n", "time.sleep(0.05)"), "left 1");
}

}  // namespace
}  // namespace netcut::test::NETCUT_FILE
