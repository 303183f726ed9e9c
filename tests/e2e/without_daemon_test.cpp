// SPDX-License-Identifier: Apache-2.0
//
// logs, events, cut, heal, exec, inspect, ps and stop on a run of one's own, by its folder, without a daemon.

#include "e2e/without_daemon.h"

#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include <fstream>

#include "base/io.h"
#include "base/json.h"
#include "daemon/door_address.h"
#include "e2e/daemon_load.h"

namespace netcut::test::NETCUT_FILE {
namespace {

class OwnRunTest : public OwnRun {};
INSTANTIATE_TEST_SUITE_P(Of, OwnRunTest, testing::Values(Caller::root, Caller::user, Caller::sudo), name_of);

TEST_P(OwnRunTest, IsLookedIntoAndStopped) {
    EXPECT_EQ(ask({"logs", "./run", "collaborator1"}).out, "hello\n");
    const Finished unknown = ask({"logs", "run", "nobody"});
    EXPECT_EQ(unknown.status, 2);
    EXPECT_TRUE(contains(unknown.err, "it has aggregator, collaborator1")) << unknown.err;
    EXPECT_TRUE(contains(ask({"events", "run"}).out, "collaborator1")) << ask({"events", "run"}).out;
    const Finished executed =
        ask({"exec", "run", "collaborator1", "sh", "-c", "hostname; echo no >&2; exit 7"});
    EXPECT_EQ(executed.status, 7) << executed.err;
    EXPECT_EQ(executed.out, "collaborator1\n");
    EXPECT_EQ(executed.err, "no\n");
    const Caller owner = owner_of(GetParam()) == 0 ? Caller::root : Caller::user;
    EXPECT_EQ(ask_as(owner, {"exec", "run", "aggregator", "hostname"}).out, "aggregator\n")
        << "whoever began it";
    const Finished cut = ask({"cut", "run", "--for", "never"});
    EXPECT_EQ(cut.out, "request1\n") << cut.err;
    EXPECT_TRUE(journal_has("\"event\":\"fault.fired\""));
    EXPECT_EQ(ask({"heal", "run"}).out, "request1\n");
    EXPECT_TRUE(journal_has("\"event\":\"fault.healed\""));
    EXPECT_EQ(ask({"heal", "run"}).status, 2) << "no fault of it is on";
    const Finished one_way = ask({"cut", "run", "--set", "direction=up", "--set", "times=1"});
    EXPECT_EQ(one_way.status, 0) << one_way.err;
    EXPECT_EQ(ask({"cut", "run", "--set", "nonsense=1"}).status, 2) << "no kind has this key";
    EXPECT_EQ(ask({"heal", "run"}).status, 0);
    const Json shown = Json::parse(ask({"inspect", "run"}).out, nullptr, false);
    EXPECT_EQ(shown.value("under_way", false), true);
    EXPECT_EQ(shown.value("folder", ""), run_);
    EXPECT_TRUE(contains(ask({"ps"}).out, shown.value("id", "?"))) << ask({"ps"}).out;
    const auto follower =
        std::make_unique<Tool>(Arguments{"events", "-f", "run"}, as(GetParam(), folder_.path()));
    EXPECT_EQ(ask({"stop", shown.value("id", "?").substr(0, 6)}).status, 0);
    EXPECT_TRUE(contains(follower->wait(20s).out, "stopping: ")) << follower->wait().out;
    EXPECT_EQ(tool_->wait(20s).status, 128 + SIGTERM);
    EXPECT_TRUE(tool_->leaves_no_process());
    EXPECT_EQ(ask({"logs", "run", "collaborator1"}).out, "hello\n") << "its record stays";
    const Finished late = ask({"heal", "run"});
    EXPECT_EQ(late.status, 2);
    EXPECT_TRUE(contains(late.err, "it is not under way")) << late.err;
    EXPECT_FALSE(contains(ask({"ps"}).out, shown.value("id", "?")));
}

TEST_P(OwnRunTest, IsNobodyElses) {
    const std::string name = id();
    ASSERT_EQ(name.size(), 12U);
    const auto ask_other = [&](const Arguments& arguments) {
        return Tool(arguments,
                    [this] {
                        if (::chdir(folder_.path().c_str()) != 0) ::_exit(126);
                        become(other_user);
                    })
            .wait(30s);
    };
    const Finished by_folder = ask_other({"exec", "run", "aggregator", "true"});
    EXPECT_EQ(by_folder.status, 2) << by_folder.out;
    EXPECT_TRUE(contains(by_folder.err, "it is another user's")) << by_folder.err;
    EXPECT_EQ(ask_other({"stop", name}).status, 2) << "of another user not even the id is known";
    EXPECT_FALSE(contains(ask_other({"ps"}).out, name));
    // Not the command: whoever connects by itself.
    const DoorAddress door{owner_of(GetParam()), name};
    const pid_t child = ::fork();
    if (child == 0) {
        become(other_user);
        const int socket = ::socket(AF_UNIX, SOCK_STREAM, 0);
        socklen_t size = 0;
        const sockaddr_un address = door.address(size);
        if (::connect(socket, reinterpret_cast<const sockaddr*>(&address), size) != 0) ::_exit(2);
        char byte = 0;
        ::_exit(::read(socket, &byte, 1) == 0 ? 0 : 1);
    }
    int status = 0;
    ::waitpid(child, &status, 0);
    EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0) << "it is let go without a word";
    EXPECT_EQ(ask_as(Caller::root, {"exec", "run", "aggregator", "id", "-u"}).out,
              std::to_string(door.user) + "\n")
        << "root may, and what it runs is the user's";
}

TEST_P(OwnRunTest, SaysThatItsProcessIsStopped) {
    const std::string name = id();
    tool_->signal(SIGSTOP);
    const Finished listed = ask({"ps"});
    EXPECT_EQ(listed.status, 0) << listed.err;
    EXPECT_TRUE(contains(listed.out, name) && contains(listed.out, " silent ")) << listed.out;
    EXPECT_TRUE(contains(listed.err, name + ": cannot reach the run: its process, ")) << listed.err;
    EXPECT_TRUE(contains(listed.err, "kill -CONT ")) << listed.err;
    const Arguments exec = {"exec", "run", "aggregator", "true"};
    for (const Arguments& asked : {Arguments{"stop", "run"}, Arguments{"cut", name}, exec}) {
        const Finished finished = ask(asked);
        EXPECT_EQ(finished.status, 3) << asked[0];
        EXPECT_TRUE(contains(finished.err, "is stopped")) << asked[0] << ": " << finished.err;
    }
    tool_->signal(SIGCONT);
    EXPECT_EQ(ask(exec).status, 0);
}

// A node is in a network of its own, and that is where the name is.
TEST_P(OwnRunTest, IsOutOfReachOfItsNodes) {
    std::ofstream(folder_ / "reach.py")
        << "import socket\ns = socket.socket(socket.AF_UNIX)\n"
           "try:\n    s.connect('\\0netcut-fl/" +
               std::to_string(owner_of(GetParam())) + "/" + id() +
               "')\n    print('reached')\nexcept OSError as e: print(e.errno)\n";
    ASSERT_EQ(::chmod((folder_ / "reach.py").c_str(), 0755), 0);
    EXPECT_EQ(ask({"exec", "run", "collaborator1", "python3", folder_ / "reach.py"}).out,
              std::to_string(ECONNREFUSED) + "\n");
    EXPECT_EQ(Tool({folder_ / "reach.py"}, as(Caller::root, folder_.path()), "/usr/bin/python3").wait().out,
              "reached\n")
        << "outside it is there";
}

TEST_P(OwnRunTest, EndsWithoutATraceWhenItIsKilled) {
    const std::string name = id();
    const auto follower = std::make_unique<Tool>(Arguments{"logs", "-f", "run", "collaborator1"},
                                                 as(GetParam(), folder_.path()));
    ASSERT_TRUE(follower->wait_for_output("hello"));
    tool_->signal(SIGKILL);
    tool_->wait();
    EXPECT_EQ(follower->wait(20s).status, 0) << "who follows it sees its end";
    EXPECT_TRUE(tool_->leaves_no_process());
    EXPECT_FALSE(contains(slurp("/proc/net/unix"), name));
    EXPECT_TRUE(contains(ask({"cut", "run"}).err, "it is not under way"));
    EXPECT_EQ(Json::parse(ask({"inspect", "run"}).out, nullptr, false).value("under_way", true), false);
}

// Whoever listens by that name says nothing about the run: the kernel says whose it is.
TEST_P(OwnRunTest, IsNotSoughtWhereAStrangerListens) {
    const DoorAddress door{owner_of(GetParam()), id()};
    tool_->signal(SIGKILL);
    tool_->wait();
    ASSERT_TRUE(tool_->leaves_no_process());
    const auto pipe = make_pipe();
    const pid_t stranger = ::fork();
    if (stranger == 0) {
        become(other_user);
        const int socket = ::socket(AF_UNIX, SOCK_STREAM, 0);
        socklen_t size = 0;
        const sockaddr_un address = door.address(size);
        const bool listens = ::bind(socket, reinterpret_cast<const sockaddr*>(&address), size) == 0 &&
                             ::listen(socket, 8) == 0;
        (void)!::write(pipe->write.get(), listens ? "y" : "n", 1);
        ::pause();
    }
    char listens = 0;
    ASSERT_EQ(::read(pipe->read.get(), &listens, 1), 1);
    ASSERT_EQ(listens, 'y');
    for (const auto& command : {Arguments{"heal", "run"}, Arguments{"exec", "run", "aggregator", "true"}}) {
        const Finished finished = ask(command);
        EXPECT_EQ(finished.status, 3) << finished.out;
        EXPECT_TRUE(contains(finished.err, "of another user has taken its name")) << finished.err;
    }
    ::kill(stranger, SIGKILL);
    ::waitpid(stranger, nullptr, 0);
}

// A client that does not keep to the form, or does not read, harms nobody but itself.
TEST_P(OwnRunTest, StandsWhateverItIsSent) {
    const DoorAddress door{owner_of(GetParam()), id()};
    const auto connect = [&] {
        Fd connection(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
        socklen_t size = 0;
        const sockaddr_un address = door.address(size);
        // As its user: in the run's user namespace root is nobody.
        (void)!::seteuid(door.user);
        if (::connect(connection.get(), reinterpret_cast<const sockaddr*>(&address), size) != 0)
            connection.reset();
        (void)!::seteuid(0);
        return connection;
    };
    const std::string garbage(100'000, '\xff');
    const std::string huge_words = std::string("\x20\x00\x00\x00", 4) + std::string(32, '\x07');
    std::string unread;  // many requests whose answers nobody reads
    for (int i = 0; i < 20'000; ++i)
        unread += std::string("\x0f\x00\x00\x00\x03", 5) + std::string(8, '\1') +
                  std::string("\x02\x00\x00\x00", 4) + "no";
    for (const std::string& bytes : {garbage, huge_words, unread, std::string("GET / HTTP/1.1\r\n\r\n")}) {
        const Fd connection = connect();
        ASSERT_TRUE(connection);
        (void)!::send(connection.get(), bytes.data(), bytes.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
        EXPECT_EQ(ask({"exec", "run", "aggregator", "echo", "well"}).out, "well\n");
    }
    // Many who ask and ask, and do not read.
    std::vector<Fd> deaf;
    for (int i = 0; i < 8; ++i) deaf.push_back(connect());
    const auto end = std::chrono::steady_clock::now() + 2s;
    while (std::chrono::steady_clock::now() < end)
        for (const Fd& one : deaf)
            (void)!::send(one.get(), unread.data(), unread.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
    EXPECT_EQ(ask({"exec", "run", "aggregator", "echo", "well"}).out, "well\n");
    EXPECT_LT(memory_kib(tool_->pid(), "VmHWM"), 80'000);
    deaf.clear();
    std::vector<Fd> crowd;
    for (int i = 0; i < 100; ++i) crowd.push_back(connect());
    const Finished refused = ask({"exec", "run", "aggregator", "true"});
    EXPECT_TRUE(contains(refused.err, "Too many clients")) << refused.err;
    crowd.clear();
    EXPECT_EQ(ask({"exec", "run", "aggregator", "echo", "well"}).out, "well\n");
    const auto flood =
        std::make_unique<Tool>(Arguments{"exec", "run", "aggregator", "yes"}, as(GetParam(), folder_.path()));
    flood->signal(SIGSTOP);
    std::this_thread::sleep_for(1s);
    EXPECT_LT(memory_kib(tool_->pid(), "VmHWM"), 80'000);
    flood->signal(SIGKILL);
    EXPECT_EQ(ask({"stop", "run"}).status, 0);
    EXPECT_EQ(tool_->wait(20s).status, 128 + SIGTERM);
}

TEST(OwnRuns, AreFoundByWhatTheyAreCalled) {
    NETCUT_E2E();
    const Folder folder;
    const auto here = as(Caller::root, folder.path());
    Tool run({"run", "--name", "first", "--cols", "1", "--aggregator", "sleep 1000", "--collaborator",
              "sleep 1000", "--grace", "300ms"},
             here);
    const auto ask = [&](const Arguments& arguments) { return Tool(arguments, here).wait(30s); };
    for (int i = 0; i < 200 * time_scale() && ask({"exec", "latest", "collaborator1", "true"}).status != 0;
         ++i)
        std::this_thread::sleep_for(50ms);
    EXPECT_EQ(ask({"exec", "latest", "collaborator1", "hostname"}).out, "collaborator1\n");
    const std::string name = std::filesystem::read_symlink(folder / "netcut-runs/latest");
    EXPECT_EQ(ask({"exec", name.substr(0, name.find('-')), "aggregator", "hostname"}).out, "aggregator\n");
    EXPECT_EQ(ask({"exec", "netcut-runs/" + name, "aggregator", "hostname"}).out, "aggregator\n");
    const Finished unknown = ask({"exec", "nosuchrun", "aggregator", "true"});
    EXPECT_EQ(unknown.status, 2);
    EXPECT_TRUE(contains(unknown.err, "netcut-fl ps lists those")) << unknown.err;
    EXPECT_EQ(ask({"stop", "latest"}).status, 0);
    EXPECT_EQ(run.wait(20s).status, 128 + SIGTERM);
}

TEST(OwnRuns, OfExperimentsAreReachedByTheirFolders) {
    NETCUT_E2E();
    const Folder folder;
    const auto here = as(Caller::root, folder.path());
    std::ofstream(folder / "fed.yaml")
        << "collaborators: 1\ngrace: 300ms\naggregator: {command: sleep 1000}\n"
           "collaborator: {command: \"sh -c 'echo go; sleep 1000'\"}\n"
           "experiments: [{name: one, fault: {on: {log: go, node: collaborator1}}}]\n";
    Tool many({"experiments", "fed.yaml", "--out", "many", "--kinds", "drop", "--for", "1s"}, here);
    const auto ask = [&](const Arguments& arguments) { return Tool(arguments, here).wait(30s); };
    const std::string one = "many/runs/one-drop_1s-1";
    for (int i = 0; i < 200 * time_scale() && ask({"exec", one, "collaborator1", "true"}).status != 0; ++i)
        std::this_thread::sleep_for(50ms);
    EXPECT_EQ(ask({"exec", one, "collaborator1", "hostname"}).out, "collaborator1\n") << many.wait(1s).err;
    const Finished whole = ask({"exec", "many", "collaborator1", "true"});
    EXPECT_TRUE(contains(whole.err, "under way: many/runs/one-drop_1s-1")) << whole.err;
    many.signal(SIGINT);
    many.wait();
}

}  // namespace
}  // namespace netcut::test::NETCUT_FILE
