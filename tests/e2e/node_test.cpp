// SPDX-License-Identifier: Apache-2.0
//
// What nodes may do and see, and nodes that misbehave.
#include "node/node.h"

#include <pwd.h>
#include <sys/stat.h>

#include <fstream>

#include "base/json.h"
#include "e2e/tool.h"

namespace netcut::test::NETCUT_FILE {
namespace {

// Runs one collaborator with this shell script, and returns what it printed.
struct OneNode {
    Folder folder;
    Finished finished;
    std::string out, err;

    explicit OneNode(const std::string& script, const Arguments& more = {}) {
        std::ofstream(folder / "node.sh") << script;
        Arguments arguments = {"run",
                               "--out",
                               folder / "run",
                               "--cols",
                               "1",
                               "--aggregator",
                               "sleep 0.5",
                               "--collaborator",
                               "sh " + (folder / "node.sh"),
                               "--grace",
                               "300ms"};
        arguments.insert(arguments.end(), more.begin(), more.end());
        Tool tool(arguments);
        finished = tool.wait();
        EXPECT_TRUE(tool.leaves_no_process());
        out = slurp(folder / "run/logs/collaborator1.out");
        err = slurp(folder / "run/logs/collaborator1.err");
    }
    bool printed(const std::string& text) const { return out.find(text) != std::string::npos; }
};

TEST(Node, HasNoRightsAndItsOwnNamesAndProcesses) {
    NETCUT_E2E();
    const OneNode node(
        "grep -E 'Cap(Prm|Eff|Bnd|Amb)|NoNewPrivs' /proc/self/status\nhostname\nid -u\nid -G\ncat "
        "/etc/hosts\n"
        "echo pids: $(ls /proc | grep -c '^[0-9]')\necho unbuffered $PYTHONUNBUFFERED\necho home $HOME\necho "
        "fds: "
        "$(ls /proc/self/fd)\n",
        {"--user", "nobody"});
    ASSERT_EQ(node.finished.status, 0) << node.finished.out << node.finished.err << node.err;
    for (const char* set : {"CapPrm", "CapEff", "CapBnd", "CapAmb"})
        EXPECT_TRUE(node.printed(std::string(set) + ":\t0000000000000000")) << node.out;
    EXPECT_TRUE(node.printed("NoNewPrivs:\t1"));
    EXPECT_TRUE(node.printed("\ncollaborator1\n")) << "host name";
    EXPECT_TRUE(node.printed("\n" + std::to_string(::getpwnam("nobody")->pw_uid) + "\n"));
    EXPECT_TRUE(node.printed(" aggregator\n"));
    EXPECT_TRUE(node.printed("unbuffered 1"));
    EXPECT_TRUE(node.printed("fds: 0 1 2 3\n")) << "no descriptor of the tool's: " << node.out;
    EXPECT_TRUE(node.printed("home " + std::string(::getpwnam("nobody")->pw_dir) + "\n")) << node.out;
    struct stat info {};
    ASSERT_EQ(::stat((node.folder / "run/journal.jsonl").c_str(), &info), 0);
    EXPECT_EQ(info.st_uid, ::getpwnam("nobody")->pw_uid) << "files belong to the user";
}

TEST(Node, MayOpenItsOwnOutputs) {
    NETCUT_E2E();
    for (const Arguments& more : {Arguments{}, Arguments{"--join-output"}, Arguments{"--tty"}}) {
        Arguments options = {"--user", "nobody"};
        options.insert(options.end(), more.begin(), more.end());
        const OneNode node("echo to out >/dev/stdout\necho to err >/dev/stderr\necho ended $?\n", options);
        EXPECT_TRUE(node.printed("to out")) << node.out << node.err;
        EXPECT_TRUE(contains(more.empty() ? node.err : node.out, "to err")) << node.out << node.err;
        EXPECT_TRUE(node.printed("ended 0")) << node.out << node.err;
    }
}

TEST(Node, ProcessesThatItLeavesBehindAreCountedAndKilled) {
    NETCUT_E2E();
    const OneNode node("sleep 100 &\nsleep 100 &\nexit 0\n");
    const Json verdict = read_verdict(node.folder / "run");
    EXPECT_EQ(verdict.at("nodes")[1].value("left_behind", 0), 2) << verdict.dump(2);
    EXPECT_FALSE(verdict.at("nodes")[0].contains("left_behind"));
    EXPECT_TRUE(contains(node.finished.out, "collaborator1 left 2 processes behind")) << node.finished.out;
}

TEST(Node, LinesThatWereKeptToTheEndAreNoticed) {
    NETCUT_E2E();
    const std::string program = "python3 -c 'import time\nfor i in range(30): print(i); time.sleep(0.05)'\n";
    const OneNode kept(program, {"--env", "PYTHONUNBUFFERED="});
    const Json verdict = read_verdict(kept.folder / "run");
    EXPECT_EQ(verdict.at("nodes")[1].at("late_lines"), (Json{{"late", 30}, {"all", 30}})) << verdict.dump(2);
    EXPECT_TRUE(contains(kept.finished.out, "30 of 30 lines of collaborator1 came at once"))
        << kept.finished.out;
    const OneNode told(program);
    EXPECT_FALSE(read_verdict(told.folder / "run").at("nodes")[1].contains("late_lines"));
}

TEST(Node, CannotTouchItsLinkOrReachTheHostsNetwork) {
    NETCUT_E2E();
    const OneNode node(
        "ip link set eth0 down 2>&1 && echo DOWN\nip addr add 1.2.3.4/32 dev eth0 2>&1 && echo ADDED\n"
        "mount -t tmpfs x /tmp 2>&1 && echo MOUNTED\nunshare -n true 2>&1 && echo UNSHARED\n"
        "ls /sys/class/net >/dev/null; cat /proc/net/dev | tail -n +3 | cut -d: -f1 | tr -d ' ' | sort | tr "
        "'\\n' ' '\n");
    for (const char* forbidden : {"DOWN", "ADDED", "MOUNTED", "UNSHARED"})
        EXPECT_FALSE(node.printed(forbidden)) << node.out;
    EXPECT_TRUE(node.printed("Operation not permitted")) << node.out;
    EXPECT_TRUE(node.printed("\neth0 lo")) << "and of the host nothing: " << node.out;
}

TEST(Node, EnvironmentWorkingFolderAliasesAndTerminal) {
    NETCUT_E2E();
    const Folder folder;
    std::ofstream(folder / "s.yaml")
        << "collaborators: 1\ntty: true\naggregator: {command: sleep 0.3, aliases: [agg.example, server]}\n"
           "collaborator:\n  command: [sh, -c, 'echo $COLOUR-{index}; pwd; tty; grep server /etc/hosts; stty "
           "size']\n"
           "  env: {COLOUR: 'blue-{name}'}\n  cwd: /usr\n";
    const Finished finished = run_tool({"run", folder / "s.yaml", "--out", folder / "run"});
    ASSERT_EQ(finished.status, 0) << finished.out << finished.err;
    const std::string out = slurp(folder / "run/logs/collaborator1.out");
    for (const char* text :
         {"blue-collaborator1-1\r\n", "/usr\r\n", "/dev/pts/", "aggregator agg.example server", "50 200"})
        EXPECT_NE(out.find(text), std::string::npos) << text << " in " << out;
}

TEST(Node, ThatIgnoresSigtermForksAndDetachesIsGoneInTime) {
    NETCUT_E2E();
    const OneNode node(
        "trap '' TERM HUP INT\nsetsid sh -c 'trap \"\" TERM; sleep 300' &\n(sleep 300 &)\necho ready\nwhile "
        ":; do sleep 1; done\n",
        {"--timeout", "1s"});
    EXPECT_EQ(node.finished.status, 1);
    EXPECT_TRUE(node.printed("ready"));
}

TEST(Node, ThatLeavesADaemonBehindEndsWithIt) {
    NETCUT_E2E();
    const OneNode node("setsid sleep 300 >/dev/null 2>&1 &\necho done\n");
    EXPECT_EQ(node.finished.status, 0) << node.finished.out;
}

TEST(Node, EveryByteReachesTheLogUnchanged) {
    NETCUT_E2E();
    const OneNode node(
        "head -c 3000000 /dev/zero | tr '\\0' '\\377'\nprintf '\\000\\033[31m\\r\\n\\376 no newline'\nprintf "
        "'err' >&2\n",
        {"--cut-on", "never"});
    EXPECT_EQ(node.finished.status, 4) << node.finished.out << node.finished.err;
    const std::string expected =
        std::string(3000000, '\xff') + std::string("\0\x1b[31m\r\n\xfe no newline", 20);
    EXPECT_EQ(node.out.size(), expected.size());
    EXPECT_TRUE(node.out == expected);
    EXPECT_EQ(node.err, "err");
}

TEST(Node, GarbageInATriggerLineDoesNotBreakTheJournalOrTheTerminal) {
    NETCUT_E2E();
    const OneNode node("printf '\\377\\376\\033]0;owned\\007\\001cut here\\n'\nsleep 1\n",
                       {"--cut-on", "cut here", "--reconnect-after", "100ms"});
    EXPECT_EQ(node.finished.status, 0) << node.finished.out;
    EXPECT_GT(read_journal(node.folder / "run").size(), 5U);
    EXPECT_EQ(node.finished.out.find("\x1b"), std::string::npos);
    EXPECT_EQ(node.finished.out.find("\x01"), std::string::npos);
}

TEST(Node, TheEndOfALineIsNotWaitedFor) {
    NETCUT_E2E();
    const OneNode node("printf 'Epoch 1/5 [====>'\nsleep 1\necho ']'\n",
                       {"--cut-on", "Epoch*[==", "--reconnect-after", "100ms"});
    const auto journal = read_journal(node.folder / "run");
    double fired = 0;
    double ended = 0;
    for (const Json& event : journal) {
        if (event.at("event") == "fault.fired") fired = event.at("t_ns");
        if (event.at("event") == "node.exited" && event.at("node") == "collaborator1")
            ended = event.at("t_ns");
    }
    EXPECT_GT(fired, 0);
    EXPECT_GT(ended - fired, 500e6);
}

}  // namespace
}  // namespace netcut::test::NETCUT_FILE
