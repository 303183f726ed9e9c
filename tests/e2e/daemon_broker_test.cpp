// SPDX-License-Identifier: Apache-2.0
//
// A daemon that somebody has taken over can ask its broker for what it likes: it gets what those may do who
// are connected, and nothing else. Here the test is that daemon.
#include <arpa/inet.h>
#include <fcntl.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>

#include <fstream>
#include <thread>

#include "base/io.h"
#include "daemon/broker/broker.h"
#include "daemon/broker/filter.h"
#include "daemon/broker/parcel.h"
#include "daemon/broker/rights.h"
#include "e2e/daemon.h"

namespace netcut::test::NETCUT_FILE {
namespace {

using Kind = Message::Kind;

// Its exit status.
int in_child(const std::function<int()>& work) {
    const pid_t child = ::fork();
    if (child == 0) ::_exit(work());
    int status = 0;
    ::waitpid(child, &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

sockaddr_un address_of(const std::string& path) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    path.copy(address.sun_path, sizeof(address.sun_path) - 1);
    return address;
}

Fd listen_at_path(const std::string& path, int type = SOCK_STREAM) {
    Fd socket(::socket(AF_UNIX, type | SOCK_CLOEXEC, 0));
    const sockaddr_un address = address_of(path);
    EXPECT_EQ(::bind(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof(address)), 0);
    EXPECT_EQ(::listen(socket.get(), 9), 0);
    ::chmod(path.c_str(), 0777);
    return socket;
}

class Broker : public testing::Test {
  protected:
    void SetUp() override {
        NETCUT_E2E();
        for (const uid_t user : {alice, bob}) {
            const std::string run = run_of(user);
            std::filesystem::create_directories(run);
            std::ofstream(run + "/journal.jsonl") << "journal of " << user << "\n";
            for (const std::string& path : {home_of(user), run, run + "/journal.jsonl"}) {
                ASSERT_EQ(::chown(path.c_str(), user, user), 0);
                ASSERT_EQ(::chmod(path.c_str(), 0700), 0);
            }
        }
        std::filesystem::create_directory(folder_ / "programs");
        std::filesystem::copy_file(NETCUT_BUILD_DIR "/netcut-fl-launch",
                                   folder_ / "programs/netcut-fl-launch");
        const std::string worker = folder_ / "programs/netcut-fl-worker";
        std::ofstream(worker)
            << "#!/bin/sh\nid -u; grep -E 'CapEff|Seccomp:' /proc/self/status; exec sleep 100\n";
        ASSERT_EQ(::chmod(worker.c_str(), 0755), 0);
        listener_ = listen_at_path(socket_);
        start();
    }
    void TearDown() override {
        daemon_ = Fd();
        if (broker_ > 0) ::waitpid(broker_, nullptr, 0);
    }
    void start() {
        int ends[2];
        ASSERT_EQ(::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends), 0);
        daemon_ = Fd(ends[0]);
        Fd its(ends[1]);
        broker_ = ::fork();
        if (broker_ > 0) return;
        daemon_ = Fd();
        std::optional<RunGroups> none;
        if (keep_rights_of_broker())
            serve_as_broker(std::move(its), {folder_ / "programs", socket_, socket_}, none);
        ::_exit(0);
    }

    std::string home_of(uid_t user) const { return folder_ / std::to_string(user); }
    std::string run_of(uid_t user) const { return home_of(user) + "/run"; }

    // As the daemon has it when this user has connected to the socket at `listener`.
    static Fd connection(const Fd& listener, const std::string& path, uid_t user) {
        EXPECT_EQ(in_child([&] {
                      become(user, {});
                      const sockaddr_un address = address_of(path);
                      const int socket = ::socket(AF_UNIX, SOCK_STREAM, 0);
                      return ::connect(socket, reinterpret_cast<const sockaddr*>(&address), sizeof(address));
                  }),
                  0);
        return Fd(::accept4(listener.get(), nullptr, nullptr, SOCK_CLOEXEC));
    }
    Fd connection_of(uid_t user) const { return connection(listener_, socket_, user); }

    std::optional<Parcel> ask(Kind kind, std::vector<std::string> words, const std::vector<int>& fds) const {
        if (!send_parcel(daemon_.get(), {kind, 7, std::move(words)}, fds)) return {};
        return receive_parcel(daemon_.get());
    }
    // What stands in the file; or why not.
    std::string open(const Fd& by, uid_t owner, const std::string& folder,
                     const std::string& file = "journal.jsonl") const {
        const std::string id = std::to_string(owner);
        const auto answer = ask(Kind::open, {folder, file, id, id, ""}, {by.get()});
        if (!answer || answer->message.kind != Kind::file) return "no answer";
        if (answer->fds.empty()) {
            const int code = std::stoi(answer->message.words.at(2));
            return code != 0 ? std::strerror(code) : answer->message.words.at(3);
        }
        std::string text(100, '\0');
        text.resize(static_cast<std::size_t>(::read(answer->fds.front().get(), text.data(), text.size())));
        return text;
    }

    Folder folder_;
    const std::string socket_ = folder_ / "fld.sock";
    Fd listener_, daemon_;
    pid_t broker_ = -1;
};

TEST_F(Broker, OpensWhatTheOneWhoIsConnectedMayOpen) {
    const Fd by_alice = connection_of(alice), by_root = connection_of(0);
    EXPECT_EQ(open(by_alice, alice, run_of(alice)), "journal of 54321\n");
    EXPECT_EQ(open(by_alice, bob, run_of(bob)), "it is of another user's run");
    EXPECT_EQ(open(by_alice, 0, run_of(bob)), "it is of another user's run");
    EXPECT_EQ(open(by_alice, alice, run_of(bob)), "No such file or directory") << "she may not look there";
    EXPECT_NE(open(by_alice, alice, run_of(alice), "../../54322/run/journal.jsonl"), "journal of 54322\n");
    EXPECT_EQ(open(by_root, bob, run_of(bob)), "journal of 54322\n");
    EXPECT_EQ(open(by_root, alice, run_of(bob)), "No such file or directory") << "as the owner of the run";
}

TEST_F(Broker, OnlyConnectionsToTheDaemonsSocketSayWhoSomebodyIs) {
    int pair[2];
    ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), 0);
    const Fd end(pair[0]), other_end(pair[1]);
    const std::string elsewhere = folder_ / "other.sock";
    const Fd other = listen_at_path(elsewhere);
    const Fd by_other = connection(other, elsewhere, 0);
    const Fd file(::open("/etc/passwd", O_RDONLY | O_CLOEXEC)), null(::open("/dev/null", O_RDWR | O_CLOEXEC));
    for (const Fd* by : {&end, &by_other, &file}) {
        EXPECT_EQ(open(*by, 0, run_of(bob)), "this is no connection to the daemon's socket");
        const auto answer = ask(Kind::launch, {"worker", "9", "9", "0"}, {by->get(), null.get(), null.get()});
        ASSERT_TRUE(answer);
        EXPECT_EQ(answer->message.kind, Kind::exited);
        EXPECT_EQ(answer->message.words.at(3), "this is no connection to the daemon's socket");
    }
}

TEST_F(Broker, StartsAsTheOneWhoIsConnectedAndEndsAllWithItsDaemon) {
    const Fd by_alice = connection_of(alice);
    auto pipe = make_pipe();
    ASSERT_TRUE(pipe);
    const Fd null(::open("/dev/null", O_RDWR | O_CLOEXEC));
    const std::vector<int> fds = {by_alice.get(), null.get(), pipe->write.get()};
    ASSERT_TRUE(send_parcel(daemon_.get(), {Kind::launch, 7, {"worker", "1000", "1000000", "0"}}, fds));
    pipe->write = Fd();
    std::string said;
    std::array<char, 1000> piece{};
    while (!contains(said, "Seccomp")) {
        const ssize_t count = ::read(pipe->read.get(), piece.data(), piece.size());
        ASSERT_GT(count, 0) << said;
        said.append(piece.data(), static_cast<std::size_t>(count));
    }
    EXPECT_TRUE(said.starts_with("54321\n")) << said;
    EXPECT_TRUE(contains(said, "Seccomp:\t2")) << said;
    daemon_ = Fd();
    EXPECT_EQ(::read(pipe->read.get(), piece.data(), piece.size()), 0) << "nobody has it any more";
}

TEST_F(Broker, EndsWithADaemonThatMakesNoSense) {
    ASSERT_EQ(::send(daemon_.get(), "garbage", 7, 0), 7);
    int status = -1;
    ASSERT_EQ(::waitpid(std::exchange(broker_, -1), &status, 0) > 0, true);
    EXPECT_EQ(status, 0);
}

// As systemd passes it on.
void pass_on(const Fd& socket) {
    if (socket.get() != 3) ::dup2(socket.get(), 3);
    ::fcntl(3, F_SETFD, 0);
    ::setenv("LISTEN_PID", std::to_string(::getpid()).c_str(), 1);
    ::setenv("LISTEN_FDS", "1", 1);
}

// As the units have it.
TEST(DaemonOfNobody, ServesItsUsersByABrokerOfItsOwn) {
    NETCUT_E2E();
    constexpr uid_t nobody = 54330;
    const Folder folder;
    const std::string socket = folder / "fld.sock", broker_socket = folder / "broker.sock";
    const std::string state = folder / "state", home = folder / "home";
    for (const auto& [path, owner] : {std::pair(state, nobody), std::pair(home, alice)}) {
        std::filesystem::create_directory(path);
        ASSERT_EQ(::chown(path.c_str(), owner, owner), 0);
        ASSERT_EQ(::chmod(path.c_str(), 0700), 0);
    }
    const Fd listener = listen_at_path(socket),
             broker_listener = listen_at_path(broker_socket, SOCK_SEQPACKET);
    Tool broker(
        {"--as-broker", "--socket", socket}, [&] { pass_on(broker_listener); }, "netcut-fld");
    Tool daemon(
        {"--broker", broker_socket, "--state", state, "--group", std::to_string(daemon_group)},
        [&] {
            pass_on(listener);
            become(nobody);
        },
        "netcut-fld");
    const auto as_alice = [&](Arguments arguments) {
        arguments.insert(arguments.begin() + 1, {"--socket", socket});
        return Tool(arguments,
                    [&] {
                        become(alice, {daemon_group});
                        if (::chdir(home.c_str()) != 0) ::_exit(126);
                    })
            .wait();
    };
    const Finished finished =
        as_alice({"run", "--out", "run", "--cols", "1", "--aggregator", "id -u", "--collaborator", "true"});
    EXPECT_EQ(finished.status, 0) << finished.out << finished.err;
    EXPECT_EQ(slurp(home + "/run/logs/aggregator.out"), std::to_string(alice) + "\n");
    EXPECT_TRUE(contains(as_alice({"ps", "-a"}).out, "ended"));
    const Finished began =
        as_alice({"run", "-d", "--aggregator", "sleep 100", "--collaborator", "sleep 100"});
    EXPECT_EQ(began.status, 0) << began.err;
    const std::string id = began.out.substr(0, 12);
    const auto has_started = [&] { return contains(as_alice({"events", id}).out, "started"); };
    bool started = has_started();
    for (int i = 0; i < 100 && !started; ++i) {
        std::this_thread::sleep_for(100ms);
        started = has_started();
    }
    EXPECT_TRUE(started);
    daemon.signal(SIGKILL);
    daemon.wait();
    for (int i = 0; i < 200 * time_scale() && broker.processes().size() > 1; ++i)
        std::this_thread::sleep_for(20ms);
    EXPECT_EQ(broker.processes(), std::vector<pid_t>{broker.pid()}) << "it ends what a dead daemon had";
}

// 0: it was refused with EPERM.
int refused(long result) {
    return result == -1 && errno == EPERM ? 0 : 1;
}

TEST(DaemonFilter, LeavesAServerOfFilesAndUnixSockets) {
    NETCUT_E2E();
    const auto expect = [](const char* what, const std::function<int()>& attempt) {
        EXPECT_EQ(in_child([&] { return give_up_rights() && filter_own_calls() ? attempt() : 77; }), 0)
            << what;
    };
    char* const argv[] = {nullptr};
    const auto other = ::getppid();
    expect("execute", [&] { return refused(::execve("/bin/true", argv, argv)); });
    expect("fork", [] { return refused(::fork()); });
    expect("make a namespace", [] { return refused(::unshare(CLONE_NEWUSER)); });
    expect("mount", [] { return refused(::mount("x", "/", "tmpfs", 0, nullptr)); });
    expect("trace", [&] { return refused(::ptrace(PTRACE_ATTACH, other, nullptr, nullptr)); });
    expect("signal", [&] { return refused(::kill(other, 0)); });
    expect("become somebody", [] { return refused(::setresuid(1, 1, 1)); });
    expect("change a mode", [] { return refused(::chmod("/tmp", 0777)); });
    expect("open a network socket", [] { return refused(::socket(AF_INET, SOCK_STREAM, 0)); });
    expect("open a netlink socket", [] { return refused(::socket(AF_NETLINK, SOCK_RAW, 0)); });
    expect("raise a limit", [] {
        const rlimit limit{1, 1};
        return refused(::setrlimit(RLIMIT_CORE, &limit));
    });
    expect("go on as a server", [] {
        bool ran = false;
        std::thread([&] { ran = true; }).join();
        const Fd socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
        const auto text = read_file("/etc/passwd");
        return ran && socket && text ? 0 : 1;
    });
}

}  // namespace
}  // namespace netcut::test::NETCUT_FILE
