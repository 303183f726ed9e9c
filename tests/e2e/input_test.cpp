// SPDX-License-Identifier: Apache-2.0
//
// Bad input and bad machines: a clear message, the right exit status, nothing left behind.
#include <linux/filter.h>
#include <linux/netlink.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>

#include <cerrno>
#include <csignal>
#include <cstddef>
#include <fstream>
#include <thread>

#include "e2e/tool.h"

namespace netcut::test::NETCUT_FILE {
namespace {

struct BadInput {
    const char* name;
    Arguments arguments;
    int status;
    std::vector<std::string> says;
};
void PrintTo(const BadInput& parameter, std::ostream* out) {
    *out << parameter.name;
}

class BadInputTest : public testing::TestWithParam<BadInput> {};

INSTANTIATE_TEST_SUITE_P(
    Inputs, BadInputTest,
    testing::Values(
        BadInput{"UnknownOption", {"--cutt", "x"}, 2, {"--cutt", "did you mean --cut?"}},
        BadInput{"OptionOfAnotherTool", {"--clients", "3"}, 2, {"did you mean --cols?"}},
        BadInput{"OptionThatMeansAnother", {"--heal-after", "3s"}, 2, {"did you mean --for?"}},
        BadInput{
            "ShellSyntax", {"--aggregator", "server.py 2>&1 | tee log", "--collaborator", "x"}, 2, {"sh -c"}},
        BadInput{
            "DurationWithoutUnit", {"--cut-on", "x", "--reconnect-after", "20"}, 2, {"--for", "no unit"}},
        BadInput{"NegativeDuration", {"--timeout", "-3s"}, 2, {"negative"}},
        BadInput{"NoCollaborators", {"--cols", "0"}, 2, {"0 collaborators", "1 to"}},
        BadInput{"TooManyCollaborators", {"--cols", "5000"}, 2, {"5000", "1 to 4096"}},
        BadInput{"NegativeCollaborators", {"--cols", "-1"}, 2, {"-1", "whole number"}},
        BadInput{"TooManyForABridge", {"--cols", "1500", "--fabric", "bridge"}, 2, {"1023", "routed"}},
        BadInput{"NoSuchCommand",
                 {"--aggregator", "no-such-program", "--collaborator", "true"},
                 2,
                 {"no-such-program", "PATH"}},
        BadInput{"NoSuchFile",
                 {"--aggregator", "true", "--collaborator", "/no/such/program"},
                 2,
                 {"/no/such/program"}},
        BadInput{"OpenQuote", {"--aggregator", "echo 'x", "--collaborator", "true"}, 2, {"not closed"}},
        BadInput{"OneRoleOnly", {"--aggregator", "true"}, 2, {"collaborator", "no command"}},
        BadInput{"NoRegex", {"--cut-on", "re:("}, 2, {"re:(", "missing )"}},
        BadInput{"EmptyPattern", {"--cut-on", ""}, 2, {"--cut-on", "empty"}},
        BadInput{"CutOptionsWithoutMoment", {"--kind", "down"}, 2, {"--cut-on"}},
        BadInput{"CutOptionsBesideAFault",
                 {"--fault", "{kind: drop, on: start}", "--kind", "down"},
                 2,
                 {"--cut-on", "belongs in its braces"}},
        BadInput{"NoSuchPhase", {"--cut-when", "recieving"}, 2, {"recieving", "did you mean 'receiving'?"}},
        BadInput{
            "BytesOfWaiting", {"--cut-when", "waiting", "--after", "1KiB"}, 2, {"--cut-when", "no bytes"}},
        BadInput{"RoundWithoutPhase", {"--cut-on", "x", "--round", "2"}, 2, {"--cut-when"}},
        BadInput{"PhaseAndLine", {"--cut-on", "x", "--cut-when", "waiting"}, 2, {"--armed-by"}},
        BadInput{"NoSuchNode",
                 {"--cut-on", "x", "--cut", "collaborator9"},
                 2,
                 {"collaborator9", "collaborator1 to collaborator2"}},
        BadInput{"NoSuchKind",
                 {"--cut-on", "x", "--kind", "dorp"},
                 2,
                 {"dorp", "down, unplug", "did you mean 'drop'?"}},
        BadInput{"DirectionOfDown",
                 {"--cut-on", "x", "--kind", "down", "--direction", "up"},
                 2,
                 {"--direction", "has no 'direction'"}},
        BadInput{"NoCuts", {"--cut-on", "x", "--max-cuts", "0"}, 2, {"at least once"}},
        BadInput{"NoSuchParameter", {"--set", "round=3"}, 2, {"round", "rounds"}},
        BadInput{"NoSuchPlaceholder",
                 {"--aggregator", "echo {nme}", "--collaborator", "true"},
                 2,
                 {"{nme}", "{name}"}},
        BadInput{"NoSuchTemplate", {"--template", "refrence"}, 2, {"refrence", "reference"}},
        BadInput{"NoSuchUser", {"--user", "no-such-user"}, 2, {"no-such-user"}},
        BadInput{"NoSuchScenario", {"no-such-file.yaml"}, 2, {"no-such-file.yaml", "No such file"}},
        BadInput{"SmallMtu", {"--mtu", "100"}, 2, {"1280"}},
        BadInput{"BadRate", {"--rate", "fast"}, 2, {"100mbit"}},
        BadInput{"OutputFolder", {"--out", "/proc/no/where"}, 3, {"/proc/no", "--out"}}),
    [](const auto& info) { return std::string(info.param.name); });

TEST_P(BadInputTest, SaysWhatIsWrongAndLeavesNothing) {
    NETCUT_E2E();
    const Folder folder;
    const std::string before = host_state();
    const BadInput& input = GetParam();
    Arguments arguments = {"run"};
    if (input.arguments.front() != "--out") arguments.insert(arguments.end(), {"--out", folder / "run"});
    arguments.insert(arguments.end(), input.arguments.begin(), input.arguments.end());
    Tool tool(arguments);
    const Finished finished = tool.wait(20s);
    EXPECT_EQ(finished.status, input.status) << finished.out << finished.err;
    for (const std::string& text : input.says)
        EXPECT_NE(finished.err.find(text), std::string::npos) << text << "\nin: " << finished.err;
    EXPECT_TRUE(tool.leaves_no_process());
    EXPECT_EQ(host_state(), before);
    EXPECT_FALSE(std::filesystem::exists(folder / "run"));
}

struct BadScenario {
    const char* name;
    const char* yaml;
    std::vector<std::string> says;
};
void PrintTo(const BadScenario& parameter, std::ostream* out) {
    *out << parameter.name;
}
class BadScenarioTest : public testing::TestWithParam<BadScenario> {};
INSTANTIATE_TEST_SUITE_P(
    Scenarios, BadScenarioTest,
    testing::Values(
        BadScenario{"TypoInAKey",
                    "name: x\nfabrik: {kind: routed}\n",
                    {":2:1:", "'fabrik'", "did you mean 'fabric'"}},
        BadScenario{"TypoFurtherIn",
                    "template: reference\nfaults:\n  - kind: drop\n    on: {log: x, nht: 2}\n",
                    {":4:18:", "'nth'"}},
        BadScenario{
            "WrongValue", "template: reference\nfaults:\n  - kind: dropp\n", {":3:11:", "dropp", "drop"}},
        BadScenario{"WrongType", "template: reference\nfaults: yes\n", {":2:9:", "list"}},
        BadScenario{"NoYaml", "template: reference\nfaults: [\n", {":3:1:", "not YAML"}},
        BadScenario{"NotAMapping", "- 1\n- 2\n", {":1:1:", "mapping"}},
        BadScenario{"BadDuration", "template: reference\ntimeout: 5\n", {":2:10:", "no unit"}},
        BadScenario{"TooMany", "template: reference\ncollaborators: 99999\n", {":2:16:", "4096"}},
        BadScenario{"TwoFaultsThatTakeOneLink",
                    "template: reference\nfaults:\n  - {kind: down, on: {log: a}}\n"
                    "  - {kind: unplug, on: {log: b}}\n",
                    {".yaml:4:5", "collaborator2", "takes the link"}},
        BadScenario{"MoreThanAllPackets",
                    "faults:\n  - {kind: loss, model: iid 120%, on: start}\n",
                    {".yaml:2:25", "120%"}},
        BadScenario{
            "NegativeTime", "faults:\n  - {kind: delay, delay: -3s, on: start}\n", {".yaml:2:26", "-3s"}},
        BadScenario{"IndexBeyondThePeriod",
                    "template: reference\nfaults:\n"
                    "  - {kind: loss, model: 'packets 3,17-19', period: 10, on: start}\n",
                    {".yaml:3:", "packet 19"}},
        BadScenario{"PortOfDown",
                    "template: reference\nfaults:\n  - {kind: down, port: 80, on: start}\n",
                    {".yaml:3:24", "has no 'port'"}},
        BadScenario{"KeyTwice",
                    "template: reference\ncollaborators: 3\ncollaborators: 4\n",
                    {".yaml:3:1:", "given twice", ".yaml:2:1"}},
        BadScenario{"SecondDocument",
                    "template: reference\n---\ntemplate: reference\n",
                    {".yaml:3:1:", "second document"}},
        BadScenario{
            "JitterThatNetemCannotKeep",
            "template: reference\nfaults:\n  - {kind: jitter, engine: netem, jitter: 3s, on: start}\n",
            {".yaml:3:43:", "3s", "2.147 s"}},
        BadScenario{"BurstBelowAFrame",
                    "template: reference\nfabric: {mtu: 9000}\nfaults:\n"
                    "  - {kind: rate, rate: 1mbit, burst: 9013, on: start}\n",
                    {".yaml:4:38:", "9014 bytes"}},
        BadScenario{"PausedTwice",
                    "template: reference\nfaults:\n  - {name: a, kind: pause, on: {log: x}}\n"
                    "  - {kind: pause, on: {log: x}}\n",
                    {".yaml:4:5:", "'a'", "pauses collaborator2"}},
        BadScenario{"WaitsForItself",
                    "template: reference\nfaults:\n  - {name: a, on: {after: b}}\n"
                    "  - {name: b, on: {after: a}}\n",
                    {".yaml:3:", "wait for itself"}},
        BadScenario{"UnknownMoment",
                    "faults:\n  - {kind: drop, when: snt 64KiB}\n",
                    {".yaml:2:24", "did you mean 'sent'"}}),
    [](const auto& info) { return std::string(info.param.name); });

TEST_P(BadScenarioTest, IsRefusedWithLineAndColumn) {
    const Folder folder;
    std::ofstream(folder / "scenario.yaml") << GetParam().yaml;
    const Finished finished = run_tool({"run", folder / "scenario.yaml", "--out", folder / "run"});
    EXPECT_EQ(finished.status, 2) << finished.err;
    for (const std::string& text : GetParam().says)
        EXPECT_NE(finished.err.find(text), std::string::npos) << text << "\nin: " << finished.err;
}

struct BadTrace {
    const char* name;
    std::string contents;
    std::size_t times;  // that they are repeated
    std::vector<std::string> says;
};
void PrintTo(const BadTrace& parameter, std::ostream* out) {
    *out << parameter.name;
}
class BadTraceTest : public testing::TestWithParam<BadTrace> {};
INSTANTIATE_TEST_SUITE_P(
    Traces, BadTraceTest,
    testing::Values(BadTrace{"Garbage", "01\n0z1\n", 1, {"trace:2:2:", "'z' stands for no packet"}},
                    BadTrace{"Empty", "", 1, {"trace:1:1:", "no packets"}},
                    BadTrace{"CommentsAlone", "# 0101\n", 1, {"trace:2:1:", "no packets"}},
                    BadTrace{"Binary", std::string("01\0\xff", 4), 1, {"trace:1:3:", "byte 0x00"}},
                    BadTrace{"HugeLine", "0", 17'000'000, {"trace:1:16777217:", "16777216"}},
                    BadTrace{"HugeFile", " ", 68'000'000, {".yaml:3:25:", "more than 64 MiB"}}),
    [](const auto& info) { return std::string(info.param.name); });

std::string scenario_with_trace(const std::string& file) {
    return "template: reference\nfaults:\n  - {kind: loss, model: 'trace " + file + "', on: start}\n";
}

TEST_P(BadTraceTest, IsRefusedWithItsPlace) {
    const Folder folder;
    const std::string& once = GetParam().contents;
    std::string contents;
    if (once.size() == 1)
        contents.assign(GetParam().times, once[0]);
    else
        for (std::size_t i = 0; i < GetParam().times; ++i) contents += once;
    std::ofstream(folder / "trace", std::ios::binary) << contents;
    std::ofstream(folder / "scenario.yaml") << scenario_with_trace(folder / "trace");
    const Finished finished = run_tool({"run", folder / "scenario.yaml", "--out", folder / "run"});
    EXPECT_EQ(finished.status, 2) << finished.err;
    for (const std::string& text : GetParam().says)
        EXPECT_NE(finished.err.find(text), std::string::npos) << text << "\nin: " << finished.err;
}

TEST(Input, TraceThatIsNoFileIsRefusedAtTheModel) {
    const Folder folder;
    const std::pair<std::string, const char*> bad[] = {{folder / "missing", "No such file"},
                                                       {folder.path(), "Is a directory"},
                                                       {"/dev/zero", "it is a device"}};
    for (const auto& [file, why] : bad) {
        std::ofstream(folder / "scenario.yaml") << scenario_with_trace(file);
        const Finished finished = run_tool({"run", folder / "scenario.yaml", "--out", folder / "run"});
        EXPECT_EQ(finished.status, 2) << finished.err;
        EXPECT_NE(finished.err.find("scenario.yaml:3:25: "), std::string::npos) << finished.err;
        EXPECT_NE(finished.err.find(why), std::string::npos) << finished.err;
    }
}

TEST(Input, ScenarioThatIsEndlessOrADirectoryIsRefused) {
    const Folder folder;
    for (const std::string& file : {std::string("/dev/zero"), folder.path()})
        EXPECT_EQ(run_tool({"run", file, "--out", folder / "run"}).status, 2) << file;
}

TEST(Input, CommandThatIsFoundMissingOnlyWhenItStartsEndsTheRun) {
    NETCUT_E2E();
    const Folder folder;
    Tool tool(
        {"run", "--out", folder / "run", "--aggregator", "sleep 60", "--collaborator", "{work}/missing"});
    const Finished finished = tool.wait(20s);
    EXPECT_EQ(finished.status, 2) << finished.err;
    EXPECT_NE(finished.err.find("missing: No such file"), std::string::npos) << finished.err;
    EXPECT_TRUE(tool.leaves_no_process());
}

TEST(Input, EarlierRunInTheFolderIsMovedAside) {
    NETCUT_E2E();
    const Folder folder;
    for (int i = 0; i < 3; ++i)
        EXPECT_EQ(run_tool({"run", "--out", folder / "run", "--aggregator", "true", "--collaborator", "true"})
                      .status,
                  0);
    for (const char* name : {"run", "run.1", "run.2"})
        EXPECT_EQ(read_verdict(folder / name).at("verdict"), "undisturbed") << name;
}

// A kernel that was built without nftables answers socket() in just this way.
void hide_nftables() {
    const sock_filter program[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_socket, 0, 5),
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, args[0])),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, AF_NETLINK, 0, 3),
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, args[2])),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, NETLINK_NETFILTER, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPROTONOSUPPORT),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    const sock_fprog filter{std::size(program), const_cast<sock_filter*>(program)};
    if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 ||
        ::prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter) != 0)
        ::_exit(126);
}

TEST(Machine, WithoutNftablesItSaysSo) {
    NETCUT_E2E();
    const Folder folder;
    const std::string before = host_state();
    Tool tool({"run", "--out", folder / "run", "--aggregator", "true", "--collaborator", "true"},
              hide_nftables);
    const Finished finished = tool.wait(20s);
    EXPECT_EQ(finished.status, 3) << finished.err;
    EXPECT_NE(finished.err.find("nftables"), std::string::npos) << finished.err;
    EXPECT_NE(finished.err.find("CONFIG_NF_TABLES"), std::string::npos) << finished.err;
    EXPECT_EQ(host_state(), before);
}

TEST(Machine, TooFewOpenFilesAreNamed) {
    NETCUT_E2E();
    const Folder folder;
    Tool tool(
        {"run", "--out", folder / "run", "--cols", "100", "--aggregator", "true", "--collaborator", "true"},
        [] {
            const rlimit few{200, 200};
            ::setrlimit(RLIMIT_NOFILE, &few);
        });
    const Finished finished = tool.wait(20s);
    EXPECT_EQ(finished.status, 3) << finished.err;
    EXPECT_NE(finished.err.find("open files"), std::string::npos) << finished.err;
}

std::size_t open_files_with(int collaborators) {
    const Folder folder;
    Tool tool({"run", "--out", folder / "run", "--cols", std::to_string(collaborators), "--aggregator",
               "sleep 600", "--collaborator", "sleep 600"});
    EXPECT_TRUE(tool.wait_for_output("collaborator" + std::to_string(collaborators) + " started"));
    std::this_thread::sleep_for(1s * time_scale());  // until all processes have been looked at
    const std::filesystem::path open = "/proc/" + std::to_string(tool.pid()) + "/fd";
    const auto count = std::distance(std::filesystem::directory_iterator(open), {});
    tool.signal(SIGINT);
    tool.wait();
    return static_cast<std::size_t>(count);
}

TEST(Machine, ANodeTakesAsManyOpenFilesAsItsPageSays) {
    NETCUT_E2E();
    const std::size_t few = open_files_with(2), many = open_files_with(12);
    EXPECT_EQ((many - few) / 10, 10U);
    EXPECT_NE(slurp(NETCUT_SOURCE_DIR "/docs/running.md").find("A node takes 10 open files"),
              std::string::npos);
}

TEST(Machine, FullDiskEndsTheRunAndIsNamed) {
    NETCUT_E2E();
    const Folder folder;
    Tool tool({"run", "--out", folder / "run", "--cols", "1", "--aggregator", "sleep 60", "--collaborator",
               "sh -c 'head -c 3000000 /dev/zero; sleep 60'"},
              [&] {
                  if (::unshare(CLONE_NEWNS) != 0 ||
                      ::mount("", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0 ||
                      ::mount("small", folder.path().c_str(), "tmpfs", 0, "size=1m") != 0)
                      ::_exit(126);
              });
    const Finished finished = tool.wait(30s);
    EXPECT_EQ(finished.status, 3) << finished.out << finished.err;
    EXPECT_NE(finished.err.find("No space left"), std::string::npos) << finished.err;
    EXPECT_TRUE(tool.leaves_no_process());
}

TEST(Machine, ClosedOutputDoesNotStopTheRun) {
    NETCUT_E2E();
    const Folder folder;
    Tool tool({"run", "--out", folder / "run", "--aggregator", "sleep 0.3", "--collaborator", "sleep 0.3"},
              [] { ::close(1); });
    EXPECT_EQ(tool.wait(20s).status, 0);
    EXPECT_EQ(read_verdict(folder / "run").at("verdict"), "undisturbed");
}

}  // namespace
}  // namespace netcut::test::NETCUT_FILE
