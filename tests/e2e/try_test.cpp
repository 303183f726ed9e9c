// SPDX-License-Identifier: Apache-2.0
//
// `why --try`: the remedy that helps, and the one that cannot.
#include <thread>

#include "base/json.h"
#include "e2e/python_nodes.h"
#include "e2e/tool.h"

namespace netcut::test::NETCUT_FILE {
namespace {

// The server gives its reply up, and the client never learns, unless its TCP asks. Then it tries anew.
const PythonNodes lost_reply{
    "s = serve(); print('listening'); first = True\n"
    "while True:\n"
    "  c = s.accept()[0]\n"
    "  if c.recv(99) != b'request': break\n"
    "  c.setsockopt(6, 18, 300)\n"
    "  if first: time.sleep(0.2)\n"
    "  first = False\n"
    "  try:\n"
    "    c.sendall(b'reply'); c.recv(99)\n"
    "  except OSError as error: print(error)\n"
    "  c.close()\n",
    "def ask():\n"
    "  c = connect(); c.sendall(b'request'); print('cut me'); print(c.recv(99)); c.close()\n"
    "try: ask()\n"
    "except OSError as error: print(error); ask()\n"
    "connect().sendall(b'done')\n",
    "faults: [{kind: drop, on: {log: cut me}, for: 2s, times: 1}]\n"};

Json rows_of(const Finished& tried) {
    const Json table = Json::parse(tried.out);
    return table.at("rows");
}

std::string outcome(const Json& rows, const std::string& name) {
    for (const Json& row : rows)
        if (row.at("name").get<std::string>().starts_with(name)) return row.at("cells")[0].at("outcome");
    return "no row " + name;
}

TEST(Try, TheKeepaliveHelpsAndTheOtherLimitDoesNot) {
    NETCUT_E2E();
    const Folder folder;
    const std::string scenario = write_scenario(lost_reply, folder / "scenario.yaml", "12s");
    ASSERT_EQ(run_tool({"run", scenario, "--out", folder / "run"}).status, 1);
    const Finished tried = run_tool({"why", "--try", "--json", folder / "run"});
    ASSERT_EQ(tried.status, 0) << tried.out << tried.err;
    const Json rows = rows_of(tried);
    EXPECT_EQ(outcome(rows, "once more, as it was"), "hung") << rows.dump(2);
    EXPECT_EQ(outcome(rows, "keepalive 3s at collaborator1"), "recovered") << rows.dump(2);
    EXPECT_EQ(outcome(rows, "user_timeout 3s at collaborator1"), "hung") << rows.dump(2);
    for (const char* name : {"trials.json", "trials.csv", "report.html", "junit.xml"})
        EXPECT_TRUE(std::filesystem::exists(folder / (std::string("run-try/") + name))) << name;
    // Again it takes what was made.
    const Finished again = run_tool({"why", "--try", folder / "run"});
    EXPECT_EQ(again.status, 0);
    EXPECT_TRUE(contains(again.out, "(made before)")) << again.out;
    EXPECT_TRUE(contains(again.out, "keepalive 3s at collaborator1 helps: tcp: [{nodes: [collaborator1], "))
        << again.out;
    EXPECT_TRUE(contains(again.out, "Not tried: ")) << again.out;
}

TEST(Try, WhenItIsStoppedWhatWasMadeIsShown) {
    NETCUT_E2E();
    const Folder folder;
    const std::string scenario = write_scenario(lost_reply, folder / "scenario.yaml", "12s");
    ASSERT_EQ(run_tool({"run", scenario, "--out", folder / "run"}).status, 1);
    Tool tool({"why", "--try", "--jobs", "1", folder / "run"});
    ASSERT_TRUE(tool.wait_for_output("once more, as it was: hung", 60s));
    tool.signal(SIGINT);
    const Finished finished = tool.wait();
    EXPECT_EQ(finished.status, 130) << finished.out << finished.err;
    EXPECT_TRUE(contains(finished.out, "not run")) << finished.out;
    EXPECT_TRUE(std::filesystem::exists(folder / "run-try/trials.csv"));
    EXPECT_TRUE(tool.leaves_no_process());
}

TEST(Try, WithNothingToTryItSaysWhatWouldHaveToChange) {
    NETCUT_E2E();
    const Folder folder;
    const std::string scenario =
        write_scenario(PythonNodes{"print('listening'); l = threading.Lock(); l.acquire(); l.acquire()\n",
                                   "print('cut me'); l = threading.Lock(); l.acquire(); l.acquire()\n",
                                   "faults: [{kind: drop, on: {log: cut me}, for: 300ms}]\n"},
                       folder / "scenario.yaml");
    ASSERT_EQ(run_tool({"run", scenario, "--out", folder / "run"}).status, 1);
    const Finished tried = run_tool({"why", "--try", folder / "run"});
    EXPECT_EQ(tried.status, 1);
    EXPECT_TRUE(contains(tried.out, "nothing was tried")) << tried.out;
    EXPECT_TRUE(contains(tried.out, "a change of the program")) << tried.out;
    EXPECT_FALSE(std::filesystem::exists(folder / "run-try"));
}

// The reference's C', in which an upload is whole and its reply is lost.
TEST(Try, SavesTheReferenceFromALostReply) {
    NETCUT_E2E_WITH_REFERENCE();
    const Folder folder;
    const Finished finished = run_tool(reference_for_this_machine(
        {"run", "--template", "reference", "--cols", "2", "--set", "rounds=3", "--set",
         "aggregator-args=--server-user-timeout 3s --server-delay 1s", "--fault",
         "{kind: drop, for: 6s, on: {log: 'round 2: results from collaborator2 are complete', node: "
         "aggregator, "
         "delay: 300ms}}",
         "--hang-after", "24s", "--out", folder / "run"}));
    ASSERT_EQ(finished.status, 1) << finished.out << finished.err;
    const Finished tried = run_tool({"why", "--try", "--json", folder / "run"});
    ASSERT_EQ(tried.status, 0) << tried.out << tried.err;
    const Json rows = rows_of(tried);
    EXPECT_EQ(outcome(rows, "once more, as it was"), "hung") << rows.dump(2);
    EXPECT_EQ(outcome(rows, "keepalive 6s at collaborator2"), "recovered") << rows.dump(2);
    EXPECT_EQ(outcome(rows, "user_timeout 6s at collaborator2"), "hung") << rows.dump(2);
}

}  // namespace
}  // namespace netcut::test::NETCUT_FILE
