// SPDX-License-Identifier: Apache-2.0
//
// netcut-fl study: killed and continued, by several processes at once, and what its rows say.
#include <fmt/format.h>
#include <gmock/gmock.h>

#include <csignal>
#include <fstream>
#include <map>
#include <thread>

#include "e2e/tool.h"

namespace netcut::test::NETCUT_FILE {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;

// A federation that takes a moment, and says a number that follows from its factor and its seed.
std::string study_file(const std::string& path, const std::string& rest) {
    std::ofstream(path) << R"(name: quick
scenario:
  collaborators: 1
  parameters: {size: 1}
  aggregator: {command: [sh, -c, 'echo "size {size} seed {run-seed}"; sleep 0.2; echo "accuracy 0.{size}"']}
  collaborator: {command: [sleep, "0.1"]}
factors: [{name: size, key: parameters.size, values: [1, 2, 3, 4]}]
measures: [{name: accuracy, pattern: 're:accuracy ([0-9.]+)'}, {name: seen, pattern: 're:seed ([0-9]+)'}]
machine: {crowded_above: 100%}
)" << rest;
    return path;
}

// By key; each line of results.jsonl is a row, and the table has a line for each.
std::map<std::string, Json> rows_in(const std::string& folder) {
    std::map<std::string, Json> rows;
    std::ifstream lines(folder + "/results.jsonl");
    for (std::string line; std::getline(lines, line);) {
        const Json row = Json::parse(line);
        EXPECT_TRUE(rows.emplace(row.at("key"), row).second) << "twice: " << line;
    }
    const std::string csv = slurp(folder + "/results.csv");
    EXPECT_EQ(std::count(csv.begin(), csv.end(), '\n'), static_cast<long>(rows.size()) + 1);
    return rows;
}

void expect_rows(const std::map<std::string, Json>& rows, std::size_t count) {
    EXPECT_EQ(rows.size(), count);
    for (const auto& [key, row] : rows) {
        EXPECT_EQ(row.at("machine"), "ok") << row;
        EXPECT_EQ(row.at("verdict"), "undisturbed") << row;
        EXPECT_EQ(row.at("measure.accuracy").get<double>(),
                  std::stod("0." + row.at("factor.size").get<std::string>()));
        EXPECT_EQ(row.at("measure.seen").get<std::uint64_t>(), row.at("seed").get<std::uint64_t>()) << row;
        EXPECT_GT(row.at("duration_s").get<double>(), 0.1);
    }
}

TEST(Study, IsContinuedAfterItWasKilledAndMakesEachRunOnce) {
    NETCUT_E2E();
    const Folder folder;
    const Arguments arguments = {
        "study", study_file(folder / "quick.yaml", "repeat: 3\n"), "--out", folder / "out", "--jobs", "2"};
    Tool killed(arguments);
    ASSERT_TRUE(killed.wait_for_output("[2 of 12]"));
    killed.signal(SIGKILL);
    killed.wait();
    EXPECT_TRUE(killed.leaves_no_process());
    const Finished report = run_tool({"study", folder / "out", "--report"});
    EXPECT_EQ(report.status, 0) << report.err;
    const auto before = rows_in(folder / "out");
    EXPECT_LT(before.size(), 12U);
    Tool stopped(arguments);
    ASSERT_TRUE(stopped.wait_for_output("[5 of 12]"));
    stopped.signal(SIGINT);
    const Finished told = stopped.wait();
    EXPECT_EQ(told.status, 128 + SIGINT);
    EXPECT_THAT(told.err, HasSubstr("makes the runs that are missing"));
    const Finished last = run_tool(arguments);
    EXPECT_EQ(last.status, 0) << last.out << last.err;
    const auto rows = rows_in(folder / "out");
    expect_rows(rows, 12);
    std::size_t lost = 0;
    for (const auto& [key, row] : rows) lost += row.at("lost_tries").get<std::size_t>();
    EXPECT_LE(lost, 2U) << "of the process that was killed";
    for (const auto& [key, row] : before) EXPECT_EQ(rows.at(key), row) << "was made again";
    EXPECT_THAT(last.out, HasSubstr("undisturbed 3"));
}

TEST(Study, IsMadeByTwoProcessesTogether) {
    NETCUT_E2E();
    const Folder folder;
    const Arguments arguments = {
        "study", study_file(folder / "quick.yaml", "repeat: 3\n"), "--out", folder / "out", "--jobs", "1"};
    Tool one(arguments), other(arguments);
    const Finished first = one.wait(), second = other.wait();
    EXPECT_EQ(first.status, 0) << first.out << first.err;
    EXPECT_EQ(second.status, 0) << second.out << second.err;
    const auto rows = rows_in(folder / "out");
    expect_rows(rows, 12);
    for (const auto& [key, row] : rows) EXPECT_EQ(row.at("tries"), 1) << row;
}

TEST(Study, MakesShardsThatCanBeMerged) {
    NETCUT_E2E();
    const Folder folder;
    const std::string file = study_file(folder / "quick.yaml", "repeat: 1\n");
    for (const char* shard : {"1/2", "2/2"}) {
        const std::string out = folder / ("shard" + std::string(shard, 1));
        const Finished made = run_tool({"study", file, "--out", out, "--shard", shard, "--keep", "all"});
        ASSERT_EQ(made.status, 0) << made.err;
        EXPECT_EQ(rows_in(out).size(), 2U);
    }
    const Finished merged =
        run_tool({"merge", folder / "shard1", folder / "shard2", "--out", folder / "all"});
    EXPECT_EQ(merged.status, 0) << merged.err;
    expect_rows(rows_in(folder / "all"), 4);
}

TEST(Study, SaysWhatItCostsBeforeItIsMade) {
    NETCUT_E2E();
    const Folder folder;
    const std::string file = study_file(folder / "quick.yaml", "repeat: 5..30\nuntil: {duration_s: 10%}\n");
    const Finished plan = run_tool({"plan", file, "--json"});
    ASSERT_EQ(plan.status, 0) << plan.err;
    EXPECT_EQ(Json::parse(plan.out).at("least_runs"), 20);
    EXPECT_EQ(Json::parse(plan.out).at("most_runs"), 120);
    const Finished refused = run_tool({"study", file, "--max-runs", "100", "--out", folder / "out"});
    EXPECT_EQ(refused.status, 2);
    EXPECT_THAT(refused.err, HasSubstr("it has up to 120 runs, and --max-runs allows 100"));
    EXPECT_FALSE(std::filesystem::exists(folder / "out"));
    EXPECT_THAT(run_tool({"check", file}).out, HasSubstr("nothing is wrong with it (cells: 4)"));
}

TEST(Study, PlanTakesAMatrix) {
    NETCUT_E2E();
    const Folder folder;
    std::ofstream(folder / "matrix.yaml") << R"(
frameworks:
  - {name: one, versions: ["1", "2"], scenario: {aggregator: {command: sleep 1}, collaborator: {command: sleep 1}}}
moments: [sending]
repeat: 3
)";
    const Finished plan = run_tool({"plan", folder / "matrix.yaml", "--json"});
    ASSERT_EQ(plan.status, 0) << plan.err;
    EXPECT_EQ(Json::parse(plan.out).at("least_runs"), 2 * (1 + 2) * 3);
}

// A machine that spoils a run: the program is not there, so that no verdict can be made.
TEST(Study, TellsRunsThatTheMachineSpoiledApart) {
    NETCUT_E2E();
    const Folder folder;
    std::ofstream(folder / "bad.yaml") << R"(
scenario: {collaborators: 1, aggregator: {command: "{program}"}, collaborator: {command: sleep 0.1}, parameters: {program: "true"}}
factors: [{name: program, key: parameters.program, values: ["true", /nowhere/program]}]
repeat: 1
machine: {tries: 2, crowded_above: 100%}
)";
    const Finished made = run_tool({"study", folder / "bad.yaml", "--out", folder / "out"});
    EXPECT_EQ(made.status, 3) << made.out << made.err;
    const auto rows = rows_in(folder / "out");
    EXPECT_EQ(rows.at("c001-r01").at("machine"), "ok");
    EXPECT_EQ(rows.at("c002-r01").at("machine"), "error");
    EXPECT_EQ(rows.at("c002-r01").at("tries"), 2);
    EXPECT_EQ(rows.at("c002-r01").at("error_tries"), 1);
    EXPECT_TRUE(std::filesystem::exists(folder / "out/" + rows.at("c002-r01").at("run").get<std::string>()));
    EXPECT_EQ(rows.at("c001-r01").at("run"), "") << "it is kept though it did not fail";
}

// A machine so crowded that the study itself has next to no CPU: just then it has to know how long its runs waited for one.
TEST(Study, LooksAtItsRunsThoughItHasNextToNoCpuItself) {
    NETCUT_E2E();
    const Folder folder;
    const auto rows_made = [rows = folder / "out/rows"] {
        std::error_code none_yet;
        return std::distance(std::filesystem::directory_iterator(rows, none_yet), {});
    };
    Tool study(
        {"study", study_file(folder / "study.yaml", "repeat: 2\n"), "--out", folder / "out", "--jobs", "1"});
    for (int i = 0; i < 1000 * time_scale() && rows_made() < 8; ++i) {
        study.signal(SIGSTOP);
        std::this_thread::sleep_for(60ms);
        study.signal(SIGCONT);
        std::this_thread::sleep_for(10ms);
    }
    const Finished made = study.wait();
    ASSERT_EQ(made.status, 0) << made.out << made.err;
    const auto rows = rows_in(folder / "out");
    EXPECT_EQ(rows.size(), 8U);
    for (const auto& [key, row] : rows) EXPECT_TRUE(row.at("starved").is_number()) << row;
}

}  // namespace
}  // namespace netcut::test::NETCUT_FILE
