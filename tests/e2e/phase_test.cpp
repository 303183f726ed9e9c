// SPDX-License-Identifier: Apache-2.0
//
// Labelled runs: the reference federation logs what it does, netcut-fl says what it saw from outside, over
// TLS.
#include <fmt/format.h>

#include <array>
#include <cstdio>
#include <map>
#include <sstream>

#include "base/json.h"
#include "e2e/crowd.h"
#include "e2e/tool.h"

namespace netcut::test::NETCUT_FILE {
namespace {

struct Interval {
    std::string phase;
    std::int64_t from, to;
};
using Timeline = std::vector<Interval>;

const std::array<std::string, 6> names = {"computing", "waiting", "sending", "receiving", "idle", "unknown"};

// What the collaborator itself says, from its first word to its last, in the journal's time.
Timeline labels(const std::string& log, std::int64_t begin) {
    Timeline timeline;
    std::istringstream lines(log);
    for (std::string line; std::getline(lines, line);) {
        const std::size_t at = line.find(" phase ");
        if (at == std::string::npos) continue;
        std::istringstream words(line.substr(at + 7));
        std::string phase;
        std::int64_t time = 0;
        words >> phase >> time;
        if (!timeline.empty()) timeline.back().to = time - begin;
        timeline.push_back({phase, time - begin, time - begin});
    }
    return timeline;
}

std::map<std::string, Timeline> read_phases(const std::vector<Json>& journal) {
    std::map<std::string, Timeline> nodes;
    for (const Json& event : journal) {
        if (event.at("event") != "node.phase") continue;
        const Json& details = event.at("details");
        nodes[event.at("node")].push_back({details.at("phase"), details.at("from_ns"), details.at("to_ns")});
        EXPECT_EQ(event.at("t_ns"), details.at("to_ns"));
    }
    return nodes;
}

// Nanoseconds that were the one by the label and the other by the journal.
class Confusion {
  public:
    // While it connects, the application does not know itself.
    void add(const Timeline& labelled, const Timeline& seen) {
        std::size_t first = 0;
        for (const Interval& label : labelled) {
            labelled_ += static_cast<double>(label.to - label.from);
            if (label.phase == "connecting") {
                connecting_ += static_cast<double>(label.to - label.from);
                continue;
            }
            while (first < seen.size() && seen[first].to <= label.from) ++first;
            for (std::size_t i = first; i < seen.size() && seen[i].from < label.to; ++i)
                time_[label.phase][seen[i].phase] +=
                    std::min(label.to, seen[i].to) - std::max(label.from, seen[i].from);
        }
    }
    double all() const {
        double sum = 0;
        for (const auto& [label, row] : time_)
            for (const auto& [seen, time] : row) sum += time;
        return sum;
    }
    double connecting() const { return connecting_ / labelled_; }
    double unknown() const { return column("unknown") / all(); }
    double agreement() const {
        double right = 0;
        for (const auto& [label, row] : time_)
            if (const auto found = row.find(label); found != row.end()) right += found->second;
        return right / (all() - column("unknown"));
    }
    // Whether so much of the time had this label that it must be seen.
    bool matters(const std::string& label) const {
        constexpr double least_share = 0.02;
        const auto row = time_.find(label);
        if (row == time_.end()) return false;
        double sum = 0;
        for (const auto& [seen, time] : row->second) sum += time;
        return sum >= least_share * all();
    }
    // Share of a label's time that was seen as such.
    double found(const std::string& label) const {
        const auto row = time_.find(label);
        if (row == time_.end()) return 0;
        double sum = 0;
        for (const auto& [seen, time] : row->second) sum += time;
        const auto right = row->second.find(label);
        return right == row->second.end() ? 0 : right->second / sum;
    }
    std::string text() const {
        std::string text = fmt::format("{:>12}", "ms");
        for (const std::string& name : names) text += fmt::format("{:>11}", name);
        for (const auto& [label, row] : time_) {
            text += fmt::format("\n{:>12}", label);
            for (const std::string& name : names) {
                const auto found = row.find(name);
                text += fmt::format("{:>11.1f}", found == row.end() ? 0 : found->second / 1e6);
            }
        }
        return text + fmt::format(
                          "\nagreement {:.2f} % of the time that is known; unknown {:.2f} %; it connected "
                          "{:.2f} % of the time",
                          100 * agreement(), 100 * unknown(), 100 * connecting());
    }

  private:
    double column(const std::string& phase) const {
        double sum = 0;
        for (const auto& [label, row] : time_)
            if (const auto found = row.find(phase); found != row.end()) sum += found->second;
        return sum;
    }
    std::map<std::string, std::map<std::string, double>> time_;
    double labelled_ = 0, connecting_ = 0;
};

struct Labelled {
    unsigned collaborators;
    unsigned epochs;          // of training in a round
    unsigned megabits;        // of each link
    unsigned upload_seconds;  // what all send in it is less than the aggregator's link takes
    double most_unknown;      // share of the time
    double most_crowd;        // share of the processors that others may use
    double least_found;       // share of the time in which it computes or sends that is seen to be that
};
void PrintTo(const Labelled& parameter, std::ostream* out) {
    *out << parameter.collaborators << " collaborators";
}

class LabelledRunTest : public testing::TestWithParam<Labelled> {};
INSTANTIATE_TEST_SUITE_P(
    Phases, LabelledRunTest,
    testing::Values(Labelled{1, 1200, 25, 1, 0.1, 0.1, 0.7}, Labelled{4, 600, 25, 4, 0.15, 0.1, 0.7},
                    // They fill the machine by themselves. Sixteen that compute on one processor wait for
                    // it most of the time, and whether one computes while it waits is unknown.
                    Labelled{32, 80, 60, 5, 0.4, 0.03, 0.4}),
    [](const auto& info) { return fmt::format("With{}", info.param.collaborators); });

// Both directions take long enough to be seen: uploads are paced by the application, downloads by the
// aggregator's link, before the router: what waits in a queue behind it has passed already.
TEST_P(LabelledRunTest, AgreesWithWhatTheFederationSaysItDoes) {
    NETCUT_E2E_WITH_REFERENCE();
    const Folder folder;
    const unsigned collaborators = GetParam().collaborators;
    const Crowd crowd;
    const Finished finished = run_tool(
        reference_for_this_machine({"run",
                                    "--out",
                                    folder / "run",
                                    "--cols",
                                    std::to_string(collaborators),
                                    "--rate",
                                    fmt::format("{}mbit", GetParam().megabits),
                                    "--set",
                                    "rounds=2",
                                    "--set",
                                    "pace=0ms",
                                    "--set",
                                    fmt::format("epochs={}", epochs_for_this_machine(GetParam().epochs)),
                                    "--set",
                                    "model-size=1MiB",
                                    "--set",
                                    fmt::format("upload-pace={}s", GetParam().upload_seconds),
                                    "--set",
                                    "collaborator-args=--log-phases",
                                    "--set",
                                    "aggregator-args=--server-delay 600ms"}));
    ASSERT_EQ(finished.status, 0) << finished.out << finished.err;
    const auto journal = read_journal(folder / "run");
    const std::int64_t begin = journal.front().at("details").at("monotonic_ns");
    auto seen = read_phases(journal);
    Confusion confusion;
    for (unsigned i = 1; i <= collaborators; ++i) {
        const std::string name = fmt::format("collaborator{}", i);
        confusion.add(labels(slurp(folder / ("run/logs/" + name + ".out")), begin), seen[name]);
    }
    std::printf("%s\n%s\n", confusion.text().c_str(), crowd.text().c_str());
    if (crowd.is_one(GetParam().most_crowd)) GTEST_SKIP() << "crowded: " << crowd.text();
    EXPECT_GE(confusion.agreement(), 0.99) << confusion.text();
    // What is shorter than the time for which others wanted the processors is unknown; emulated, they do it
    // longer.
    const double most_unknown = GetParam().most_unknown * (time_scale() == 1 ? 1 : 2);
    EXPECT_LE(confusion.unknown(), most_unknown) << confusion.text();
    EXPECT_LE(confusion.connecting(), 0.2) << confusion.text();
    for (const char* phase : {"computing", "sending"})
        EXPECT_GE(confusion.found(phase), GetParam().least_found) << phase << "\n" << confusion.text();
    // Many of these are short, and unknown where more want to run than there are CPUs.
    for (const char* phase : {"waiting", "receiving", "idle"})
        if (confusion.matters(phase)) {
            EXPECT_GT(confusion.found(phase), 0) << phase << "\n" << confusion.text();
        }
}

TEST(Phases, TheJournalHasNoHolesAndItsBytesAddUp) {
    NETCUT_E2E_WITH_REFERENCE();
    const Folder folder;
    const Finished finished = run_tool(small_reference(folder / "run", {}));
    ASSERT_EQ(finished.status, 0) << finished.out << finished.err;
    const auto journal = read_journal(folder / "run");
    std::map<std::string, std::int64_t> sent, ends;
    std::map<std::string, std::int64_t> traffic;
    std::int64_t traffic_to = 0;
    for (const Json& event : journal) {
        const Json& details = event.contains("details") ? event.at("details") : Json::object();
        if (event.at("event") == "node.phase") {
            const std::string node = event.at("node");
            if (ends.contains(node)) {
                EXPECT_EQ(details.at("from_ns"), ends[node]) << event.dump();
            }
            EXPECT_LT(details.at("from_ns"), details.at("to_ns"));
            ends[node] = details.at("to_ns");
            sent[node] += details.at("sent").get<std::int64_t>();
        }
        if (event.at("event") == "traffic") {
            EXPECT_GE(details.at("from_ns"), traffic_to);
            EXPECT_LT(details.at("from_ns"), details.at("to_ns"));
            traffic_to = details.at("to_ns");
            for (const auto& [node, bytes] : details.at("bytes").items())
                traffic[node] += bytes.at(0).get<std::int64_t>();
        }
    }
    ASSERT_EQ(sent.size(), 5U);
    for (int i = 1; i <= 4; ++i) {
        const std::string node = fmt::format("collaborator{}", i);
        EXPECT_GT(sent[node], 3 * 32 * 1000) << "three uploads of 32 KiB";
        // The last tenth of a second may be in one of them only.
        EXPECT_NEAR(static_cast<double>(traffic[node]), static_cast<double>(sent[node]), 20'000);
    }
}

}  // namespace
}  // namespace netcut::test::NETCUT_FILE
