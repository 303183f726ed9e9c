// SPDX-License-Identifier: Apache-2.0
//
// Whatever a node prints, and however fast: cuts and heals of others are on time, and the journal has an end.
#include <algorithm>
#include <fstream>

#include "base/json.h"
#include "e2e/crowd.h"
#include "e2e/tool.h"

namespace netcut::test::NETCUT_FILE {
namespace {

// The aggregator prints a line that matters, many times and at once, when the collaborator is about to be
// cut.
Arguments flooded_run(const Folder& folder, const std::string& lines, const Arguments& more) {
    std::ofstream(folder / "flood.sh") << "sleep 0.4\n" << lines << "\nsleep 1\n";
    std::ofstream(folder / "cut.sh") << "sleep 0.3; echo now; sleep 1.5\n";
    Arguments arguments = {"run",
                           "-q",
                           "--local",
                           "--cols",
                           "1",
                           "--out",
                           folder / "run",
                           "--aggregator",
                           "sh " + (folder / "flood.sh"),
                           "--collaborator",
                           "sh " + (folder / "cut.sh"),
                           "--fault",
                           "{name: down, kind: down, for: 500ms, on: {log: now, delay: 200ms}}"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return arguments;
}

std::size_t count(const std::vector<Json>& journal, const std::string& event, const std::string& node = {}) {
    return static_cast<std::size_t>(std::count_if(journal.begin(), journal.end(), [&](const Json& one) {
        return one.at("event") == event && (node.empty() || one.value("node", "") == node);
    }));
}

// By the journal; a `down` ends when netcut-fl comes to it.
void expect_on_time(const std::vector<Json>& journal, const Crowd& crowd) {
    double matched = 0, fired = 0, lasted = 0;
    for (const Json& event : journal) {
        if (event.value("fault", "") != "down") continue;
        const double t = event.at("t_ns").get<double>() / 1e9;
        if (event.at("event") == "trigger.matched") matched = t;
        if (event.at("event") == "fault.fired") fired = t;
        if (event.at("event") == "fault.healed") lasted = event.at("details").at("lasted_s").get<double>();
    }
    const double latest = 0.3 * time_scale() * crowd.slowness();
    EXPECT_GT(fired, 0);
    EXPECT_LT(fired - matched, 0.2 + latest) << crowd.text();
    EXPECT_GE(lasted, 0.5);
    EXPECT_LT(lasted, 0.5 + latest) << crowd.text();
}

TEST(Flood, OfRoundsDelaysNoHealAndTheJournalHasTheFirst) {
    NETCUT_E2E();
    const Folder folder;
    const Crowd crowd;
    const Finished finished =
        run_tool(flooded_run(folder, "seq -f 'step %.0f' 200000", {"--progress-on", "re:step ([0-9]+)"}));
    ASSERT_EQ(finished.status, 0) << finished.out << finished.err;
    const auto journal = read_journal(folder / "run");
    expect_on_time(journal, crowd);
    EXPECT_EQ(count(journal, "progress", "aggregator"), 10'000);
    EXPECT_EQ(count(journal, "progress.full", "aggregator"), 1);
    EXPECT_EQ(read_verdict(folder / "run").at("rounds").at("each").size(), 10'000);
    const Finished verified = run_tool({"verify", folder / "run"});
    EXPECT_EQ(verified.status, 0) << verified.out << verified.err;
}

TEST(Flood, OfMatchesThatDoNotFireDelaysNoHealAndTheJournalHasTheFirst) {
    NETCUT_E2E();
    const Folder folder;
    const Crowd crowd;
    const Finished finished = run_tool(flooded_run(
        folder, "yes step | head -n 200000",
        {"--fault",
         "{name: never, kind: drop, on: {log: step, node: aggregator, nth: 200000}, for: 100ms}"}));
    ASSERT_EQ(finished.status, 0) << finished.out << finished.err;
    const auto journal = read_journal(folder / "run");
    expect_on_time(journal, crowd);
    const auto of_never = std::count_if(journal.begin(), journal.end(), [](const Json& event) {
        return event.at("event") == "trigger.matched" && event.at("fault") == "never";
    });
    EXPECT_EQ(of_never, 1001) << "the first ones, and the one that fires";
    const Finished verified = run_tool({"verify", folder / "run"});
    EXPECT_EQ(verified.status, 0) << verified.out << verified.err;
}

TEST(Flood, OfExpectedValuesLeavesTheLastOneInTheJournal) {
    NETCUT_E2E();
    const Folder folder;
    std::ofstream(folder / "scenario.yaml")
        << "aggregator: {command: [sh, " << folder / "flood.sh"
        << "]}\ncollaborator: {command: [sh, " << folder / "cut.sh"
        << "]}\ncollaborators: 1\nexpect: {logs: [{line: 're:loss ([0-9]+)', equals: "
        << "'100000'}]}\n";
    std::ofstream(folder / "flood.sh") << "seq -f 'loss %.0f' 100000\n";
    std::ofstream(folder / "cut.sh") << "true\n";
    const Finished finished =
        run_tool({"run", "-q", "--local", folder / "scenario.yaml", "--out", folder / "run"});
    ASSERT_EQ(finished.status, 0) << finished.out << finished.err;
    EXPECT_EQ(count(read_journal(folder / "run"), "expected.line"), 1001);
    const Finished verified = run_tool({"verify", folder / "run"});
    EXPECT_EQ(verified.status, 0) << verified.out << verified.err;
}

}  // namespace
}  // namespace netcut::test::NETCUT_FILE
