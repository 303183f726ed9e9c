// SPDX-License-Identifier: Apache-2.0
//
// From what a bad run left to the answers that people look for.
#include "digest/aftermath.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "base/json.h"
#include "folder/folder.h"
#include "report/aftermath_text.h"
#include "user/user.h"

namespace netcut::test {
namespace {

using testing::HasSubstr;

class AftermathTest : public testing::Test {
  protected:
    AftermathTest() : path_(testing::TempDir() + "netcut-test-aftermath-" + std::to_string(::getpid())) {
        std::filesystem::create_directories(path_ + "/logs");
        event(0, "run.begun", "", R"({"name":"n","nodes":["aggregator","collaborator1","collaborator2"]})");
        event(
            1, "fabric.built", "",
            R"({"kind":"routed","nodes":{"aggregator":{"addresses":["10.99.0.2"]},"collaborator1":{"addresses":["10.99.0.3"]}}})");
        for (const char* node : {"aggregator", "collaborator1", "collaborator2"})
            event(1, "node.started", node, "{}");
    }
    ~AftermathTest() override { std::filesystem::remove_all(path_); }

    void event(std::int64_t s, const char* name, const std::string& node, const std::string& details) {
        journal_ += fmt::format(R"({{"t_ns":{},"event":"{}","node":"{}","details":{}}})", s * 1'000'000'000,
                                name, node, details) +
                    "\n";
    }
    void write(const std::string& name, const std::string& text) {
        std::ofstream(path_ + "/" + name) << text;
    }

    Json told(const Json& verdict) {
        write("journal.jsonl", journal_);
        const RunFolder folder =
            RunFolder::open(path_, User{::geteuid(), ::getegid(), {}, "", "", ""}).value();
        Json notes = Json::array();
        const JournalDigest digest = digest_journal(folder, notes);
        screen_ = aftermath_screen(verdict, folder);
        return aftermath(folder, LogPieces::read(folder), verdict, digest);
    }

    std::string path_, journal_, screen_;
};

TEST_F(AftermathTest, OfAHangIsWhereEachNodeStood) {
    const char* half = R"("local":"10.99.0.3 40000","remote":"10.99.0.2 8080","state":"ESTABLISHED")";
    event(
        20, "sockets", "collaborator1",
        fmt::format(
            R"({{"moment":"end","sockets":[{{"local":"10.99.0.3 40001","remote":"10.99.0.9 8080","state":"ESTABLISHED","ms_since_received":90000}},{{"local":"::1 40002","remote":"::1 9091","state":"ESTABLISHED","ms_since_received":700}},{{{},"ms_since_received":12500,"unacknowledged_bytes":7,"retransmits":3}}]}})",
            half));
    event(20, "socket.half_open", "collaborator1", fmt::format(R"({{"peer":"aggregator",{}}})", half));
    event(20, "run.stopping", "", R"({"because":"no progress","end":"hung"})");
    event(21, "node.exited", "collaborator2", R"({"status":"signal 15","stopped_by_us":true})");
    write("logs/collaborator1.out", "round 2: waiting for the reply\nTerminated\n");
    write("logs/times.csv",
          "t_us,node,stream,bytes\n8000000,collaborator1,out,31\n20500000,collaborator1,out,11\n");
    const Json story = told({{"verdict", "hung"}, {"nodes", Json::array()}, {"faults", Json::array()}});
    ASSERT_EQ(story["stood"].size(), 3U) << story;
    const Json& node = story["stood"][1];
    EXPECT_EQ(node["node"], "collaborator1");
    EXPECT_EQ(node["last"], Json({8'000'000, "out", "round 2: waiting for the reply"}))
        << "not what it said when it was ended";
    EXPECT_EQ(node["age_s"], 12.0);
    EXPECT_EQ(
        node["connections"],
        Json({"ESTABLISHED to aggregator (10.99.0.2 8080), half open: the other end is gone, 7 bytes not "
              "acknowledged, sent again 3 times, nothing received for 12.5 s",
              "ESTABLISHED to an address of no node (10.99.0.9 8080), nothing ever received",
              "ESTABLISHED to itself (::1 9091), nothing received for 0.7 s"}));
    EXPECT_THAT(screen_, HasSubstr("Where the nodes stood when the run was stopped, at 20.0 s"));
    EXPECT_THAT(screen_, HasSubstr("its last line came 12.0 s before: \"round 2: waiting for the reply\""));
}

TEST_F(AftermathTest, OfACrashIsTheTracebackFromItsBeginning) {
    event(9, "node.exited", "collaborator1", R"({"status":"exit code 1","stopped_by_us":false})");
    event(9, "node.exited", "collaborator2", R"({"status":"exit code 0","stopped_by_us":false})");
    std::string trace = "Traceback (most recent call last):\n";
    for (int i = 0; i < 30; ++i) trace += fmt::format("  File \"x.py\", line {}\n", i);
    write("logs/collaborator1.err", trace + "BrokenPipeError: [Errno 32] Broken pipe\n");
    write("logs/collaborator1.out", "round 1\nround 2\n");
    write(
        "logs/times.csv",
        fmt::format(
            "t_us,node,stream,bytes\n1,collaborator1,out,8\n2,collaborator1,out,8\n3,collaborator1,err,{}\n",
            trace.size()));
    const auto node = [](const char* name, const char* ended, bool finished) {
        return Json{{"node", name}, {"ended", ended}, {"finished", finished}};
    };
    const Json story =
        told({{"verdict", "crashed"},
              {"faults", Json::array()},
              {"nodes",
               {node("collaborator1", "exit code 1", false), node("collaborator2", "exit code 0", true)}}});
    ASSERT_EQ(story["died"].size(), 1U) << story;
    const Json& lines = story["died"][0]["lines"];
    EXPECT_EQ(lines.front()[2], "Traceback (most recent call last):");
    EXPECT_EQ(lines.back()[2], "BrokenPipeError: [Errno 32] Broken pipe");
    EXPECT_EQ(story["stood"].size(), 0U) << "nobody waited";
    EXPECT_THAT(screen_, HasSubstr("collaborator1 said last:\n        Traceback"));
    EXPECT_THAT(screen_, HasSubstr("lines are left out here"));
    EXPECT_THAT(screen_, HasSubstr("BrokenPipeError"));
}

TEST_F(AftermathTest, OfACutThatNeverCameIsWhatCameNearest) {
    write("scenario.yaml", R"(name: n
aggregator: {command: [a]}
collaborator: {command: [b]}
collaborators: 2
faults:
  - {name: cut, kind: drop, nodes: [collaborator1], on: {log: Round 2, node: collaborator1}, for: 1s}
)");
    write("logs/collaborator1.out", "round 1\nround 2\n");
    const Json story =
        told({{"verdict", "not-triggered"}, {"nodes", Json::array()}, {"faults", Json::array()}});
    ASSERT_EQ(story["waited"].size(), 1U) << story;
    EXPECT_EQ(story["waited"][0]["lines"], 2);
    EXPECT_EQ(story["waited"][0]["hints"],
              Json({"A line differs in upper and lower case only: \"round 2\"."}));
    EXPECT_THAT(screen_, HasSubstr("cut waited for \"Round 2\" in the log of collaborator1 (2 lines)."));
}

TEST_F(AftermathTest, OfAGoodRunIsNothing) {
    event(9, "node.exited", "collaborator1", R"({"status":"exit code 0","stopped_by_us":false})");
    EXPECT_TRUE(
        told({{"verdict", "recovered"}, {"nodes", Json::array()}, {"faults", Json::array()}}).is_null());
    EXPECT_EQ(screen_, "");
}

}  // namespace
}  // namespace netcut::test
