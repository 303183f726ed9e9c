// SPDX-License-Identifier: Apache-2.0
//
// What a page is made of: nothing in it is markup that was not ours, and its size is bounded.

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <set>

#include "base/error.h"
#include "base/json.h"
#include "base/time.h"
#include "digest/phase_lane.h"
#include "digest/thinned.h"
#include "digest/traffic_bins.h"
#include "folder/folder.h"
#include "page/html_page.h"
#include "page/run_page.h"
#include "synthetic_run.h"
#include "user/user.h"

namespace netcut::test::NETCUT_FILE {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;
using testing::Not;

std::string embedded_json(const std::string& page) {
    const std::string begin = R"(<script type="application/json" id="data">)";
    const std::size_t from = page.find(begin) + begin.size();
    return page.substr(from, page.find("</script>", from) - from);
}

std::size_t count_of(const std::string& text, const std::string& part) {
    std::size_t count = 0;
    for (std::size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) ++count;
    return count;
}

TEST(HtmlPage, HostileTextStaysText) {
    const std::string hostile =
        "</script><script>alert(1)</script><!--<script> & ]]> \xff\x00\x1b[31m \u2028";
    const Json data = {
        {"kind", "run"}, {"title", "</title><b>" + hostile}, {"scenario", hostile}, {hostile, hostile}};
    const std::string page = html_page(data);
    const std::string plain = html_page({{"kind", "run"}, {"title", "plain"}});
    for (const char* markup : {"<script", "</script", "<!--", "</title"})
        EXPECT_EQ(count_of(page, markup), count_of(plain, markup)) << markup;
    const Json back = Json::parse(embedded_json(page));
    EXPECT_THAT(back["scenario"].get<std::string>(),
                HasSubstr("</script><script>alert(1)</script><!--<script> & ]]>"));
    EXPECT_EQ(back["kind"], "run");
}

TEST(HtmlPage, AsksTheNetworkForNothing) {
    const std::string page = html_page({{"kind", "map"}, {"title", "t"}});
    EXPECT_THAT(page, HasSubstr("default-src 'none'"));
    EXPECT_EQ(count_of(page, "'unsafe-inline'"), 0U);
    for (const char* outside : {" src=", "@import", "url(http"}) EXPECT_THAT(page, Not(HasSubstr(outside)));
}

TEST(PhaseLane, FewPhasesAreLeftAsTheyAre) {
    PhaseLane lane(100);
    for (int i = 0; i < 100; ++i) lane.add({i * 1ms, i * 1ms + 1us, static_cast<std::uint8_t>(i % 6)});
    EXPECT_EQ(lane.spans().size(), 100U);
    EXPECT_EQ(lane.resolution(), 0ns);
    EXPECT_EQ(lane.spans()[7].to, 7ms + 1us);
}

TEST(PhaseLane, ManyAreMergedWhereTheyAreShortAndLongOnesStay) {
    PhaseLane lane(100);
    // A long computing phase, and every second a burst of short ones, mostly sending.
    for (int second = 0; second < 30; ++second) {
        lane.add({second * 1s, second * 1s + 900ms, 0});
        for (int i = 0; i < 50; ++i) {
            const Nanoseconds from = second * 1s + 900ms + i * 2ms;
            lane.add({from, from + 1500us, 2});
            lane.add({from + 1500us, from + 2ms, 3});
        }
    }
    EXPECT_EQ(lane.added(), 30U * 101);
    EXPECT_LE(lane.spans().size(), 100U);
    EXPECT_GT(lane.resolution(), 0ns);
    std::array<Nanoseconds, 6> took{};
    Nanoseconds end{0};
    for (const PhaseSpan& span : lane.spans()) {
        EXPECT_GE(span.from, end);
        end = span.to;
        took[span.phase] += span.length();
    }
    EXPECT_EQ(end, 30s);
    EXPECT_EQ(took[0], 27s);
    EXPECT_GT(took[2], 2900ms) << "sending took most of each burst";
}

TEST(PhaseLane, OverlapsAndNonsenseDoNoHarm) {
    PhaseLane lane(16);
    lane.add({0ns, 10ns, 0});
    lane.add({5ns, 8ns, 1});   // wholly within the one before
    lane.add({5ns, 20ns, 2});  // partly
    ASSERT_EQ(lane.spans().size(), 2U);
    EXPECT_EQ(lane.spans()[1].from, 10ns);
    for (int i = 20; i < 10'000; ++i) lane.add({i * 1ns, i * 1ns + 1ns, 3});
    EXPECT_LE(lane.spans().size(), 16U);
}

TEST(TrafficBins, KeepTheirSumHoweverOftenTheStepIsDoubled) {
    TrafficBins bins(16);
    double up = 0;
    for (int i = 0; i < 1000; ++i) {
        bins.add(i % 3, i * 100ms, i * 100ms + 100ms, {i * 1.0, 1});
        up += i;
    }
    double sum = 0, down = 0;
    for (const auto& node : bins.nodes()) {
        EXPECT_LE(node.size(), 16U);
        for (const TrafficBins::Bytes& bytes : node) {
            sum += bytes[0];
            down += bytes[1];
        }
    }
    EXPECT_NEAR(sum, up, 1e-3);
    EXPECT_NEAR(down, 1000, 1e-6);
    EXPECT_GE(bins.step() * 16, 100s);
}

TEST(Thinned, SaysHowMuchItLeftOut) {
    Thinned<int> kept(10);
    for (int i = 0; i < 1000; ++i) kept.add(i);
    EXPECT_LE(kept.kept().size(), 10U);
    EXPECT_GE(kept.kept().size(), 5U);
    EXPECT_EQ(kept.kept().front(), 0);
    EXPECT_GT(kept.kept().back(), 800);
    EXPECT_EQ(kept.kept().size() + kept.left_out(), 1000U);
}

class RunPage : public testing::Test {
  protected:
    RunPage() {
        std::string name = std::filesystem::temp_directory_path() / "netcut-test-page-XXXXXX";
        if (::mkdtemp(name.data()) == nullptr) throw std::runtime_error("mkdtemp");
        path_ = name;
    }
    ~RunPage() override { std::filesystem::remove_all(path_); }

    void write(const std::string& name, const std::string& text) const {
        std::ofstream(path_ + "/" + name, std::ios::binary) << text;
    }
    Result<Json> data() const {
        NETCUT_ASSIGN(const User user, find_user(""));
        NETCUT_ASSIGN(const RunFolder folder, RunFolder::open(path_, user));
        return run_page_data(folder);
    }
    static std::string notes(const Json& data) { return data.at("left_out").dump(); }

    std::string path_;
};

TEST_F(RunPage, HasWhatTheRunLeft) {
    make_synthetic_run(path_, {});
    const auto made = data();
    ASSERT_TRUE(made) << made.error().text();
    const Json& page = *made;
    EXPECT_EQ(page["title"], "synthetic");
    EXPECT_EQ(page["verdict"]["verdict"], "recovered");
    EXPECT_EQ(page["nodes"].size(), 5U);
    EXPECT_EQ(page["phases"]["lanes"].size(), 5U);
    EXPECT_GT(page["phases"]["lanes"][4].size(), 100U);
    EXPECT_EQ(page["bands"][0]["nodes"][0], 4);
    EXPECT_EQ(page["traffic"]["up"].size(), 5U);
    EXPECT_EQ(page["left_out"].size(), 0U) << page["left_out"].dump();
    ASSERT_EQ(page["logs"].size(), 5U);
    EXPECT_EQ(page["logs"][4]["total"], 3);
    EXPECT_EQ(page["logs"][4]["lines"],
              Json::parse(R"([[0,null,"out","before"],[1,null,"out","round"],[2,null,"out","after"]])"));
    EXPECT_TRUE(page["aftermath"].is_null()) << "all went well";
}

TEST_F(RunPage, TornAndMissingFilesLeaveTheRest) {
    make_synthetic_run(path_, {});
    std::filesystem::remove_all(path_ + "/logs");
    std::filesystem::remove(path_ + "/scenario.yaml");
    write("verdict.json", R"({"verdict": "recov)");
    std::ofstream(path_ + "/journal.jsonl", std::ios::app)
        << "no json\n[1]\n{\"t_ns\":-1,\"event\":\"x\"}\n{\"t_ns\": 99";
    const auto made = data();
    ASSERT_TRUE(made) << made.error().text();
    EXPECT_TRUE((*made)["verdict"].is_null());
    EXPECT_THAT(notes(*made), HasSubstr("verdict.json"));
    EXPECT_THAT(notes(*made), HasSubstr("3 lines of the journal could not be read"));
    ASSERT_EQ((*made)["faults"].size(), 1U) << "from the journal";
    EXPECT_EQ((*made)["faults"][0]["nodes"][0]["packets_lost"]["total"], 7);
    EXPECT_EQ((*made)["faults"][0]["trigger"]["line"], "round");
    EXPECT_EQ((*made)["logs"][4]["lines"].size(), 0U);
}

TEST_F(RunPage, VerdictAloneWillDoAndNothingIsAnError) {
    EXPECT_FALSE(data()) << "an empty folder";
    write("journal.jsonl", "");
    EXPECT_FALSE(data());
    write("verdict.json", R"({"name":"alone","verdict":"crashed","nodes":[],"faults":[]})");
    const auto made = data();
    ASSERT_TRUE(made);
    EXPECT_EQ((*made)["title"], "alone");
}

TEST_F(RunPage, ValuesOfAnyTypeAndDepthAreTaken) {
    make_synthetic_run(path_, {});
    std::string deep(200'000, '[');
    write("verdict.json",
          R"({"verdict":[1],"reason":{"a":2},"faults":)" + deep + std::string(200'000, ']') + "}");
    std::ofstream journal(path_ + "/journal.jsonl", std::ios::app);
    for (const char* event : {"run.begun", "fabric.built", "node.started", "node.exited", "progress",
                              "trigger.matched", "trigger.tripped", "fault.fired", "fault.healed",
                              "node.recovered", "sockets", "socket.half_open", "node.phase", "traffic"})
        for (const char* details :
             {"1", "[]", "{}", R"({"nodes":5,"line":[],"sockets":[1,{}],"moment":1,"phase":"no",
                                    "from_ns":"x","to_ns":{},"bytes":[1],"packets_lost":3,"number":-1,"status":[]})",
              R"({"phase":"idle","from_ns":9e15,"to_ns":1e300,"bytes":{"aggregator":[1]}})"}) {
            std::string line =
                fmt::format(R"({{"t_ns":1,"event":"{}","node":"aggregator","fault":"cut","details":{}}})",
                            event, details);
            std::replace(line.begin(), line.end(), '\n', ' ');
            journal << line << '\n';
            journal << fmt::format(R"({{"t_ns":1,"event":"{}","node":[],"fault":{{}},"details":null}})",
                                   event)
                    << '\n';
        }
    journal.close();
    const auto made = data();
    ASSERT_TRUE(made) << made.error().text();
    EXPECT_FALSE(html_page(*made).empty());
}

TEST_F(RunPage, OutputsOfANodeAreInTheOrderInWhichTheyCame) {
    write("journal.jsonl", R"({"t_ns":1,"event":"run.begun","details":{"name":"n","nodes":["a"]}})"
                           "\n");
    std::filesystem::create_directory(path_ + "/logs");
    write("logs/a.out", "one\n\x1b[31mth\xff</script>ree\x1b[0m\nlast");
    write("logs/a.err", "two\nfour\nno time\n");
    write("logs/times.csv",
          "t_us,node,stream,bytes\n10,a,out,4\n20,a,err,4\n30,a,out,5\nno row\n-1,a,out,4\n"
          "40,a,out,99\n50,a,err,5\n60,b,err,5\n");
    const auto made = data();
    ASSERT_TRUE(made);
    EXPECT_EQ((*made)["logs"][0]["lines"],
              Json::parse(R"([[0,10,"out","one"],[1,20,"err","two"],[2,30,"out","th\ufffd</script>ree"],
                              [3,50,"err","four"],[4,40,"out","last"],[5,null,"err","no time"]])"));
}

TEST_F(RunPage, OfALongLogTheBeginningTheEndAndWhatIsAroundFaultsAreThere) {
    make_synthetic_run(path_, {});
    std::string log, times = "t_us,node,stream,bytes\n";
    for (int i = 0; i < 100'000; ++i) {
        log += fmt::format("line {:05}\n", i);
        times += fmt::format("{},collaborator4,out,11\n", i * 100);
    }
    write("logs/collaborator4.out", log);
    write("logs/times.csv", times);
    const auto made = data();
    ASSERT_TRUE(made);
    const Json& view = (*made)["logs"][4];
    EXPECT_EQ(view["total"], 100'000);
    EXPECT_LE(view["lines"].size(), 4'000U);
    std::set<std::int64_t> numbers;
    for (const Json& line : view["lines"]) numbers.insert(line[0].get<std::int64_t>());
    const auto fired = (*made)["bands"][0]["from_us"].get<std::int64_t>() / 100;
    for (const std::int64_t number : {std::int64_t{0}, fired - 10, fired, fired + 10, std::int64_t{99'999}})
        EXPECT_TRUE(numbers.contains(number)) << number;
}

TEST_F(RunPage, LinksAndPipesInPlaceOfFilesAreNotRead) {
    make_synthetic_run(path_, {});
    std::filesystem::remove(path_ + "/scenario.yaml");
    std::filesystem::create_symlink("/etc/passwd", path_ + "/scenario.yaml");
    const std::string log = path_ + "/logs/collaborator4.out";
    std::filesystem::remove(log);
    ASSERT_EQ(::mkfifo(log.c_str(), 0600), 0);
    const auto made = data();
    ASSERT_TRUE(made);
    EXPECT_EQ((*made)["scenario"], "");
    EXPECT_EQ((*made)["logs"][4]["lines"].size(), 0U);
}

TEST_F(RunPage, ManyEventsAreDrawnAsFewerAndThePageSaysSo) {
    make_synthetic_run(path_, {.nodes = 1, .seconds = 600, .events = 70'000});
    const auto made = data();
    ASSERT_TRUE(made);
    std::size_t numbers = 0;
    for (const Json& lane : (*made)["phases"]["lanes"]) numbers += lane.size();
    EXPECT_LE(numbers / 3, 60'000U);
    EXPECT_THAT(notes(*made), HasSubstr("phases are drawn as"));
    std::int64_t counted = 0;
    for (const Json& node : (*made)["phases"]["totals"])
        for (const Json& phase : node) counted += phase[0].get<std::int64_t>();
    EXPECT_GT(counted, 69'000) << "sums are of all";
}

}  // namespace
}  // namespace netcut::test::NETCUT_FILE
