// SPDX-License-Identifier: Apache-2.0
//
// The daemon and who manages it: a socket that is passed on, the messages of sd_notify(3), a second daemon,
// SIGKILL at any moment.
#include <signal.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <random>
#include <thread>

#include "e2e/daemon.h"
#include "netcut/base.h"

namespace netcut::test {
namespace {

Fd bound_socket(const std::string& path, int type) {
    Fd socket(::socket(AF_UNIX, type | SOCK_CLOEXEC, 0));
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    path.copy(address.sun_path, sizeof(address.sun_path) - 1);
    const timeval patience{20, 0};
    ::setsockopt(socket.get(), SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
    if (::bind(socket.get(), reinterpret_cast<sockaddr*>(&address), sizeof(address)) != 0)
        throw std::runtime_error("cannot bind " + path);
    return socket;
}

std::string next_message(const Fd& socket) {
    std::array<char, 256> text{};
    const ssize_t count = ::recv(socket.get(), text.data(), text.size(), 0);
    return {text.data(), count > 0 ? static_cast<std::size_t>(count) : 0};
}

TEST(DaemonService, TakesTheSocketThatIsPassedOnAndKeepsItsManagerInformed) {
    NETCUT_E2E();
    const Folder folder;
    const Fd manager = bound_socket(folder / "notify", SOCK_DGRAM);
    const Fd listener = bound_socket(folder / "fld.sock", SOCK_STREAM);
    ASSERT_EQ(::listen(listener.get(), 8), 0);
    Tool daemon(
        {"--state", folder / "state", "--group", "0"},
        [&] {
            ::dup2(listener.get(), 3);
            ::setenv("LISTEN_FDS", "1", 1);
            ::setenv("LISTEN_PID", std::to_string(::getpid()).c_str(), 1);
            ::setenv("NOTIFY_SOCKET", (folder / "notify").c_str(), 1);
            ::setenv("WATCHDOG_USEC", "400000", 1);
        },
        "netcut-fld");
    bool ready = false;
    int fed = 0;
    const auto begin = std::chrono::steady_clock::now();
    while (fed < 4 && std::chrono::steady_clock::now() - begin < 30s) {
        const std::string message = next_message(manager);
        ready = ready || message == "READY=1";
        if (message == "WATCHDOG=1") ++fed;
    }
    EXPECT_TRUE(ready);
    EXPECT_EQ(fed, 4) << "it feeds the watchdog";
    Tool curl({"-s", "--max-time", "20", "--unix-socket", folder / "fld.sock", "http://x/version"}, nullptr,
              "/usr/bin/curl");
    EXPECT_TRUE(contains(curl.wait().out, "netcut_fl"));
    daemon.signal(SIGTERM);
    std::string message = next_message(manager);
    while (message == "WATCHDOG=1") message = next_message(manager);
    EXPECT_EQ(message, "STOPPING=1");
    EXPECT_EQ(daemon.wait(20s).status, 0);
}

TEST(DaemonService, SecondDaemonIsRefusedAndADeadOnesSocketIsReplaced) {
    NETCUT_E2E();
    Daemon daemon;
    const Folder folder;
    const Finished second =
        Tool({"--socket", daemon.socket(), "--state", folder / "state"}, nullptr, "netcut-fld").wait(20s);
    EXPECT_EQ(second.status, 2);
    EXPECT_TRUE(contains(second.err, "another daemon does")) << second.err;
    daemon.process().signal(SIGKILL);
    daemon.process().wait();
    daemon.start();
    EXPECT_EQ(daemon.ask(alice, "GET", "/version").status, 200);
}

TEST(DaemonService, SigkillAtRandomMomentsLeavesNothingAndItStartsAgain) {
    NETCUT_E2E();
    const std::string before = host_state();
    Daemon daemon;
    std::mt19937 random(6);
    const std::string node = "sh -c 'trap \"\" TERM INT HUP; setsid sleep 300 & echo round 2; sleep 300'";
    int under_way = 0;
    for (int i = 0; i < 20; ++i) {
        auto client =
            daemon.begin(alice, {"run", "--out", "run" + std::to_string(i), "--cols", "2", "--aggregator",
                                 node, "--collaborator", node, "--cut-on", "round 2", "--kind",
                                 i % 2 == 0 ? "drop" : "unplug", "--reconnect-after", "60s"});
        std::this_thread::sleep_for(std::chrono::milliseconds(random() % 1500));
        daemon.process().signal(SIGKILL);
        daemon.process().wait();
        EXPECT_TRUE(daemon.process().leaves_no_process()) << "after kill " << i;
        if (contains(client->wait(20s).out, "started")) ++under_way;
        EXPECT_TRUE(client->leaves_no_process()) << "after kill " << i;
        ASSERT_EQ(host_state(), before) << "after kill " << i;
        daemon.start();
        for (const Json& run : daemon.ask(alice, "GET", "/runs").json().at("runs"))
            EXPECT_EQ(run.at("state"), "lost") << run.dump(2);
    }
    EXPECT_GT(under_way, 2) << "some kills must hit a run that is under way";
}

}  // namespace
}  // namespace netcut::test
