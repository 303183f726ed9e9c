// SPDX-License-Identifier: Apache-2.0
#include "e2e/truth.h"

#include <algorithm>
#include <cctype>
#include <filesystem>
#include <fstream>
#include <memory>
#include <optional>
#include <sstream>
#include <utility>

#include "base/json.h"
#include "verdict/verdict.h"

namespace netcut::test {
namespace {

constexpr std::size_t at_once = 6;
constexpr double crowded_out_s = 0.1;  // then cuts do not come when the programs mean them to

void write_script(std::ostream& out, const char* role, const std::string& script) {
    out << role << ":\n  command:\n    - python3\n    - -uc\n    - |\n      from truth import *\n";
    std::istringstream lines(script);
    for (std::string line; std::getline(lines, line);) out << "      " << line << '\n';
}

bool is_measured(const Federation& federation) {
    return federation.recovery == Federation::Recovery::measured;
}

std::string write_scenario(const Federation& federation, const std::string& path) {
    std::ofstream out(path);
    out << "name: " << federation.name << "\nenv: {PYTHONPATH: " << NETCUT_SOURCE_DIR
        << "/tests/e2e/programs, PYTHONDONTWRITEBYTECODE: '1'}\nready: listening\ngrace: 500ms\n";
    const std::string rest = federation.rest;
    if (!contains(rest, "collaborators:")) out << "collaborators: 1\n";
    if (is_measured(federation) && !contains(rest, "pcap:")) out << "pcap: true\n";
    if (!contains(rest, "hang_after:")) out << "hang_after: 2s\n";
    write_script(out, "aggregator", federation.aggregator);
    write_script(out, "collaborator", federation.collaborator);
    out << rest;
    return path;
}

int exit_status_of(const Federation& federation) {
    if (federation.exit_status >= 0) return federation.exit_status;
    return std::string(federation.verdict) == "recovered" ? 0 : 1;
}

// Of the node that was cut last: its own clock's time since the heal, when it was answered again.
struct Recovered {
    std::string node;
    std::optional<double> true_s, told_s;
    double gap_s = 0;  // between two looks of the tool
};

std::optional<std::int64_t> next_answer(const std::string& log, std::int64_t since) {
    std::istringstream lines(log);
    for (std::string line; std::getline(lines, line);) {
        std::istringstream words(line);
        std::string truth, what;
        std::int64_t when = 0;
        if (words >> truth >> when >> what && truth == "truth" && what == "answered" && when > since)
            return when;
    }
    return {};
}

// How late a fault came after the line that it waited for, whose first word is its time.
std::int64_t lateness_of(const Json& fired, std::int64_t begun) {
    const std::string line = fired.at("details").at("trigger").at("line");
    const std::string said = line.substr(0, line.find(' '));
    const bool has_fired_before = fired.at("details").value("flap", Json{{"cycle", 1}}).at("cycle") != 1;
    const bool is_time = !said.empty() && std::all_of(said.begin(), said.end(), [](unsigned char letter) {
        return std::isdigit(letter) != 0;
    });
    if (!is_time || has_fired_before) return 0;  // such as a packet, which begins with an address
    return begun + fired.at("t_ns").get<std::int64_t>() - std::stoll(said);
}

// How late the programs of the federation were to run, by their own measure, or a fault was to come, at worst.
double lateness_in(const std::string& folder) {
    std::int64_t worst = 0, begun = 0;
    for (const Json& event : read_journal(folder)) {
        if (event.at("event") == "run.begun") begun = event.at("details").at("monotonic_ns");
        if (event.at("event") == "fault.fired") worst = std::max(worst, lateness_of(event, begun));
    }
    for (const auto& file : std::filesystem::directory_iterator(folder + "/logs")) {
        std::istringstream words(slurp(file.path()));
        for (std::string word; words >> word;)
            if (std::int64_t late = 0; word == "late" && words >> late) worst = std::max(worst, late);
    }
    return static_cast<double>(worst) / 1e9;
}

// Of the table at hand: those whose truth the machine was too crowded to tell.
std::vector<std::string> crowded;

bool is_crowded(const Federation& federation, double late_s, double most_s) {
    if (late_s <= most_s) return false;
    crowded.push_back(std::string(federation.name) + " (something was late by " + std::to_string(late_s) +
                      " s)");
    return true;
}

Recovered recovered_in(const std::string& folder) {
    Recovered found;
    std::int64_t begun = 0, healed = 0;
    for (const Json& event : read_journal(folder)) {
        if (event.at("event") == "run.begun") begun = event.at("details").at("monotonic_ns");
        if (event.at("event") == "fault.healed") healed = begun + event.at("t_ns").get<std::int64_t>();
        if (event.at("event") != "node.recovered" && event.at("event") != "node.unrecovered") continue;
        const Json& details = event.at("details");
        found = {event.at("node"), {}, {}, details.at("largest_gap_ns").get<double>() / 1e9};
        if (details.at("time_to_recover_s").is_number()) found.told_s = details.at("time_to_recover_s");
    }
    if (const auto when = next_answer(slurp(folder + "/logs/" + found.node + ".out"), healed))
        found.true_s = static_cast<double>(*when - healed) / 1e9;
    return found;
}

void compare_recovery(const Federation& federation, const std::string& folder) {
    constexpr double tolerance_s = 0.05, tolerance_share = 0.05, crowded_s = 0.04;
    const Recovered found = recovered_in(folder);
    if (federation.recovery == Federation::Recovery::none) {
        EXPECT_FALSE(found.told_s) << *found.told_s;
        return;
    }
    ASSERT_TRUE(found.true_s) << "the node logged no answer after the heal";
    ASSERT_TRUE(found.told_s) << read_verdict(folder).dump(2);
    if (is_crowded(federation, std::max(found.gap_s, lateness_in(folder)), crowded_s)) return;
    EXPECT_NEAR(*found.told_s, *found.true_s, std::max(tolerance_s, tolerance_share * *found.true_s))
        << read_verdict(folder).dump(2);
}

class Run {
  public:
    explicit Run(const Federation& federation)
        : federation_(federation),
          tool_({"run", write_scenario(federation, folder_ / "scenario.yaml"), "--out", out()}) {}

    void compare() {
        SCOPED_TRACE(federation_.name);
        const Finished finished = tool_.wait();
        const Json verdict = read_verdict(out());
        if (verdict.contains("verdict") && is_crowded(federation_, lateness_in(out()), crowded_out_s)) return;
        EXPECT_EQ(finished.status, exit_status_of(federation_)) << finished.out << finished.err;
        ASSERT_TRUE(verdict.contains("verdict")) << finished.err;
        EXPECT_EQ(verdict.at("verdict"), federation_.verdict) << verdict.dump(2);
        const std::string reason = verdict.at("reason");
        for (const char* said : federation_.said)
            EXPECT_TRUE(contains(reason, said)) << said << ": " << reason;
        for (const char* said : federation_.not_said)
            EXPECT_FALSE(contains(reason, said)) << said << ": " << reason;
        if (federation_.recovery != Federation::Recovery::any) compare_recovery(federation_, out());
        if (!is_measured(federation_)) return;
        const Finished verified = run_tool({"verify", out()});
        EXPECT_EQ(verified.status, 0) << verified.out << verified.err;
    }

  private:
    std::string out() const { return folder_ / "run"; }

    const Federation& federation_;
    Folder folder_;
    Tool tool_;
};

}  // namespace

Finished run_federation(const Federation& federation, const std::string& folder) {
    return run_tool({"run", write_scenario(federation, folder + ".yaml"), "--out", folder});
}

void expect_truth(const std::vector<Federation>& federations) {
    std::vector<std::unique_ptr<Run>> runs;
    std::size_t compared = 0;
    for (const Federation& federation : federations) {
        if (runs.size() - compared == at_once) runs[compared++]->compare();
        runs.push_back(std::make_unique<Run>(federation));
    }
    while (compared < runs.size()) runs[compared++]->compare();
    std::string names;
    for (const std::string& name : std::exchange(crowded, {})) names += "\n  " + name;
    if (!names.empty())
        GTEST_SKIP() << "crowded; the others of " << runs.size() << " were compared:" << names;
}

}  // namespace netcut::test
