// SPDX-License-Identifier: Apache-2.0
//
// `link:` and `churn:` of a scenario, as nodes see it from inside, and in what a run leaves.
#include <fstream>

#include "base/json.h"
#include "e2e/python_nodes.h"
#include "e2e/tool.h"

namespace netcut::test::NETCUT_FILE {
namespace {

constexpr std::size_t bytes = 1'500'000;

// How long it takes to bring that many bytes from the collaborator to the aggregator.
const PythonNodes upload = {
    "s = serve(); print('listening'); c = s.accept()[0]; begin = time.time(); n = 0\n"
    "while n < 1500000: n += len(c.recv(65536))\n"
    "print('took', time.time() - begin); c.sendall(b'x')\n",
    "c = connect(); c.sendall(bytes(1500000)); c.recv(1)\n", ""};

double seconds_taken(const std::string& run) {
    const std::string out = slurp(run + "/logs/aggregator.out");
    const auto at = out.find("took ");
    return at == std::string::npos ? -1 : std::stod(out.substr(at + 5));
}

std::vector<Json> events(const std::string& run, const std::string& name) {
    std::vector<Json> found;
    for (const Json& event : read_journal(run))
        if (event.at("event") == name) found.push_back(event.at("details"));
    return found;
}

// 8 Mbit/s every other half of a second: 4 Mbit/s on average, so that 12 Mbit take 3 s or a little less.
void expect_trace(const std::function<void()>& before_exec = {}) {
    const Folder folder;
    if (before_exec) std::filesystem::permissions(folder.path(), std::filesystem::perms::all);
    std::ofstream(folder / "slow.csv") << "t,mbit\n0,8\n0.5,0\n";
    PythonNodes nodes = upload;
    nodes.rest = "link: {up: {trace: '" + (folder / "slow.csv") + "'}}\n";
    const std::string scenario = write_scenario(nodes, folder / "scenario.yaml");
    Tool tool({"run", scenario, "--out", folder / "run"}, before_exec);
    const Finished finished = tool.wait();
    ASSERT_EQ(finished.status, 0) << finished.out << finished.err;
    const double took = seconds_taken(folder / "run");
    EXPECT_GE(took, 2.3);
    EXPECT_LE(took, 6 * time_scale());
    std::uint64_t capacity = 0, delivered = 0;
    for (const Json& seen : events(folder / "run", "links")) {
        capacity += seen.at("nodes").at("collaborator1").at("up").at("capacity").get<std::uint64_t>();
        delivered += seen.at("nodes").at("collaborator1").at("up").at("delivered").get<std::uint64_t>();
        EXPECT_FALSE(seen.at("nodes").contains("aggregator"));
    }
    EXPECT_GE(delivered, bytes);
    EXPECT_LE(delivered, capacity + 20'000);
    EXPECT_EQ(events(folder / "run", "links.summed").size(), 1U);
    const Finished verified = run_tool({"verify", folder / "run"});
    EXPECT_EQ(verified.status, 0) << verified.out;
    EXPECT_TRUE(contains(slurp(folder / "run/report.html"), "\"what\":\"slow.csv\""));

    // The file is not needed any more.
    std::filesystem::remove(folder / "slow.csv");
    EXPECT_EQ(run_tool({"verify", folder / "run"}).status, 0);
    Tool replay({"replay", folder / "run"}, before_exec);
    const Finished replayed = replay.wait();
    EXPECT_EQ(replayed.status, 0) << replayed.out << replayed.err;
    EXPECT_GE(seconds_taken(folder / "run-replay"), 2.3);
}

TEST(Link, CarriesWhatItsTraceSays) {
    NETCUT_E2E();
    expect_trace();
}

TEST(Link, CarriesWhatItsTraceSaysForAnOrdinaryUser) {
    NETCUT_E2E();
    expect_trace(become_ordinary_user);
}

// 20 ms and some losses, then 60 ms and none.
void expect_delay_and_loss(const std::function<void()>& before_exec = {}) {
    const Folder folder;
    if (before_exec) std::filesystem::permissions(folder.path(), std::filesystem::perms::all);
    std::ofstream(folder / "far.csv") << "t,mbit,delay_ms,loss\n0,20,20,0.05\n1,20,60,0\n";
    PythonNodes nodes = upload;
    nodes.collaborator =
        "c = connect()\nfor i in range(20): c.sendall(bytes(75000)); time.sleep(0.1)\nc.recv(1)\n";
    nodes.rest = "pcap: true\nlink: {up: {trace: '" + (folder / "far.csv") + "', seed: 4}}\n";
    const std::string scenario = write_scenario(nodes, folder / "scenario.yaml");
    for (const char* name : {"run", "again"}) {
        Tool tool({"run", scenario, "--out", folder / name}, before_exec);
        const Finished finished = tool.wait();
        ASSERT_EQ(finished.status, 0) << finished.out << finished.err;
    }
    const std::string list = "link-loss-collaborator1-up.txt";
    EXPECT_EQ(slurp(folder / "run/" + list), slurp(folder / "again/" + list));
    std::uint64_t numbered = 0, lost = 0;
    std::set<double> delays;
    for (const Json& seen : events(folder / "run", "links")) {
        const Json& up = seen.at("nodes").at("collaborator1").at("up");
        numbered += up.value("numbered", 0U);
        lost += up.value("lost_by_trace", 0U);
        delays.insert(up.at("delay_ns").get<double>());
    }
    EXPECT_GT(numbered, bytes / 1500);
    EXPECT_GT(lost, 0U);
    EXPECT_GE(*delays.begin(), 20e6);
    EXPECT_LE(*delays.rbegin(), 60e6);
    const Json verdict = read_verdict(folder / "run");
    EXPECT_EQ(verdict.at("verdict"), "undisturbed") << "a link is no fault";
    const Finished verified = run_tool({"verify", folder / "run"});
    EXPECT_EQ(verified.status, 0) << verified.out;
    EXPECT_TRUE(contains(verified.out, "1 lists of losses are those that their seeds make")) << verified.out;
    EXPECT_TRUE(contains(slurp(folder / "run/report.html"), "\"delay_up_ms\":[[],["));
    std::string journal = slurp(folder / "run/journal.jsonl");
    journal.insert(journal.find("\"lost_by_trace\":") + 16, "9");
    std::ofstream(folder / "run/journal.jsonl") << journal;
    const Finished refuted = run_tool({"verify", folder / "run"});
    EXPECT_TRUE(contains(refuted.out, "by its list")) << refuted.out;
    std::ofstream(folder / ("again/" + list)) << "1 0.01\n";
    EXPECT_TRUE(
        contains(run_tool({"verify", folder / "again"}).out, list + " is not the list that its seed makes"));
}

TEST(Link, DelaysAndLosesWhatItsTraceSays) {
    NETCUT_E2E();
    expect_delay_and_loss();
}

TEST(Link, DelaysAndLosesWhatItsTraceSaysForAnOrdinaryUser) {
    NETCUT_E2E();
    expect_delay_and_loss(become_ordinary_user);
}

TEST(Link, OfARecordThatSaysMoreThanCouldPassIsRefuted) {
    NETCUT_E2E();
    const Folder folder;
    PythonNodes nodes = upload;
    nodes.rest = "link: {up: 8mbit, down: {trace: {model: lte, seed: 3}}}\n";
    const std::string scenario = write_scenario(nodes, folder / "scenario.yaml");
    Tool tool({"run", scenario, "--out", folder / "run"});
    ASSERT_EQ(tool.wait().status, 0);
    EXPECT_EQ(run_tool({"verify", folder / "run"}).status, 0);
    std::string journal = slurp(folder / "run/journal.jsonl");
    const auto links = journal.find("\"event\":\"links\"");
    const auto at = journal.find("\"delivered\":", links) + 12;
    journal.insert(at, "99999999");
    std::ofstream(folder / "run/journal.jsonl") << journal;
    const Finished refuted = run_tool({"verify", folder / "run"});
    EXPECT_NE(refuted.status, 0);
    EXPECT_TRUE(contains(refuted.out, "carried more than it could")) << refuted.out;
}

TEST(Link, NeedsItsFile) {
    const Folder folder;
    PythonNodes nodes = upload;
    nodes.rest = "link: {up: {trace: '" + (folder / "none.up") + "'}}\n";
    const std::string scenario = write_scenario(nodes, folder / "scenario.yaml");
    const Finished finished = run_tool({"check", scenario});
    EXPECT_EQ(finished.status, 2);
    EXPECT_TRUE(contains(finished.out + finished.err, "none.up: No such file"))
        << finished.out << finished.err;
}

TEST(Churn, TakesNodesAwayAndBringsThemBack) {
    NETCUT_E2E();
    const Folder folder;
    std::ofstream(folder / "who.csv") << "0.5,0.8,collaborator1\n1.2,1.5,collaborator1\n";
    PythonNodes nodes = {
        "s = serve(); print('listening'); c = s.accept()[0]\n"
        "while c.recv(9) != b'end': pass\nc.sendall(b'x')\n",
        "c = connect()\nfor i in range(25): c.sendall(b'x'); time.sleep(0.1)\n"
        "time.sleep(0.5); c.sendall(b'end'); c.recv(1)\n",
        "churn: {trace: '" + (folder / "who.csv") + "'}\n"};
    const std::string scenario = write_scenario(nodes, folder / "scenario.yaml");
    Tool tool({"run", scenario, "--out", folder / "run"});
    const Finished finished = tool.wait();
    ASSERT_EQ(finished.status, 0) << finished.out << finished.err;
    const auto fired = events(folder / "run", "fault.fired");
    ASSERT_EQ(fired.size(), 2U);
    EXPECT_EQ(fired[1].at("flap").at("of"), 2);
    EXPECT_EQ(run_tool({"verify", folder / "run"}).status, 0);
    EXPECT_TRUE(contains(slurp(folder / "run/scenario.yaml"), "away-collaborator1"));
}

TEST(Churn, TakesSeveralNodesAwayTogether) {
    NETCUT_E2E();
    const Folder folder;
    PythonNodes nodes = {
        "s = serve(); print('listening')\n"
        "def answer(c):\n"
        "  while m := c.recv(9): c.sendall(m)\n"
        "for _ in range(4): threading.Thread(target=answer, args=(s.accept()[0],)).start()\n",
        "c = connect(); end = time.time() + 3; silence = 0\n"
        "while time.time() < end or silence < 0.15:\n"
        "  sent = time.time(); c.sendall(b'x'); c.recv(9)\n"
        "  silence = max(silence, time.time() - sent); time.sleep(0.01)\n",
        // For longer than programs may take to start: times count from the aggregator's start.
        "churn: {together: 3, every: 500ms, down: 200ms, seed: 2, length: 1m}\n"};
    const std::string scenario = write_scenario(nodes, folder / "scenario.yaml");
    Tool tool({"run", scenario, "--cols", "4", "--out", folder / "run"});
    const Finished finished = tool.wait();
    ASSERT_EQ(finished.status, 0) << finished.out << finished.err;
    std::vector<double> fired;
    for (const Json& event : read_journal(folder / "run"))
        if (event.at("event") == "fault.fired") fired.push_back(event.at("t_ns").get<double>() / 1e9);
    ASSERT_GE(fired.size(), 3U);
    std::sort(fired.begin(), fired.end());
    // The run may have ended while the last of them went.
    for (std::size_t i = 0; i + 2 < fired.size(); i += 3)
        EXPECT_LT(fired[i + 2] - fired[i], 0.1 * time_scale());
    EXPECT_GT(read_verdict(folder / "run").at("packets_lost"), 0);
    EXPECT_EQ(run_tool({"verify", folder / "run"}).status, 0);
}

TEST(Trace, IsPrintedAndReadAgain) {
    const Finished csv =
        run_tool({"trace", "satellite", "--seed", "3", "--mean", "20mbit", "--length", "60s"});
    ASSERT_EQ(csv.status, 0) << csv.err;
    EXPECT_EQ(csv.out,
              run_tool({"trace", "satellite", "--seed", "3", "--mean", "20mbit", "--length", "60s"}).out);
    EXPECT_TRUE(csv.out.starts_with("t,mbit\n0,0\n")) << csv.out.substr(0, 100);
    const Finished mahimahi = run_tool({"trace", "lte", "--length", "10s", "--format", "mahimahi"});
    EXPECT_TRUE(mahimahi.out.ends_with("\n10000\n"));
    EXPECT_EQ(run_tool({"trace", "lt"}).status, 2);
}

}  // namespace
}  // namespace netcut::test::NETCUT_FILE
