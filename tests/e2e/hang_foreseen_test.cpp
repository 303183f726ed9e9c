// SPDX-License-Identifier: Apache-2.0
//
// What is said of runs that hang or are given up: what happens next and when, states that are known, and programs and networks of
// other kinds.
#include <fstream>

#include "base/json.h"
#include "e2e/daemon.h"
#include "e2e/hang_story.h"

namespace netcut::test::NETCUT_FILE {
namespace {

constexpr const char* waiter = NETCUT_BUILD_DIR "/netcut_waiter";

std::string waiters(const std::string& path, unsigned connections, const std::string& rest) {
    std::ofstream out(path);
    out << "name: waiters\ncollaborators: 1\nready: listening\ngrace: 500ms\nhang_after: 60s\naggregator: "
           "{command: "
        << waiter << " serve 9000}\ncollaborator: {command: " << waiter << " connect 9000 " << connections
        << "}\n"
        << short_cut << rest;
    return path;
}

void expect_proof_of_waiters(unsigned connections, const std::string& rest) {
    SCOPED_TRACE(rest);
    const Folder folder;
    const Finished finished =
        run_tool({"run", waiters(folder / "scenario.yaml", connections, rest), "--out", folder / "run"});
    ASSERT_EQ(finished.status, 1) << finished.out << finished.err;
    expect_certain(folder / "run");
}

TEST(HangForeseen, StaticProgramsWithInheritedSocketsAreProvedOnEachNetwork) {
    NETCUT_E2E();
    for (const char* kind : {"routed", "bridge"})
        for (const char* ip : {"4", "6"})
            expect_proof_of_waiters(3, std::string("fabric: {kind: ") + kind + ", ip: " + ip + "}\n");
}

TEST(HangForeseen, FiveHundredConnectionsAreProved) {
    NETCUT_E2E();
    expect_proof_of_waiters(500, "");
}

TEST(HangForeseen, RunOfTheDaemonIsProved) {
    NETCUT_E2E();
    const Daemon daemon;
    const std::string scenario = waiters(daemon.home(alice) + "/scenario.yaml", 3, "");
    const Finished finished = daemon.run(alice, {"run", scenario, "--out", "out"});
    ASSERT_EQ(finished.status, 1) << finished.out << finished.err;
    expect_certain(daemon.home(alice) + "/out");
}

const Json* find_next(const Json& verdict, const std::string& kind) {
    for (const Json& one : verdict.at("hang").at("next"))
        if (one.at("kind") == kind) return &one;
    return nullptr;
}

// Of the first such event of the run.
double time_of(const std::string& folder, const std::string& name, const std::string& node = {}) {
    for (const Json& event : read_journal(folder))
        if (event.at("event") == name && (node.empty() || event.value("node", "") == node))
            return event.at("t_ns").get<double>() / 1e9;
    ADD_FAILURE() << folder << " has no " << name;
    return 0;
}

// What it sends is lost for good, and TCP gives up as the program has set.
TEST(HangForeseen, WhenTcpGivesUpIsForeseen) {
    NETCUT_E2E();
    const Story story{
        "gives-up",
        "s = serve(); print('listening'); c = s.accept()[0]\nwhile m := c.recv(99): pass\ns.accept()\n",
        "c = connect(); c.setsockopt(6, 18, 7000); c.sendall(b'x'); print('cut me'); time.sleep(0.5)\n"
        "c.sendall(b'y')\n"
        "try: c.recv(9)\n"
        "except OSError as error: print(error)\n",
        "faults: [{kind: drop, on: {log: cut me}, for: never}]\nend: collaborators\n"};
    const Folder folder;
    const std::string early = folder / "early", late = folder / "late";
    run_tool({"run", write_story(story, folder / "early.yaml", "3s"), "--out", early});
    const Json verdict = read_verdict(early);
    ASSERT_TRUE(verdict.contains("hang")) << verdict.dump(2);
    const Json* next = find_next(verdict, "gives-up");
    ASSERT_NE(next, nullptr) << verdict.at("hang").dump(2);
    run_tool({"run", write_story(story, folder / "late.yaml", "30s"), "--out", late});
    const double foreseen = time_of(early, "node.waits", "collaborator1") + next->at("in_s").get<double>() -
                            time_of(early, "fault.fired");
    const double seen = time_of(late, "node.exited", "collaborator1") - time_of(late, "fault.fired");
    // Another time-out (the system's, or its half) would be farther away, also on a crowded machine.
    EXPECT_NEAR(foreseen, seen, 2.5) << verdict.at("hang").dump(2);
}

// Its thread that wakes up forbids a proof, as gRPC's do.
const Story with_a_timer{"with-a-timer", gives_up,
                         "def wake():\n  while True: time.sleep(0.1)\n"
                         "threading.Thread(target=wake, daemon=True).start()\n"
                         "c = connect(); c.sendall(b'request'); print('cut me'); c.recv(99)\n",
                         long_cut};

TEST(HangForeseen, StateThatIsKnownEndsSoon) {
    NETCUT_E2E();
    const Folder folder;
    run_tool({"run", write_story(with_a_timer, folder / "first.yaml", "6s"), "--out", folder / "first"});
    const Json first = read_verdict(folder / "first");
    ASSERT_TRUE(first.contains("hang")) << first.dump(2);
    EXPECT_EQ(first.at("hang").at("proof"), "waited");
    const std::string state = first.at("hang").at("state");
    EXPECT_EQ(
        state,
        "collaborator1 waits for ever in recvfrom on a connection to aggregator port 9000, which has no "
        "trace of it");
    const std::string scenario = write_story(with_a_timer, folder / "second.yaml", "60s");
    std::ofstream(scenario, std::ios::app) << "known_hangs:\n  - " << Json(state).dump() << '\n';
    const Finished finished = run_tool({"run", scenario, "--out", folder / "second"});
    EXPECT_EQ(finished.status, 1) << finished.out;
    EXPECT_TRUE(contains(finished.out, "known")) << finished.out;
    const Json hang = read_verdict(folder / "second").at("hang");
    EXPECT_EQ(hang.at("proof"), "known") << hang.dump(2);
    EXPECT_GE(hang.at("in_state_s").get<double>(), 3);
    EXPECT_EQ(run_tool({"verify", folder / "second"}).status, 0);
}

TEST(HangForeseen, StateIsKnownOnlyWhileNothingEndsIt) {
    NETCUT_E2E();
    // A keepalive finds out; before that the state is another one.
    const Story rescued{
        "rescued",
        "s = serve(); print('listening'); c = s.accept()[0]; c.recv(99)\n"
        "c.setsockopt(6, 18, 300); time.sleep(0.2); c.sendall(b'reply' * 99)\n"
        "try: c.recv(99)\n"
        "except OSError: pass\n"
        "c.close()\n",
        "c = connect(); c.setsockopt(1, 9, 1); c.setsockopt(6, 4, 8); c.sendall(b'request')\n"
        "print('cut me')\n"
        "try: c.recv(99)\n"
        "except OSError: pass\n",
        "faults: [{kind: drop, on: {log: cut me}, for: 2s}]\nend: collaborators\nknown_hangs:\n"
        "  - collaborator1 waits for ever in recvfrom on a connection to aggregator port 9000, which has no "
        "trace of it\n"};
    const Folder folder;
    const Finished finished =
        run_tool({"run", write_story(rescued, folder / "scenario.yaml", "30s"), "--out", folder / "run"});
    EXPECT_FALSE(read_verdict(folder / "run").contains("hang")) << finished.out;
}

TEST(HangForeseen, RecordHasWhatConnectionsDo) {
    NETCUT_E2E();
    const Folder folder;
    run_tool({"run",
              write_story({"half-open", gives_up, waits_for_the_reply, long_cut}, folder / "s.yaml", "40s"),
              "--out", folder / "run"});
    std::vector<std::string> of_server, of_client;
    for (const Json& event : read_journal(folder / "run"))
        if (event.at("event") == "connection")
            (event.at("node") == "aggregator" ? of_server : of_client)
                .push_back(event.at("details").at("change").get<std::string>());
    ASSERT_FALSE(of_client.empty());
    ASSERT_GE(of_server.size(), 3U);
    EXPECT_EQ(of_client.front(), "opened");
    EXPECT_EQ(of_server.front(), "opened");
    EXPECT_NE(std::find(of_server.begin(), of_server.end(), "resent"), of_server.end()) << "its reply";
    EXPECT_EQ(of_server.back(), "gone");
    EXPECT_EQ(std::count(of_client.begin(), of_client.end(), "gone"), 0) << "it holds its end still";
}

}  // namespace
}  // namespace netcut::test::NETCUT_FILE
