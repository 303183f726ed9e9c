// SPDX-License-Identifier: Apache-2.0
//
// Commands that make many runs.
#include <fmt/format.h>

#include <csignal>
#include <fstream>

#include "base/json.h"
#include "e2e/crowd.h"
#include "e2e/tool.h"

namespace netcut::test::NETCUT_FILE {
namespace {

std::string tool_path(const std::string& name) {
    return std::string(NETCUT_BUILD_DIR) + "/" + name;
}

// A federation that gives up when it hears nothing for `deadline_ms`, and the rest of its scenario.
std::string heartbeat(int deadline_ms, const std::string& rest) {
    return "name: heartbeat\ncollaborators: 1\nready: ready\nhang_after: " + slowed(3s) +
           "\naggregator: {command: " + tool_path("netcut_datagrams") +
           " echo 1 7000}\ncollaborator: {command: " + tool_path("netcut_heartbeat") +
           " aggregator 7000 80 " + std::to_string(deadline_ms) + "}\n" + rest;
}

TEST(Explore, FindsTheThresholdOfAFederationWithAKnownDeadline) {
    NETCUT_E2E();
    const Folder folder;
    std::ofstream(folder / "scenario.yaml")
        << heartbeat(1500, "experiments: [{name: beat, what: at a beat, fault: {on: {log: beat 20}}}]\n");
    const Finished finished =
        run_tool({"explore", folder / "scenario.yaml", "--kinds", "drop,down", "--least", "250ms", "--most",
                  "4s", "--within", "200ms", "--jobs", "2", "--json", "--out", folder / "map"});
    ASSERT_EQ(finished.status, 0) << finished.out << finished.err;
    const Json map = Json::parse(finished.out);
    EXPECT_EQ(map, Json::parse(slurp(folder / "map/map.json")));
    for (const Json& cell : map.at("rows")[0].at("cells")) {
        const double survived = cell.at("survived_s");
        const double fatal = cell.at("fatal_s");
        EXPECT_LE(fatal - survived, 0.2) << cell;
        // It notices at the first datagram after its deadline, one of which it sends every 20 ms.
        EXPECT_LT(survived, 1.5 + 0.05 * time_scale()) << cell;
        EXPECT_GT(fatal, 1.5 - 0.1 * time_scale()) << cell;
    }
}

TEST(Explore, GoesOnWhereItWasStopped) {
    NETCUT_E2E();
    const Folder folder;
    std::ofstream(folder / "scenario.yaml")
        << heartbeat(1500, "experiments: [{name: beat, what: at a beat, fault: {on: {log: beat 20}}}]\n");
    const Arguments arguments = {"explore",  folder / "scenario.yaml",
                                 "--kinds",  "drop",
                                 "--least",  "250ms",
                                 "--most",   "4s",
                                 "--within", "1s",
                                 "--jobs",   "1",
                                 "--out",    folder / "map"};
    Tool first(arguments);
    ASSERT_TRUE(first.wait_for_output("drop 4s"));
    first.signal(SIGINT);
    const Finished stopped = first.wait();
    EXPECT_EQ(stopped.status, 128 + SIGINT);
    EXPECT_THAT(stopped.out, testing::HasSubstr("a second signal kills their nodes"));
    EXPECT_TRUE(first.leaves_no_process());
    EXPECT_THAT(slurp(folder / "map/map.json"), testing::HasSubstr("survived_s")) << "what is known so far";
    const std::string verdict = slurp(folder / "map/runs/beat-drop_4s-1/verdict.json");
    const Finished second = run_tool(arguments);
    ASSERT_EQ(second.status, 0) << second.out << second.err;
    EXPECT_NE(second.out.find("survives"), std::string::npos) << second.out;
    // What had ended was not run again.
    EXPECT_EQ(slurp(folder / "map/runs/beat-drop_4s-1/verdict.json"), verdict);
    EXPECT_FALSE(std::filesystem::exists(folder / "map/runs/beat-drop_4s-1.1"));
}

TEST(Explore, SweepsACutOverTheBytesOfAnUpload) {
    NETCUT_E2E_WITH_REFERENCE();
    const Folder folder;
    const Crowd crowd;
    const Finished finished = run_tool(reference_for_this_machine(
        {"explore", "--cols", "1", "--set", "model-size=64KiB", "--sweep", "sent", "--step", "24KiB", "--for",
         "1s", "--kinds", "drop", "--jobs", "4", "--json", "--out", folder / "sweep"}));
    // The line that begins the count comes late then, and what is cut is the end of the last upload.
    NETCUT_SKIP_IN_A(crowd);
    ASSERT_EQ(finished.status, 0) << finished.out << finished.err;
    const Json table = Json::parse(finished.out);
    ASSERT_GE(table.at("rows").size(), 2U) << table.dump(2);
    for (const Json& row : table.at("rows"))
        EXPECT_EQ(row.at("cells")[0].at("outcome"), "recovered") << row.dump(2);
    // Two rounds of some 70 KB each are left when the count begins, or one where the line that begins it comes late.
    EXPECT_LE(table.at("rows").size(), 6U) << table.dump(2);
}

TEST(Reduce, FindsTheOneGuiltyFaultOfTenAndItsShortestDuration) {
    NETCUT_E2E();
    const Folder folder;
    std::string faults = "faults:\n";
    for (int i = 1; i <= 10; ++i)
        faults += "  - {name: f" + std::to_string(i) + ", kind: drop, on: {log: 'beat " +
                  std::to_string(10 + 5 * i) + "'}, for: " + (i == 7 ? "3s" : "100ms") + "}\n";
    std::ofstream(folder / "scenario.yaml") << heartbeat(1000, faults);
    const Finished failed = run_tool({"run", folder / "scenario.yaml", "--out", folder / "run"});
    ASSERT_EQ(failed.status, 1) << failed.out << failed.err;
    const Finished finished =
        run_tool({"reduce", folder / "run", "--jobs", "4", "--within", "500ms", "--out", folder / "reduced"});
    ASSERT_EQ(finished.status, 0) << finished.out << finished.err;
    EXPECT_NE(finished.out.find("1 of 10 faults are enough"), std::string::npos) << finished.out;
    const std::string yaml = slurp(folder / "reduced/reduced.yaml");
    EXPECT_NE(yaml.find("name: f7"), std::string::npos) << yaml;
    EXPECT_EQ(yaml.find("name: f6"), std::string::npos) << yaml;
    EXPECT_EQ(yaml.find("for: 3s"), std::string::npos) << yaml;
    const Finished again = run_tool({"run", folder / "reduced/reduced.yaml", "--out", folder / "again"});
    EXPECT_EQ(again.status, 1) << again.out << again.err;
}

TEST(Reduce, RefusesARunThatDidNotFail) {
    NETCUT_E2E();
    const Folder folder;
    std::ofstream(folder / "scenario.yaml") << heartbeat(1000, "");
    ASSERT_EQ(run_tool({"run", folder / "scenario.yaml", "--out", folder / "run"}).status, 0);
    const Finished finished = run_tool({"reduce", folder / "run", "--out", folder / "reduced"});
    EXPECT_EQ(finished.status, 2) << finished.out << finished.err;
    EXPECT_NE(finished.err.find("undisturbed, which is no failure"), std::string::npos) << finished.err;
    EXPECT_EQ(run_tool({"reduce", folder / "nothing"}).status, 2);
}

TEST(Replay, TripsAtTheSameByte) {
    NETCUT_E2E_WITH_REFERENCE();
    const Folder folder;
    const Finished first =
        run_tool(small_reference(folder / "run", {"--cut-on", "round 2: sending results", "--when",
                                                  "sent 20000", "--reconnect-after", "500ms"}));
    ASSERT_EQ(first.status, 0) << first.out << first.err;
    const Finished second = run_tool({"replay", folder / "run", "--out", folder / "again", "--quiet"});
    EXPECT_EQ(second.status, 0) << second.out << second.err;
    EXPECT_NE(second.out.find("no difference"), std::string::npos) << second.out;
}

TEST(Replay, SaysWhereItGoesAnotherWay) {
    NETCUT_E2E();
    const Folder folder;
    std::ofstream(folder / "scenario.yaml")
        << heartbeat(1000, "faults: [{kind: drop, on: {log: beat 20}, for: 2s}]\n");
    ASSERT_EQ(run_tool({"run", folder / "scenario.yaml", "--out", folder / "run"}).status, 1);
    // As if the recorded federation had been more patient.
    std::string yaml = slurp(folder / "run/scenario.yaml");
    yaml.replace(yaml.find(" 80, 1000"), 9, " 80, 9000");
    std::ofstream(folder / "run/scenario.yaml") << yaml;
    const Finished finished = run_tool({"replay", folder / "run", "--quiet"});
    EXPECT_EQ(finished.status, 1) << finished.out << finished.err;
    EXPECT_NE(finished.out.find("the verdict: crashed recorded, recovered now"), std::string::npos)
        << finished.out;
}

TEST(Expect, DecidesTheExitStatus) {
    NETCUT_E2E();
    const Folder folder;
    const std::string fault = "faults: [{kind: drop, on: {log: beat 20}, for: 2s}]\n";
    std::ofstream(folder / "crash.yaml") << heartbeat(1000, fault + "expect: {verdict: crashed}\n");
    EXPECT_EQ(run_tool({"run", folder / "crash.yaml", "--out", folder / "crash"}).status, 0);
    std::ofstream(folder / "line.yaml")
        << heartbeat(9000, fault +
                               "expect: {finished: true, recovered_within: 1s, logs: [{node: collaborator1, "
                               "line: 're:beat ([0-9]+)', equals: 80}]}\n");
    const Finished met = run_tool({"run", folder / "line.yaml", "--out", folder / "line"});
    EXPECT_EQ(met.status, 0) << met.out << met.err;
    EXPECT_NE(slurp(folder / "line/junit.xml").find("failures=\"0\""), std::string::npos);
    std::ofstream(folder / "unmet.yaml") << heartbeat(
        9000, fault + "expect: {logs: [{node: collaborator1, line: 're:beat ([0-9]+)', equals: 81}]}\n");
    const Finished unmet = run_tool({"run", folder / "unmet.yaml", "--out", folder / "unmet"});
    EXPECT_EQ(unmet.status, 1) << unmet.out << unmet.err;
    EXPECT_NE(unmet.out.find("NOT MET"), std::string::npos) << unmet.out;
    EXPECT_NE(slurp(folder / "unmet/junit.xml").find("failures=\"1\""), std::string::npos);
}

// By the outcomes alone: times differ.
std::string outcomes(const Json& table) {
    std::string text;
    for (const Json& row : table.at("rows"))
        for (const Json& cell : row.at("cells"))
            text += row.at("name").get<std::string>() + ": " + cell.at("outcome").get<std::string>() + "\n";
    return text;
}

// Longer than the 5 s after which the template's server gives up what nobody acknowledges.
constexpr const char* past_the_timeout = "8s";

Json experiments(const Folder& folder, const std::string& on_error, const std::string& moments) {
    const Finished finished = run_tool(reference_for_this_machine(
        {"experiments", "--moments", moments, "--set", "on-error=" + on_error, "--set", "model-size=128KiB",
         "--kinds", "drop", "--for", past_the_timeout, "--hang-after", slowed(15s), "--jobs",
         time_scale() == 1 ? "5" : "2", "--json", "--out", folder / on_error}));
    EXPECT_LE(finished.status, 1) << finished.out << finished.err;
    return Json::parse(finished.out);
}

std::string outcome(const Json& table, const std::string& moment) {
    for (const Json& row : table.at("rows"))
        if (row.at("name") == moment) return row.at("cells")[0].at("outcome");
    return "missing";
}

TEST(Experiments, TellTheReactionsToErrorsApart) {
    NETCUT_E2E_WITH_REFERENCE();
    const Folder folder;
    const auto survives = [](const std::string& word) {
        return word == "recovered" || word == "not noticed";
    };
    const auto fatal = [](const std::string& word) { return word == "crashed" || word == "hung"; };
    const Json none = experiments(folder, "none", "B,C',D");
    EXPECT_TRUE(survives(outcome(none, "B"))) << outcomes(none);
    EXPECT_TRUE(fatal(outcome(none, "C'"))) << outcomes(none);
    EXPECT_TRUE(fatal(outcome(none, "D"))) << outcomes(none);
    const Json resend = experiments(folder, "resend", "A,C'");
    EXPECT_TRUE(survives(outcome(resend, "A"))) << outcomes(resend);
    EXPECT_EQ(outcome(resend, "C'"), "hung") << outcomes(resend);
    const Json half_open =
        read_verdict(folder / (std::string("resend/runs/C_-drop_") + past_the_timeout + "-1"));
    ASSERT_FALSE(half_open.at("half_open").empty()) << half_open.dump(2);
    EXPECT_EQ(half_open.at("half_open")[0].at("node"), "collaborator2");
    const Json deadline = experiments(folder, "deadline", "A,B,C,C',D");
    for (const Json& row : deadline.at("rows"))
        EXPECT_TRUE(survives(row.at("cells")[0].at("outcome"))) << outcomes(deadline);
    EXPECT_NE(slurp(folder / "deadline/junit.xml").find("failures=\"0\""), std::string::npos);
}

// The server gives a reply that is not acknowledged up after 2 s; the client waits for it for ever.
TEST(Experiments, ByPhasesNeedNoPatterns) {
    NETCUT_E2E_WITH_REFERENCE();
    const Folder folder;
    const std::string length = "6s";
    const Finished finished = run_tool(reference_for_this_machine(
        {"experiments",
         "--moments",
         "computing,sending,reply-lost,receiving",
         "--set",
         "on-error=resend",
         "--set",
         "model-size=128KiB",
         "--set",
         "rounds=3",
         "--set",
         "epochs=" + std::to_string(epochs_for_this_machine(800)),
         "--set",
         "pace=0ms",
         "--set",
         fmt::format("aggregator-args=--server-user-timeout 2s --server-delay {}ms", 300 * time_scale()),
         "--kinds",
         "drop",
         "--for",
         length,
         "--hang-after",
         slowed(15s),
         "--jobs",
         time_scale() == 1 ? "4" : "2",
         "--json",
         "--out",
         folder / "table"}));
    ASSERT_EQ(finished.status, 1) << finished.out << finished.err;
    const Json table = Json::parse(finished.out);
    EXPECT_EQ(outcome(table, "computing"), "recovered") << outcomes(table);
    EXPECT_EQ(outcome(table, "reply-lost"), "hung") << outcomes(table);
    const std::string cell = "-drop_" + length + "-1";
    const std::vector<std::pair<std::string, std::string>> phases = {{"computing", "computing"},
                                                                     {"sending", "sending"},
                                                                     {"reply-lost", "waiting"},
                                                                     {"receiving", "receiving"}};
    for (const auto& [moment, phase] : phases) {
        const auto journal = read_journal(folder / ("table/runs/" + moment + cell));
        for (const Json& event : journal) {
            if (event.at("event") != "fault.fired") continue;
            // Where a phase begins or ends is known to one sample.
            const std::string seen = phase_at(journal, "collaborator2", event.at("t_ns"));
            EXPECT_TRUE(seen == phase || seen == "unknown") << moment << ": " << seen << event;
        }
    }
}

// Every second run fails: the first that finds no mark leaves one.
TEST(Repeat, FlakyRunIsToldFromOneThatAlwaysDoesTheSame) {
    NETCUT_E2E();
    const Folder folder;
    std::ofstream(folder / "node.sh") << "mkdir " << folder / "mark"
                                      << " || { rmdir " << folder / "mark"
                                      << "; exit 1; }\n";
    Tool tool(
        {"run", "--repeat", "4", "--jobs", "1", "--cols", "1", "--aggregator", "sh " + (folder / "node.sh"),
         "--collaborator", "true", "--out", folder / "many", "--annotate"},
        become_ordinary_user);
    const Finished finished = tool.wait();
    EXPECT_EQ(finished.status, 1) << finished.out << finished.err;
    EXPECT_TRUE(contains(finished.out, "   2 of 4  crashed (aggregator, exit code 1): runs/2, runs/4"))
        << finished.out;
    EXPECT_TRUE(contains(finished.out, "flaky: 2 of 4 runs failed; 15 % to 85 % of all runs would fail"))
        << finished.out;
    EXPECT_TRUE(contains(finished.out,
                         "\n::error title=netcut-fl%3A run 4 runs::crashed 2, undisturbed 2 of 4; flaky"))
        << finished.out;
    EXPECT_TRUE(contains(slurp(folder / "many/junit.xml"), "failures=\"2\""))
        << slurp(folder / "many/junit.xml");
    EXPECT_TRUE(contains(slurp(folder / "many/repeats.csv"), "\r\n2,crashed,"))
        << slurp(folder / "many/repeats.csv");
    EXPECT_EQ(run_tool({"run", "--repeat", "2", "--detach"}).status, 2);
}

}  // namespace
}  // namespace netcut::test::NETCUT_FILE
