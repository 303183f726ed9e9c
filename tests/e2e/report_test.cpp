// SPDX-License-Identifier: Apache-2.0
//
// report.html: every run leaves one, and a browser opens it.

#include <gmock/gmock.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <array>
#include <fstream>

#include "base/json.h"
#include "e2e/tool.h"
#include "page/html_page.h"
#include "synthetic_run.h"

namespace netcut::test::NETCUT_FILE {
namespace {

using testing::HasSubstr;
using testing::Not;

Json page_data(const std::string& page) {
    const std::string begin = R"(<script type="application/json" id="data">)";
    const std::size_t from = page.find(begin);
    if (from == std::string::npos) return nullptr;
    const std::size_t end = page.find("</script>", from);
    return Json::parse(page.substr(from + begin.size(), end - from - begin.size()), nullptr, false);
}

// The line that fired the fault has the time of its match, in the log of the node that printed it.
void expect_lines_beside_their_events(const Json& data) {
    for (const Json& mark : data["marks"]) {
        if (mark[2] != "trigger") continue;
        std::vector<std::int64_t> times;
        for (const Json& line : data["logs"][mark[1].get<std::size_t>()]["lines"])
            if (line[3].get<std::string>().starts_with(mark[3].get<std::string>())) times.push_back(line[1]);
        ASSERT_EQ(times.size(), 1U) << mark;
        EXPECT_LE(times[0], mark[0].get<std::int64_t>());
        EXPECT_GE(times[0], mark[0].get<std::int64_t>() - 50'000);
        return;
    }
    FAIL() << "no line fired a fault";
}

TEST(Report, IsLeftByARunAndSaysWhatTheVerdictSays) {
    NETCUT_E2E_WITH_REFERENCE();
    const Folder folder;
    const Finished finished = run_tool(small_reference(
        folder / "run", {"--cut-on", "round 2: training, epoch 2", "--reconnect-after", "500ms"}));
    ASSERT_EQ(finished.status, 0) << finished.out << finished.err;
    const std::string page = slurp(folder / "run/report.html");
    const Json data = page_data(page);
    ASSERT_TRUE(data.is_object());
    const Json verdict = read_verdict(folder / "run");
    for (const char* key : {"verdict", "reason", "exit_status", "packets_lost", "time_to_recover_s", "nodes"})
        EXPECT_EQ(data["verdict"][key], verdict[key]) << key;
    EXPECT_EQ(data["faults"], verdict["faults"]);
    EXPECT_EQ(data["nodes"].size(), 5U);
    ASSERT_EQ(data["logs"].size(), 5U);
    expect_lines_beside_their_events(data);
    EXPECT_TRUE(data["aftermath"].is_null()) << data["aftermath"];
    EXPECT_THAT(data["scenario"].get<std::string>(), HasSubstr("round 2: training, epoch 2"));

    const Finished again = run_tool({"report", folder / "run"});
    EXPECT_EQ(again.status, 0) << again.err;
    EXPECT_EQ(again.out, folder / "run/report.html" + "\n");
    EXPECT_EQ(slurp(folder / "run/report.html"), page) << "the same folder makes the same page";
}

TEST(Report, FailureToWriteItDoesNotChangeTheVerdict) {
    NETCUT_E2E();
    const Folder folder;
    const std::string obstacle = folder / "run/report.html";
    Tool tool({"run", "--out", folder / "run", "--cols", "1", "--aggregator",
               "mkdir -p " + obstacle + "/full", "--collaborator", "true"});
    const Finished finished = tool.wait();
    EXPECT_EQ(finished.status, 0) << finished.out << finished.err;
    EXPECT_THAT(finished.err, HasSubstr("no report.html"));
    EXPECT_EQ(read_verdict(folder / "run").at("verdict"), "undisturbed");
}

TEST(Report, OfWhatIsNoRunIsAnErrorOfUsage) {
    const Folder folder;
    for (const std::string& path : {folder.path(), folder / "absent"}) {
        const Finished finished = run_tool({"report", path});
        EXPECT_EQ(finished.status, 2);
        EXPECT_THAT(finished.err, HasSubstr("name the folder that a run has left"));
    }
}

// --- in a browser ---

std::string browser() {
    for (const char* path : {"/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"})
        if (::access(path, X_OK) == 0) return path;
    return {};
}
#define NETCUT_BROWSER() \
    if (browser().empty()) GTEST_SKIP() << "there is no Chromium here to open the page with"

struct Opened {
    std::string document;  // as it is after its script has run
    std::string console;
    std::chrono::milliseconds took{0};
};

Opened open_page(const Folder& folder, const std::string& page, const std::string& options) {
    const std::string profile = folder / "profile", out = folder / "document.html",
                      err = folder / "console.txt";
    const std::string command = fmt::format(
        "{} --headless=new --no-sandbox --disable-gpu --disable-dev-shm-usage --no-first-run "
        "--user-data-dir={} "
        "--enable-logging=stderr {} --dump-dom 'file://{}' >{} 2>{}",
        browser(), profile, options, page, out, err);
    const auto begin = std::chrono::steady_clock::now();
    const int status = std::system(command.c_str());
    Opened opened{slurp(out), slurp(err), {}};
    opened.took =
        std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now() - begin);
    EXPECT_EQ(status, 0) << opened.console;
    std::filesystem::remove_all(profile);
    return opened;
}

// NETCUT_KEEP_PAGES=DIR keeps the pages, for eyes.
void keep(const std::string& page, const std::string& name) {
    const char* place = std::getenv("NETCUT_KEEP_PAGES");
    if (place == nullptr) return;
    std::filesystem::create_directories(place);
    std::filesystem::copy_file(page, std::string(place) + "/" + name,
                               std::filesystem::copy_options::overwrite_existing);
}

void expect_no_complaint(const Opened& opened) {
    EXPECT_THAT(opened.document, HasSubstr("data-ready=")) << opened.console;
    EXPECT_THAT(opened.document, Not(HasSubstr("data-errors="))) << opened.console;
    EXPECT_THAT(opened.console, Not(HasSubstr("CONSOLE"))) << "nothing is said on the console";
}

// Time passes as fast as the page can use it, so that charts are drawn.
const char* const until_drawn = "--virtual-time-budget=10000";

TEST(ReportInBrowser, ShowsEveryNodeAndHostileTextAsText) {
    NETCUT_BROWSER();
    const Folder folder;
    const std::string run = folder / "run";
    make_synthetic_run(run, {.line = "round </script><img src=x onerror=fail()>"});
    ASSERT_EQ(run_tool({"report", run}).status, 0);
    keep(run + "/report.html", "small.html");
    for (const char* width : {"--window-size=1440,900", "--window-size=500,900 --force-dark-mode"}) {
        const Opened opened = open_page(folder, run + "/report.html", std::string(until_drawn) + " " + width);
        expect_no_complaint(opened);
        EXPECT_THAT(opened.document, HasSubstr("Timeline of 5 nodes"));
        EXPECT_THAT(opened.document, HasSubstr("Bytes per second over time"));
        for (const char* node : {"aggregator", "collaborator1", "collaborator4"})
            EXPECT_THAT(opened.document, HasSubstr(fmt::format("scope=\"row\">{}</th>", node)));
        if (opened.document.find("Charts are missing") == std::string::npos) {
            EXPECT_THAT(opened.document, HasSubstr("data-drawn=\"5\""));
        }
        EXPECT_THAT(
            opened.document,
            HasSubstr("<span class=\"x\">round &lt;/script&gt;&lt;img src=x onerror=fail()&gt;</span>"));
        EXPECT_THAT(opened.document, Not(HasSubstr("<img")));
    }
}

TEST(ReportInBrowser, OfTwoHundredNodesAndAnHourIsMadeAndOpenedSoon) {
    NETCUT_BROWSER();
    const Folder folder;
    const std::string run = folder / "run";
    make_synthetic_run(run, {.nodes = 200, .seconds = 3600, .events = 1'000'000});
    const auto begin = std::chrono::steady_clock::now();
    const Finished made = Tool({"report", run}).wait(300s);
    const auto took = std::chrono::steady_clock::now() - begin;
    ASSERT_EQ(made.status, 0) << made.err;
    // Generous: an unoptimised build on a busy machine.
    EXPECT_LT(took, 300s * time_scale());
    EXPECT_LT(std::filesystem::file_size(run + "/report.html"), 16U << 20);
    keep(run + "/report.html", "large.html");
    const Opened opened = open_page(folder, run + "/report.html", "--window-size=1440,900");
    EXPECT_THAT(opened.document, HasSubstr("data-ready="));
    EXPECT_THAT(opened.document, Not(HasSubstr("data-errors=")));
    EXPECT_THAT(opened.document, HasSubstr("Timeline of 200 nodes"));
    EXPECT_THAT(opened.document, HasSubstr("phases are drawn as"));
    EXPECT_LT(opened.took, 60s * time_scale());
}

TEST(ReportInBrowser, OtherKindsOfPagesAreDrawnToo) {
    NETCUT_BROWSER();
    const Folder folder;
    const Json experiments = Json::parse(R"json({"kind":"experiments","title":"all moments",
        "columns":["drop 20s"],"rows":[{"name":"A","what":"computing","cells":[{"column":"drop 20s",
        "outcome":"recovered","detail":"+1.7 s","repeats":[
        {"outcome":"recovered","seconds":1.7,"run":"A/1"},{"outcome":"hung","run":"javascript:alert(1)"}]}]},
        {"name":"B","cells":[]}]})json");
    const Json map = Json::parse(R"json({"kind":"map","title":"a map","rows":[{"phase":"sending","cells":[
        {"kind":"drop","survived_s":12.0,"fatal_s":13.0,"limit_s":60,"runs":14},
        {"kind":"down","survived_s":null,"fatal_s":null,"limit_s":60,"runs":0}]}]})json");
    std::ofstream(folder / "experiments.html") << html_page(experiments);
    std::ofstream(folder / "map.html") << html_page(map);
    keep(folder / "experiments.html", "experiments.html");
    keep(folder / "map.html", "map.html");
    const Opened table = open_page(folder, folder / "experiments.html", until_drawn);
    expect_no_complaint(table);
    EXPECT_THAT(table.document, HasSubstr("1 of 2 ended otherwise"));
    EXPECT_THAT(table.document, HasSubstr("href=\"A/1/report.html\""));
    EXPECT_THAT(table.document, Not(HasSubstr("href=\"javascript:")));
    const Opened picture = open_page(folder, folder / "map.html", until_drawn);
    expect_no_complaint(picture);
    EXPECT_THAT(picture.document, HasSubstr("survived 12.00 s, fatal from 13.00 s on"));
}

}  // namespace
}  // namespace netcut::test::NETCUT_FILE
