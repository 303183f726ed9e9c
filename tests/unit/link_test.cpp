// SPDX-License-Identifier: Apache-2.0
//
// `link:` and `churn:` of a scenario, and what they come to.
#include "scenario/link.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <set>

#include "base/sha256.h"
#include "scenario/check.h"
#include "scenario/churn.h"
#include "scenario/input.h"
#include "scenario/link_hold.h"
#include "scenario/mistakes.h"
#include "scenario/plan.h"
#include "scenario/yaml.h"
#include "unit/checked_scenario.h"

namespace netcut::test::NETCUT_FILE {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;

class TemporaryFolder {
  public:
    TemporaryFolder() : path_((std::filesystem::temp_directory_path() / "netcut-test-XXXXXX").string()) {
        if (::mkdtemp(path_.data()) == nullptr) throw std::runtime_error("mkdtemp");
    }
    ~TemporaryFolder() {
        std::error_code error;
        std::filesystem::remove_all(path_, error);
    }
    TemporaryFolder(const TemporaryFolder&) = delete;
    TemporaryFolder& operator=(const TemporaryFolder&) = delete;
    const std::string& path() const { return path_; }

  private:
    std::string path_;
};

std::string mistake_in(const std::string& yaml) {
    try {
        checked(yaml);
        return "none";
    } catch (const std::runtime_error& error) {
        return error.what();
    }
}

LinkPlan plan(const Scenario& scenario, std::size_t node) {
    auto made = link_plan(scenario, node);
    if (!made) throw std::runtime_error(made.error().text());
    return std::move(*made);
}

void write(const std::string& path, const std::string& text) {
    std::ofstream(path) << text;
}

TEST(Link, TheLaterEntryCountsEachDirectionForItself) {
    const Scenario scenario = checked(
        "link:\n  - {up: 5mbit, down: {rate: 20mbit, queue: 64KiB}}\n"
        "  - {nodes: [collaborator2, aggregator], up: {trace: {model: lte, seed: 4, mean: 8mbit, length: "
        "1m}, loop: false, speed: 2}}\n");
    EXPECT_TRUE(scenario.fabric.single_segments);
    EXPECT_EQ(plan(scenario, 1).up->play.trace->mean(), 5e6);
    EXPECT_EQ(plan(scenario, 1).up->queue_bytes, 62'500U);
    EXPECT_EQ(plan(scenario, 1).down->queue_bytes, 65'536U);
    const LinkPlan second = plan(scenario, 2);
    EXPECT_NEAR(second.up->play.trace->mean(), 8e6, 1);
    EXPECT_EQ(second.up->play.trace->length(), 1min);
    EXPECT_FALSE(second.up->play.loop);
    EXPECT_EQ(second.up->play.speed, 2);
    EXPECT_EQ(second.up->what, "lte, seed 6");
    EXPECT_EQ(second.down->play.trace->mean(), 20e6);
    EXPECT_TRUE(plan(scenario, 0).up);
    EXPECT_FALSE(plan(scenario, 0).down);
    const auto links = access_links(scenario).value();
    ASSERT_EQ(links.size(), 4U);
    EXPECT_EQ(links[0].node, "aggregator");
    EXPECT_FALSE(links[0].down);
}

TEST(Link, ComesBackFromYaml) {
    const Scenario scenario = checked(
        "link: {up: {trace: {model: wifi, seed: 4, mean: 8mbit, length: 90s}, loop: false, speed: 1.5}, "
        "down: {rate: 3mbit, queue: 2s}}\n");
    Scenario again;
    ASSERT_TRUE(read_yaml(again, write_yaml(scenario), "again.yaml"));
    ASSERT_TRUE(check(again));
    EXPECT_EQ(write_yaml(again), write_yaml(scenario));
    EXPECT_EQ(plan(again, 3).up->play.trace->steps(), plan(scenario, 3).up->play.trace->steps());
}

TEST(Link, ReadsAFileForEachNode) {
    const TemporaryFolder folder;
    for (int i = 1; i <= 3; ++i)
        write(folder.path() + "/collaborator" + std::to_string(i) + ".up", "0," + std::to_string(i) + "\n");
    const Scenario scenario = checked("link: {up: {trace: '" + folder.path() + "/{name}.up'}}\n");
    EXPECT_EQ(plan(scenario, 2).up->play.trace->mean(), 2e6);
    EXPECT_EQ(plan(scenario, 3).up->what, "collaborator3.up");
    EXPECT_EQ(plan(scenario, 3).up->sha256, sha256_hex("0,3\n"));
}

TEST(Link, DrawsPairsFromAFolder) {
    const TemporaryFolder folder;
    for (const char* name : {"a", "b", "c", "d", "e"})
        for (const char* way : {".up", ".down"}) write(folder.path() + "/" + name + way, "0,1\n");
    const std::string yaml = "link: {up: {trace: {folder: '" + folder.path() +
                             "', seed: 5}}, down: {trace: {folder: '" + folder.path() + "', seed: 5}}}\n";
    const Scenario scenario = checked(yaml), again = checked(yaml);
    for (std::size_t node = 1; node <= 3; ++node) {
        const LinkPlan drawn = plan(scenario, node);
        EXPECT_EQ(drawn.up->what.substr(0, 1), drawn.down->what.substr(0, 1));
        EXPECT_TRUE(drawn.up->what.ends_with(".up"));
        EXPECT_TRUE(drawn.down->what.ends_with(".down"));
        EXPECT_EQ(plan(again, node).up->what, drawn.up->what);
    }
    // What was drawn is written, and read again whatever else comes into the folder.
    write(folder.path() + "/another.up", "0,1\n");
    Scenario replayed;
    ASSERT_TRUE(read_yaml(replayed, write_yaml(scenario), "again.yaml"));
    ASSERT_TRUE(read_named_files(replayed));
    ASSERT_TRUE(check(replayed));
    EXPECT_EQ(plan(replayed, 2).up->what, plan(scenario, 2).up->what);
}

TEST(Link, UsesTheCopyOfARunThatIsReplayed) {
    const TemporaryFolder folder;
    write(folder.path() + "/copy", "0,7\n");
    Scenario scenario;
    ASSERT_TRUE(read_yaml(scenario, std::string(roles) + "link: {up: {trace: /gone.up}}\n", "test.yaml"));
    scenario.kept_traces = {{"/gone.up", folder.path() + "/copy"}};
    ASSERT_TRUE(read_named_files(scenario));
    ASSERT_TRUE(check(scenario));
    EXPECT_EQ(plan(scenario, 1).up->play.trace->mean(), 7e6);
}

TEST(Link, DelayAndLossOfATraceAreDoneByHoldingItsPackets) {
    const TemporaryFolder folder;
    write(folder.path() + "/t", "t,mbit,delay_ms,loss\n0,8,20,0.1\n1,9,30,0\n");
    write(folder.path() + "/plain", "0,8\n1,9\n");
    const std::string trace = "{trace: '" + folder.path() + "/t', seed: 5}";
    const Scenario scenario = checked("link: [{nodes: [collaborator1, collaborator2], up: " + trace +
                                      ", down: " + trace + "}, {nodes: [collaborator2], down: 1mbit}]\n");
    EXPECT_TRUE(needs_of(scenario).contains(Need::hold));
    const auto plans = link_holds(scenario);
    ASSERT_TRUE(plans);
    ASSERT_EQ(plans->size(), 2U);
    const FaultPlan &up = plans->at(0), &down = plans->at(1);
    EXPECT_EQ(up.filter.direction, Direction::up);
    EXPECT_EQ(up.nodes, (std::vector<std::size_t>{1, 2}));
    EXPECT_EQ(down.nodes, (std::vector<std::size_t>{1}));
    EXPECT_FALSE(std::get<Hold>(up.action).up.by_receiver);
    EXPECT_TRUE(std::get<Hold>(down.action).down.by_receiver);
    // Each node and direction has a list of its own.
    std::set<std::string> lists;
    for (const std::size_t node : {1, 2}) lists.insert(plan(scenario, node).up->losses.text());
    lists.insert(plan(scenario, 1).down->losses.text());
    EXPECT_EQ(lists.size(), 3U);
    Scenario again;
    ASSERT_TRUE(read_yaml(again, write_yaml(scenario), "again"));
    ASSERT_TRUE(read_named_files(again));
    ASSERT_TRUE(check(again));
    EXPECT_EQ(plan(again, 2).up->losses.text(), plan(scenario, 2).up->losses.text());
    const Scenario plain = checked("link: {up: {trace: '" + folder.path() + "/plain'}}\n");
    EXPECT_FALSE(needs_of(plain).contains(Need::hold));
    EXPECT_TRUE(link_holds(plain)->empty());
}

TEST(Link, SaysWhatCannotBe) {
    const TemporaryFolder folder;
    write(folder.path() + "/wrong", "1\n2\nthree\n");
    EXPECT_THAT(mistake_in("link: {up: {trace: '" + folder.path() + "/wrong'}}\n"),
                HasSubstr("/wrong:3:1: it is no whole number of milliseconds"));
    EXPECT_THAT(mistake_in("link: {up: {trace: '" + folder.path() + "/none'}}\n"), HasSubstr("No such file"));
    EXPECT_THAT(mistake_in("link: {up: {trace: /dev/zero}}\n"), HasSubstr("it is a device"));
    EXPECT_THAT(mistake_in("link: {up: {queue: 1s}}\n"), HasSubstr("neither a rate nor a trace"));
    EXPECT_THAT(mistake_in("link: {up: {rate: 1mbit, trace: x}}\n"), HasSubstr("x"));
    EXPECT_THAT(mistake_in("link: {nodes: all}\n"), HasSubstr("says nothing of a direction"));
    EXPECT_THAT(mistake_in("link: {nodes: [collaborator9], up: 1mbit}\n"),
                HasSubstr("there is no such node"));
    EXPECT_THAT(mistake_in("link: {up: {trace: {model: lt}}}\n"), HasSubstr("did you mean 'lte'?"));
    EXPECT_THAT(mistake_in("link: {up: {rate: 1mbit, speed: 0}}\n"), HasSubstr("it is no number from 0.001"));
    EXPECT_THAT(mistake_in("link: {upp: 1mbit}\n"), HasSubstr("up"));
}

// --- churn ---

std::vector<const FaultSpec*> away(const Scenario& scenario) {
    std::vector<const FaultSpec*> faults;
    for (const FaultSpec& fault : scenario.faults) faults.push_back(&fault);
    return faults;
}

TEST(Churn, BecomesAFaultOfEachNode) {
    const std::string yaml = "churn: {up: 40s, down: 5s, seed: 2, length: 1h}\n";
    const Scenario scenario = checked(yaml), again = checked(yaml);
    ASSERT_EQ(scenario.faults.size(), 3U);
    EXPECT_TRUE(scenario.churn.empty());
    Nanoseconds gone{0}, there{0};
    std::size_t cycles = 0;
    for (const FaultSpec* fault : away(scenario)) {
        EXPECT_EQ(fault->name, "away-" + fault->nodes.front());
        there += fault->trigger.delay;
        for (const auto& cycle : fault->flap->cycles()) {
            gone += cycle.on;
            there += cycle.off;
            ++cycles;
        }
    }
    EXPECT_NEAR(seconds(gone) / static_cast<double>(cycles), 5, 1);
    EXPECT_NEAR(seconds(there) / static_cast<double>(cycles), 40, 8);
    EXPECT_EQ(write_yaml(scenario), write_yaml(again));
    Scenario read;
    ASSERT_TRUE(read_yaml(read, write_yaml(scenario), "again.yaml"));
    ASSERT_TRUE(check(read));
    EXPECT_EQ(write_yaml(read), write_yaml(scenario));
}

TEST(Churn, TakesSeveralAtOnce) {
    Scenario scenario;
    scenario.collaborators = 10;
    ChurnSpec spec;
    spec.together = 3;
    spec.every = 60s;
    spec.down = 20s;
    spec.length = 1h;
    const auto all = absences(scenario, spec).value();
    std::map<Nanoseconds, std::set<std::size_t>> moments;
    for (const Absence& one : all) {
        EXPECT_EQ(one.to - one.from, 20s);
        moments[one.from].insert(one.node);
    }
    EXPECT_GT(moments.size(), 20U);
    std::set<std::size_t> ever;
    for (const auto& [at, nodes] : moments) {
        EXPECT_EQ(nodes.size(), 3U);
        ever.insert(nodes.begin(), nodes.end());
    }
    EXPECT_EQ(ever.size(), 10U);
}

TEST(Churn, IsReadFromAFile) {
    const TemporaryFolder folder;
    write(folder.path() + "/who",
          "from,to,node\n# a comment\n10,25.5,collaborator2\n1,2,collaborator2\n3,4,collaborator1\n");
    write(folder.path() + "/twice", "1,5,collaborator2\n4,6,collaborator2\n");
    write(folder.path() + "/nobody", "1,5,collaborator2\n4,6,collaborator7\n");
    const Scenario scenario = checked("churn: {kind: unplug, trace: '" + folder.path() + "/who'}\n");
    ASSERT_EQ(scenario.faults.size(), 2U);
    const FaultSpec& second = scenario.faults[1];
    EXPECT_EQ(second.kind->name, std::string("unplug"));
    EXPECT_EQ(second.trigger.delay, 1s);
    EXPECT_EQ(second.flap->cycles()[0].on, 1s);
    EXPECT_EQ(second.flap->cycles()[0].off, 8s);
    EXPECT_EQ(second.flap->cycles()[1].on, 15500ms);
    EXPECT_THAT(mistake_in("churn: {trace: '" + folder.path() + "/twice'}\n"), HasSubstr("is not back then"));
    EXPECT_THAT(mistake_in("churn: {trace: '" + folder.path() + "/nobody'}\n"),
                HasSubstr("/nobody:2:5: there is no node 'collaborator7'"));
    EXPECT_THAT(mistake_in("churn: {trace: '" + folder.path() + "/who', up: 1s}\n"),
                HasSubstr("a trace and a model"));
    EXPECT_THAT(mistake_in("churn: {together: 4, every: 10s, down: 1s}\n"),
                HasSubstr("4 of 3 nodes cannot go"));
    EXPECT_THAT(mistake_in("churn: {down: 1s}\n"), HasSubstr("{up: 5m, down: 30s}"));
}

}  // namespace
}  // namespace netcut::test::NETCUT_FILE
