// SPDX-License-Identifier: Apache-2.0
//
// What one member of the group makes the daemon do takes a bounded part of it: others are served meanwhile.
#include "e2e/daemon_load.h"

#include <signal.h>
#include <sys/resource.h>

#include <fstream>
#include <thread>

#include "base/json.h"
#include "e2e/crowd.h"

namespace netcut::test::NETCUT_FILE {
namespace {

// That another user is served, however busy one keeps the daemon; what it takes anyway depends on who else uses the machine.
std::chrono::milliseconds soon(const Daemon& daemon) {
    return (1s + 5 * longest_wait(daemon)) * time_scale();
}

std::string nested(std::size_t levels) {
    return std::string(levels, '[') + std::string(levels, ']');
}

TEST(DaemonLoad, JsonOfAnyDepthIsRefusedAndHurtsNobody) {
    NETCUT_E2E();
    Daemon daemon;
    const std::string id = daemon.start_run(alice, "sleep 1000", {"--out", "run"});
    const std::string file = daemon.home(alice) + "/deep";
    for (const std::string& body : {"{\"scenario\":" + nested(200'000) + "}", nested(1'000'000)}) {
        std::ofstream(file) << body;
        const auto refused = daemon.ask(alice, "POST", "/runs", "@" + file);
        EXPECT_EQ(refused.status, 400);
        EXPECT_TRUE(contains(refused.body, "64 levels")) << refused.body;
    }
    for (const char* target : {"/faults", "/nodes/aggregator/exec", "/nodes/aggregator/signal", "/stop"})
        EXPECT_EQ(daemon.ask(alice, "POST", "/runs/" + id + target, "@" + file).status, 400) << target;
    EXPECT_EQ(daemon.show(alice, id).at("state"), "running");
    EXPECT_TRUE(daemon.serves(bob));
}

TEST(DaemonLoad, ManyLargeBodiesKeepNobodyElseWaiting) {
    NETCUT_E2E();
    Daemon daemon;
    const auto most = soon(daemon);
    const auto attack =
        begin_attack(daemon,
                     "import socket,sys,threading\n"
                     "body=b'{\"scenario\":['+b'0,'*2090000+b'0]}'\n"
                     "head=b'POST /runs HTTP/1.1\\r\\nConnection: close\\r\\nContent-Length: %d\\r\\n\\r\\n'"
                     "%len(body)\n"
                     "def send():\n"
                     "  s=socket.socket(socket.AF_UNIX); s.connect(sys.argv[1])\n"
                     "  try: s.sendall(head+body)\n"
                     "  except OSError: pass\n"
                     "  print('status', s.recv(100)[9:12].decode(), flush=True)\n"
                     "threads=[threading.Thread(target=send) for _ in range(60)]\n"
                     "for t in threads: t.start()\n"
                     "print('sending', flush=True)\n"
                     "for t in threads: t.join()\n",
                     "sending");
    EXPECT_LT(longest_wait(daemon), most);
    const Finished finished = attack->wait(40s);
    EXPECT_TRUE(contains(finished.out, "status 400")) << finished.out << finished.err;
    EXPECT_TRUE(contains(finished.out, "status 429")) << "bodies of one user are bounded together";
    EXPECT_LT(memory_kib(daemon.process().pid(), "VmHWM"), 60'000);
    EXPECT_TRUE(daemon.serves(alice));
}

TEST(DaemonLoad, ScenarioThatKeepsItsReaderBusyIsRefused) {
    NETCUT_E2E();
    Daemon daemon;
    std::string yaml =
        "aggregator: {command: 'true'}\ncollaborator: {command: 'true'}\nfaults:\n"
        "  - &f {kind: drop, on: {log: " +
        std::string(20'000, 'x') + "}}\n";
    for (int i = 0; i < 10'000; ++i) yaml += "  - *f\n";
    std::ofstream(daemon.home(alice) + "/bomb")
        << Json{{"scenario", yaml}, {"cwd", daemon.home(alice)}}.dump();
    const auto begin = std::chrono::steady_clock::now();
    const auto refused = daemon.ask(alice, "POST", "/runs", "@" + daemon.home(alice) + "/bomb");
    EXPECT_EQ(refused.status, 400) << refused.body;
    EXPECT_LT(std::chrono::steady_clock::now() - begin, 10s * time_scale()) << "it had gone on for minutes";
    EXPECT_TRUE(daemon.ask(alice, "GET", "/runs").json().at("runs").empty());
}

TEST(DaemonLoad, RequestsOfOneUserTakeAPartOfItsTime) {
    NETCUT_E2E();
    Daemon daemon;
    const auto most = soon(daemon);
    const auto attack =
        begin_attack(daemon,
                     "import socket,sys,threading\n"
                     "def ask():\n"
                     "  s=socket.socket(socket.AF_UNIX); s.connect(sys.argv[1])\n"
                     "  while True:\n"
                     "    s.sendall(b'GET /openapi.json HTTP/1.1\\r\\n\\r\\n'*20); s.recv(1<<20)\n"
                     "for _ in range(60): threading.Thread(target=ask).start()\n"
                     "print('asking', flush=True)\n",
                     "asking");
    std::this_thread::sleep_for(2s);  // at first it may take more
    const auto begin = std::chrono::steady_clock::now();
    const auto before = cpu_time_of(daemon.process().pid());
    EXPECT_LT(longest_wait(daemon), most);
    std::this_thread::sleep_for(1s);
    const auto took = cpu_time_of(daemon.process().pid()) - before;
    EXPECT_LT(took, (std::chrono::steady_clock::now() - begin) / 2)
        << "and a half of that is for other things";
    attack->signal(SIGKILL);
}

TEST(DaemonLoad, ConnectionsThatAreRefusedAreBoundedToo) {
    NETCUT_E2E();
    Daemon daemon;
    const auto most = soon(daemon);
    const auto attack =
        begin_attack(daemon,
                     "import resource,socket,sys,time\n"
                     "resource.setrlimit(resource.RLIMIT_NOFILE, (2000, 2000))\n"
                     "held=[]\n"
                     "for i in range(1500):\n"
                     "  s=socket.socket(socket.AF_UNIX); s.connect(sys.argv[1]); held.append(s)\n"
                     "print('open', flush=True)\n"
                     "time.sleep(60)\n",
                     "open");
    const Crowd crowd;
    const auto longest = longest_wait(daemon, 3);
    EXPECT_LT(longest, most * crowd.slowness()) << crowd.text();
    EXPECT_LT(open_files_of(daemon.process().pid()), 150U) << "64 that are served, and some";
    attack->signal(SIGKILL);
}

TEST(DaemonLoad, RunThatIsOverHoldsNoDescriptor) {
    NETCUT_E2E();
    Daemon daemon;
    const auto run_one = [&] {
        const std::string id = daemon.start_run(alice, "true");
        EXPECT_TRUE(daemon.wait_for_state(alice, id, "ended"));
    };
    run_one();
    std::this_thread::sleep_for(500ms);
    const std::size_t before = open_files_of(daemon.process().pid());
    for (int i = 0; i < 5; ++i) run_one();
    for (int i = 0; i < 100 && open_files_of(daemon.process().pid()) > before; ++i)
        std::this_thread::sleep_for(50ms);
    EXPECT_LE(open_files_of(daemon.process().pid()), before);
}

TEST(DaemonLoad, RaisesItsOwnLimitOnOpenFilesAndNotThatOfNodes) {
    NETCUT_E2E();
    rlimit limit{};
    ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &limit), 0);
    if (limit.rlim_cur == limit.rlim_max) GTEST_SKIP() << "the soft limit is the hard one";
    Daemon daemon;
    rlimit raised{};
    ASSERT_EQ(::prlimit(daemon.process().pid(), RLIMIT_NOFILE, nullptr, &raised), 0);
    EXPECT_EQ(raised.rlim_cur, limit.rlim_max);
    const std::string id = daemon.start_run(alice, "sh -c 'ulimit -n'", {"--out", "run"});
    ASSERT_TRUE(daemon.wait_for_state(alice, id, "ended"));
    EXPECT_EQ(slurp(daemon.home(alice) + "/run/logs/aggregator.out"), std::to_string(limit.rlim_cur) + "\n");
}

TEST(DaemonLoad, MachineIsExaminedOnceHoweverManyAsk) {
    NETCUT_E2E();
    Daemon daemon;
    const auto attack =
        begin_attack(daemon,
                     "import socket,sys\n"
                     "all=[]\n"
                     "for i in range(50):\n"
                     "  s=socket.socket(socket.AF_UNIX); s.connect(sys.argv[1]); all.append(s)\n"
                     "  s.sendall(b'GET /doctor HTTP/1.1\\r\\nConnection: close\\r\\n\\r\\n')\n"
                     "print('asked', flush=True)\n"
                     "for s in all: print('status', s.recv(1000)[9:12].decode(), flush=True)\n",
                     "asked");
    std::size_t most = 0;
    for (int i = 0; i < 20; ++i) {
        most = std::max(most, daemon.process().processes().size());
        std::this_thread::sleep_for(5ms);
    }
    EXPECT_LE(most, 4U) << "the daemon, its broker, and one that examines, which may have a child";
    const Finished finished = attack->wait(60s);
    EXPECT_FALSE(contains(finished.out, "status 5")) << finished.out;
    EXPECT_TRUE(contains(finished.out, "status 200")) << finished.out << finished.err;
    const Json checks = daemon.ask(alice, "GET", "/doctor").json().at("checks");
    EXPECT_TRUE(std::any_of(checks.begin(), checks.end(), [](const Json& check) {
        return check == Json{{"name", "drop"}, {"can", true}};
    })) << checks.dump(2);
}

TEST(DaemonLoad, FileInPlaceOfAJournalIsReadInBoundedMemory) {
    NETCUT_E2E();
    Daemon daemon;
    const auto most = soon(daemon);
    const std::string id = daemon.start_run(alice, "true", {"--out", "run"});
    ASSERT_TRUE(daemon.wait_for_state(alice, id, "ended"));
    const std::string journal = daemon.home(alice) + "/run/journal.jsonl";
    // Zeros without a line's end; a file with holes is not even opened.
    std::ofstream(journal, std::ios::app) << std::string(200'000'000, '\0') << std::flush;
    std::vector<std::unique_ptr<Tool>> readers;
    for (int i = 0; i < 8; ++i) readers.push_back(daemon.begin(alice, {"events", "-f", id}));
    EXPECT_LT(longest_wait(daemon), most);
    for (const auto& reader : readers) {
        const Finished finished = reader->wait();
        EXPECT_EQ(finished.status, 0) << finished.err;
        EXPECT_TRUE(contains(finished.out, "the journal is torn")) << finished.out;
    }
    EXPECT_LT(memory_kib(daemon.process().pid(), "VmHWM"), 60'000);
    std::ofstream many(journal, std::ios::trunc);
    for (int i = 0; i < 2'000'000; ++i) many << "12345678\n";
    many << "{\"n\": 1}\n" << std::flush;
    const auto last = daemon.ask(alice, "GET", "/runs/" + id + "/events?from=2000001");
    EXPECT_EQ(last.body, "{\"n\": 1}\n") << "however many lines are skipped";
}

TEST(DaemonLoad, JournalThatNoRunWritesIsRefusedWithTheReason) {
    NETCUT_E2E();
    Daemon daemon;
    const std::string id = daemon.start_run(alice, "sleep 100", {"--out", "run"});
    const std::string journal = daemon.home(alice) + "/run/journal.jsonl";
    std::filesystem::rename(journal, journal + ".old");
    std::ofstream(journal) << "\n";
    std::filesystem::resize_file(journal, 200'000'000'000);
    for (const char* query : {"", "?follow=1"}) {
        const auto answer = daemon.ask(alice, "GET", "/runs/" + id + "/events" + query);
        EXPECT_EQ(answer.status, 404);
        EXPECT_TRUE(contains(answer.json().value("reason", ""), "it has holes")) << answer.body;
    }
    const Finished finished = daemon.run(alice, {"events", id});
    EXPECT_EQ(finished.status, 2);
    EXPECT_TRUE(contains(finished.err, "it has holes, and no run has written it")) << finished.err;
    EXPECT_EQ(daemon.run(alice, {"stop", id}).status, 0) << "a run is ended without it";
    std::filesystem::remove(journal);
    EXPECT_TRUE(contains(daemon.run(alice, {"events", id}).err, "No such file")) << "there was one";
}

}  // namespace
}  // namespace netcut::test::NETCUT_FILE
