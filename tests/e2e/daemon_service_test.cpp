// SPDX-License-Identifier: Apache-2.0
//
// The daemon and who manages it: a socket that is passed on, the messages of sd_notify(3), a second daemon,
// SIGKILL at any moment.
#include <signal.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <atomic>
#include <filesystem>
#include <thread>

#include "base/io.h"
#include "base/json.h"
#include "e2e/daemon.h"
#include "e2e/random_kills.h"

namespace netcut::test::NETCUT_FILE {
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

// Asks a daemon for one thing after the other, so that it is killed in the middle of some of them.
class Caller {
  public:
    explicit Caller(const Daemon& daemon) : thread_([this, &daemon] { call(daemon); }) {}
    ~Caller() {
        over_ = true;
        thread_.join();
    }

  private:
    void call(const Daemon& daemon) const {
        while (!over_) {
            const Json answer = daemon.ask(alice, "GET", "/runs").json();
            for (const Json& run : answer.is_object() ? answer.at("runs") : Json::array()) {
                if (run.at("state") != "running") continue;
                const std::string target = "/runs/" + run.at("id").get<std::string>();
                daemon.ask(alice, "POST", target + "/faults", R"json({"kind": "drop", "for": "20ms"})json");
                daemon.ask(alice, "POST", target + "/nodes/aggregator/exec",
                           R"json({"command": ["true"]})json");
            }
        }
    }

    std::atomic<bool> over_ = false;
    std::thread thread_;
};

TEST(DaemonService, SigkillAtRandomMomentsLeavesNothingAndItStartsAgain) {
    NETCUT_E2E();
    const std::string before = host_state();
    Daemon daemon;
    RandomKills kills(6);
    const auto whole = daemon.begin(alice, kills.next_run("whole"));
    ASSERT_TRUE(kills.learn(*whole));
    for (unsigned i = 0; i < kills.count(); ++i) {
        const std::string out = "run" + std::to_string(i);
        auto client = daemon.begin(alice, kills.next_run(out));
        {
            const Caller caller(daemon);
            kills.wait(*client);
            daemon.process().signal(SIGKILL);
        }
        daemon.process().wait();
        ASSERT_TRUE(daemon.process().leaves_no_process()) << "after kill " << i;
        client->wait(20s);
        ASSERT_TRUE(client->leaves_no_process()) << "after kill " << i;
        ASSERT_EQ(host_state(), before) << "after kill " << i;
        kills.look_at(daemon.home(alice) + "/" + out);
        daemon.start();
        for (const Json& run : daemon.ask(alice, "GET", "/runs").json().at("runs"))
            EXPECT_TRUE(run.at("state") == "lost" || run.at("state") == "ended") << run.dump(2);
        for (const auto& file : std::filesystem::directory_iterator(daemon.state()))
            EXPECT_TRUE(file.path().extension() == ".json" || file.path().filename() == "lock") << file;
    }
    kills.expect_variety();
}

}  // namespace
}  // namespace netcut::test::NETCUT_FILE
