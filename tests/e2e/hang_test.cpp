// SPDX-License-Identifier: Apache-2.0
//
// Federations that can never go on end at once, and those that can are waited for.
#include "e2e/hang_story.h"

namespace netcut::test::NETCUT_FILE {
namespace {

void expect_recovery(const Story& story) {
    SCOPED_TRACE(story.name);
    const Folder folder;
    const std::string scenario = write_story(story, folder / "scenario.yaml", "30s");
    const Finished finished = run_tool({"run", scenario, "--out", folder / "run"});
    EXPECT_EQ(finished.status, 0) << finished.out << finished.err;
    EXPECT_FALSE(read_verdict(folder / "run").contains("hang"));
}

TEST(Hang, HalfOpenConnectionIsProved) {
    NETCUT_E2E();
    expect_proof({"half-open", gives_up, waits_for_the_reply, long_cut});
    expect_proof({"half-open-bridge-v6", gives_up, waits_for_the_reply,
                  "fabric: {kind: bridge, ip: 6}\nfaults: [{kind: drop, on: {log: cut me}, for: 2s}]\n"});
}

TEST(Hang, IsProvedForAnOrdinaryUser) {
    NETCUT_E2E();
    expect_proof({"rootless", gives_up, waits_for_the_reply, long_cut}, become_ordinary_user);
}

TEST(Hang, ThoseThatWaitForEachOtherAreProved) {
    NETCUT_E2E();
    expect_proof({"each-for-the-other", "s = serve(); print('listening'); c = s.accept()[0]; c.recv(99)\n",
                  "c = connect(); print('cut me'); select.select([c], [], [])\n", short_cut});
    expect_proof(
        {"epoll-and-threads",
         "s = serve(); print('listening'); e = select.epoll(); e.register(s); c = s.accept()[0]\n"
         "e.register(c, select.EPOLLIN); threading.Thread(target=c.recv, args=(9,)).start()\n"
         "while True: e.poll()\n",
         "c = connect(); p = select.poll(); p.register(c, select.POLLIN); print('cut me'); p.poll()\n",
         short_cut});
}

TEST(Hang, DeadlockWithoutASocketIsProved) {
    NETCUT_E2E();
    expect_proof({"deadlock", "print('listening'); l = threading.Lock(); l.acquire(); l.acquire()\n",
                  "print('cut me'); l = threading.Lock(); l.acquire()\n"
                  "t = threading.Thread(target=l.acquire); t.start(); t.join()\n",
                  short_cut});
}

TEST(Hang, ManyProcessesWithInheritedSocketsAreProved) {
    NETCUT_E2E();
    expect_proof({"processes",
                  "s = serve(); print('listening'); c = s.accept()[0]\n"
                  "if os.fork() == 0: c.recv(9); os._exit(0)\n"
                  "os.wait()\n",
                  "c = connect(); r, w = os.pipe()\n"
                  "for _ in range(3):\n"
                  "  if os.fork() == 0: os.read(r, 1); os._exit(0)\n"
                  "print('cut me'); c.recv(9)\n",
                  short_cut});
}

TEST(Hang, FullWindowOfANodeThatDoesNotReadIsProved) {
    NETCUT_E2E();
    expect_proof({"zero-window",
                  "s = serve(); print('listening'); c = s.accept()[0]; l = threading.Lock(); l.acquire(); "
                  "l.acquire()\n",
                  "c = connect(); print('cut me'); time.sleep(0.5); c.sendall(b'x' * 50_000_000)\n",
                  short_cut});
}

TEST(Hang, WhatGoesOnByItselfIsWaitedFor) {
    NETCUT_E2E();
    constexpr const char* answers =
        "s = serve(); print('listening'); c = s.accept()[0]\nwhile m := c.recv(99): c.sendall(m)\n";
    for (const auto& [name, work] : std::initializer_list<std::pair<const char*, const char*>>{
             {"sleeps", "time.sleep(3)"},
             {"socket-timeout", "c.settimeout(3)\ntry: c.recv(9)\nexcept TimeoutError: c.settimeout(None)"},
             {"receive-timeout",
              "import struct\nc.setsockopt(1, 20, struct.pack('ll', 3, 0))\n"
              "try: c.recv(9)\nexcept BlockingIOError: c.setsockopt(1, 20, bytes(16))"},
             {"select", "select.select([c], [], [], 3)"},
             {"lock", "l = threading.Lock(); l.acquire(); l.acquire(timeout=3)"},
             {"alarm", "signal.signal(14, lambda *_: None); signal.alarm(3); signal.pause()"},
             {"child", "subprocess.run(['sleep', '3'])"},
             {"stopped",
              "p = subprocess.Popen(['sh', '-c', f'sleep 3; kill -CONT {os.getpid()}'])\n"
              "os.kill(os.getpid(), signal.SIGSTOP); p.wait()"},
             {"computes", "t = time.time()\nwhile time.time() < t + 3: pass"}}) {
        const std::string script = std::string("c = connect(); print('cut me'); time.sleep(0.5)\n") + work +
                                   "\nc.sendall(b'x'); c.recv(9)\n";
        expect_recovery({name, answers, script.c_str(), short_cut});
    }
}

}  // namespace
}  // namespace netcut::test::NETCUT_FILE
