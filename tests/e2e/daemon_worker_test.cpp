// SPDX-License-Identifier: Apache-2.0
//
// A worker is as hostile as its user: here a program of the test's stands in for it, and says what no worker
// says. That loses its own run, and nothing else.
#include <signal.h>
#include <sys/stat.h>

#include <fstream>
#include <sstream>
#include <thread>

#include "base/json.h"
#include "e2e/daemon.h"
#include "e2e/daemon_load.h"

namespace netcut::test::NETCUT_FILE {
namespace {

// Does what the request's body names.
constexpr const char* impostor = R"py(#!/usr/bin/python3
import ctypes, os, signal, socket, struct, time
ctypes.CDLL(None).prctl(1, signal.SIGKILL)  # it ends with the daemon, as workers do
channel = socket.socket(fileno=0)
KINDS = ['run', 'stop', 'fire', 'heal', 'add', 'signal', 'execute', 'input',
         'resize', 'taken', 'leave', 'show',
         'node', 'fault', 'accepted', 'refused', 'unlaunched', 'answer', 'opened', 'output', 'closed', 'ended']

def message(kind, *words, id=0):
    body = struct.pack('=BQ', KINDS.index(kind), id)
    for word in words:
        body += struct.pack('=I', len(word)) + word
    return struct.pack('=I', len(body)) + body

def take():
    size, = struct.unpack('=I', channel.recv(4, socket.MSG_WAITALL))
    body = channel.recv(size, socket.MSG_WAITALL)
    return struct.unpack('=BQ', body[:9]), body

ACCEPTED = message('accepted', b'x', b'/nowhere', b'', b'')
_, order = take()
for kind in ('huge', 'unknown', 'torn', 'words', 'backwards', 'flood', 'window', 'keeper', 'silent', 'status',
             'nowhere', 'endless'):
    if b'"' + kind.encode() + b'"' in order:
        break
if kind == 'huge':
    channel.sendall(ACCEPTED + struct.pack('=I', 2**31) + b'x' * 100000)
if kind == 'unknown':
    channel.sendall(ACCEPTED + struct.pack('=IBQ', 9, 200, 0))
if kind == 'torn':
    channel.sendall(ACCEPTED + struct.pack('=IBQI', 13, 9, 0, 1000))
if kind == 'words':
    channel.sendall(ACCEPTED + message('node', b'aggregator'))
if kind == 'backwards':
    channel.sendall(ACCEPTED + message('stop', b'{}'))
if kind == 'status':
    channel.sendall(message('refused', b'99', b'{}'))
if kind == 'flood':
    channel.sendall(ACCEPTED)
    n = 0
    while True:
        channel.sendall(b''.join(message('node', b'n%d' % (n + i), b'x' * 1000) for i in range(60)))
        n += 60
if kind == 'window':
    channel.sendall(ACCEPTED)
    (_, id), _ = take()
    channel.sendall(message('opened', id=id))
    while True:
        channel.sendall(message('output', b'x' * 16384, id=id))
if kind == 'endless':
    channel.sendall(ACCEPTED)
if kind == 'nowhere':
    channel.sendall(message('accepted', b'x', b'/nowhere', b'', b'attached') + message('ended', b'0', b'', b''))
if kind == 'keeper' and os.fork() > 0:  # its child holds the channel
    channel.sendall(ACCEPTED + message('ended', b'0', b'recovered', b'said in time'))
    os._exit(0)
time.sleep(1000)
)py";

class DaemonWorker : public testing::Test {
  protected:
    void SetUp() override {
        NETCUT_E2E();
        const std::string programs = folder_ / "programs";
        std::filesystem::create_directory(programs);
        for (const char* program : {"/netcut-fld", "/netcut-fl-launch"})
            std::filesystem::copy_file(NETCUT_BUILD_DIR + std::string(program), programs + program);
        std::ofstream(programs + "/netcut-fl-worker") << impostor;
        ::chmod((programs + "/netcut-fl-worker").c_str(), 0755);
        start();
    }
    void start(const std::string& configuration = {}) {
        daemon_.reset();
        daemon_ = std::make_unique<Daemon>(configuration, nullptr, folder_ / "programs/netcut-fld");
    }
    Daemon::Answer begin(const std::string& kind) const {
        return daemon_->ask(alice, "POST", "/runs", Json{{"scenario", kind}}.dump());
    }
    std::string begun(const std::string& kind) const {
        const auto answer = begin(kind);
        EXPECT_EQ(answer.status, 201) << kind << ": " << answer.body;
        return answer.json().value("id", "");
    }

    Folder folder_;
    std::unique_ptr<Daemon> daemon_;
};

TEST_F(DaemonWorker, WhatNoWorkerSaysLosesItsRunAndNothingElse) {
    for (const char* kind : {"huge", "unknown", "torn", "words", "backwards"}) {
        const std::string id = begun(kind);
        ASSERT_TRUE(daemon_->wait_for_state(alice, id, "lost")) << kind;
        EXPECT_TRUE(contains(daemon_->show(alice, id).at("reason"), "what no worker sends")) << kind;
    }
    EXPECT_EQ(begin("status").status, 500) << "it is no status of HTTP";
    EXPECT_TRUE(daemon_->serves(bob));
}

TEST_F(DaemonWorker, WhatItSaysWithoutEndIsKeptInPartAndTakesAPartOfTheDaemon) {
    const std::string id = begun("flood");
    std::this_thread::sleep_for(2s);
    const auto begin = std::chrono::steady_clock::now();
    const auto before = cpu_time_of(daemon_->process().pid());
    EXPECT_LT(longest_wait(*daemon_), 1s * time_scale());
    std::this_thread::sleep_for(1s);
    const auto took = cpu_time_of(daemon_->process().pid()) - before;
    EXPECT_LT(took, (std::chrono::steady_clock::now() - begin) * 6 / 10);
    EXPECT_LT(memory_kib(daemon_->process().pid(), "VmHWM"), 40'000);
    const Json run = daemon_->show(alice, id);
    EXPECT_EQ(run.at("partial"), true);
    EXPECT_LT(run.dump().size(), 500'000U);
}

TEST_F(DaemonWorker, OutputBeyondTheWindowLosesTheRun) {
    const std::string id = begun("window");
    const auto reader = daemon_->begin(alice, {"exec", id, "aggregator", "true"});
    ASSERT_TRUE(daemon_->wait_for_state(alice, id, "lost"));
    EXPECT_TRUE(contains(daemon_->show(alice, id).at("reason"), "what no worker sends"));
    EXPECT_EQ(reader->wait().status, 3);
}

TEST_F(DaemonWorker, WhatItSaidBeforeItsEndCounts) {
    const std::string id = begun("keeper");
    ASSERT_TRUE(daemon_->wait_for_state(alice, id, "ended"));
    EXPECT_EQ(daemon_->show(alice, id).at("reason"), "said in time");
    for (const auto& [pid, name] : daemon_->processes_of_runs()) ::kill(pid, SIGKILL);
}

TEST_F(DaemonWorker, OneThatDoesNotEndItsRunInTimeIsKilled) {
    start("limits: {run-time: 100ms}\n");
    const auto refused = begin("silent");
    EXPECT_EQ(refused.status, 500);
    EXPECT_TRUE(contains(refused.body, "longer than the limit `run-time` allows")) << refused.body;
    const std::string id = begun("endless");
    EXPECT_EQ(daemon_->show(alice, id).at("state"), "running");
    ASSERT_TRUE(daemon_->wait_for_state(alice, id, "lost") || daemon_->wait_for_state(alice, id, "lost"));
    EXPECT_TRUE(contains(daemon_->show(alice, id).at("reason"), "longer than the limit `run-time` allows"));
    EXPECT_TRUE(daemon_->has_no_run_left());
}

TEST_F(DaemonWorker, WhoIsAttachedToARunWithoutAJournalIsTold) {
    const auto answer = begin("nowhere");
    EXPECT_EQ(answer.status, 200) << answer.body;
    std::vector<std::string> lines;
    std::istringstream text(answer.body);
    for (std::string line; std::getline(text, line);) lines.push_back(line.substr(0, line.find(':')));
    EXPECT_EQ(lines, (std::vector<std::string>{"{\"run\"", "{\"problem\"", "{\"ended\""})) << answer.body;
}

TEST_F(DaemonWorker, OneThatHasNotBegunIsEndedAtOnce) {
    Tool client(
        {"-s", "--unix-socket", daemon_->socket(), "http://x/runs", "--data-binary",
         R"json({"scenario": "silent"})json"},
        [] { become(alice, {daemon_group}); }, "/usr/bin/curl");
    const auto runs = [&] { return daemon_->ask(alice, "GET", "/runs").json().at("runs"); };
    for (int i = 0; i < 200 * time_scale() && runs().empty(); ++i) std::this_thread::sleep_for(20ms);
    ASSERT_EQ(runs().size(), 1U);
    const std::string id = runs().at(0).at("id");
    EXPECT_EQ(daemon_->run(alice, {"rm", id}).status, 2) << "without force it is left alone";
    const auto begin = std::chrono::steady_clock::now();
    const Finished removed = daemon_->run(alice, {"rm", "-f", id});
    EXPECT_EQ(removed.status, 0) << removed.err;
    EXPECT_LT(std::chrono::steady_clock::now() - begin, 5s * time_scale());
    EXPECT_TRUE(contains(client.wait(20s).out, "it was stopped before it had begun"));
    EXPECT_TRUE(runs().empty());
}

}  // namespace
}  // namespace netcut::test::NETCUT_FILE
