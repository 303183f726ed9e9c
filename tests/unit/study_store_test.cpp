// SPDX-License-Identifier: Apache-2.0
//
// The folder of a study, and who of several processes makes which run.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>
#include <fstream>
#include <set>

#include "base/io.h"
#include "folder/shared_files.h"
#include "study/claims.h"
#include "study/merge.h"
#include "study/store.h"
#include "study/study_file.h"

namespace netcut::test::NETCUT_FILE {
namespace {

using testing::HasSubstr;
using testing::SizeIs;

constexpr auto long_lease = std::chrono::hours(1);

class StudyFolder : public testing::Test {
  protected:
    StudyFolder() {
        std::string name = (std::filesystem::temp_directory_path() / "netcut-test-XXXXXX").string();
        path_ = ::mkdtemp(name.data());
    }
    ~StudyFolder() override { std::filesystem::remove_all(path_); }

    RunFolder folder(const std::string& below = "study") const {
        return make_shared_folder(path_ + "/" + below, find_caller("").value()).value();
    }
    static StudyDesign design(const std::string& levels = "[2, 3]") {
        return read_study(
                   "scenario: {aggregator: {command: a}, collaborator: {command: b}}\n"
                   "factors: [{key: cols, values: " +
                       levels + "}]\n",
                   "study.yaml")
            .value();
    }
    static StudyStore store_in(RunFolder folder, const StudyDesign& design) {
        return StudyStore::begin(std::move(folder), design, "text").value();
    }
    static StudyRow row(const std::string& key) {
        StudyRow row;
        row.cell = key.substr(0, 4);
        row.repeat = 1;
        row.key = key;
        row.verdict = "recovered";
        return row;
    }
    std::string path_;
};

TEST_F(StudyFolder, RowThatCannotBeReadIsNamedWithWhatToDelete) {
    StudyStore store = store_in(folder(), design());
    ASSERT_TRUE(store.write(row("c001-r1")));
    std::ofstream(path_ + "/study/rows/c002-r1.json");
    const auto torn = StudyStore::open(folder());
    ASSERT_FALSE(torn);
    EXPECT_THAT(torn.error().text(), HasSubstr("delete " + path_ + "/study/rows/c002-r1.json and " + path_ +
                                               "/study/claims/c002-r1.*"));
}

TEST_F(StudyFolder, HasEachRowOnceForAllWhoReadIt) {
    StudyStore one = store_in(folder(), design());
    StudyStore other = store_in(folder(), design());
    ASSERT_TRUE(one.write(row("c001-r01")));
    ASSERT_TRUE(other.write(row("c001-r01")));
    ASSERT_TRUE(other.write(row("c002-r01")));
    ASSERT_TRUE(one.refresh());
    EXPECT_THAT(one.rows(), SizeIs(2));
    ASSERT_TRUE(one.write_results());
    std::ifstream lines(path_ + "/study/results.jsonl");
    std::size_t count = 0;
    for (std::string line; std::getline(lines, line); ++count)
        EXPECT_TRUE(row_from_json(Json::parse(line), "read")) << line;
    EXPECT_EQ(count, 2U);
    const Json facts = Json::parse(std::ifstream(path_ + "/study/study.json"));
    EXPECT_EQ(facts.at("runs").at("rows"), 2);
    EXPECT_EQ(facts.at("factors")[0].at("name"), "cols");
}

TEST_F(StudyFolder, OfAnotherStudyIsRefused) {
    store_in(folder(), design());
    const auto other = StudyStore::begin(folder(), design("[2, 9]"), "text");
    ASSERT_FALSE(other);
    EXPECT_THAT(other.error().text(), HasSubstr("not those of this study"));
    EXPECT_THAT(StudyStore::open(folder("empty")).error().text(), HasSubstr("no design.json"));
}

TEST_F(StudyFolder, TakesTheRowsOfAShardOfTheSameStudyOnce) {
    StudyStore one = store_in(folder("one"), design()), other = store_in(folder("other"), design());
    ASSERT_TRUE(one.write(row("c001-r01")));
    ASSERT_TRUE(other.write(row("c001-r01")));
    ASSERT_TRUE(other.write(row("c002-r01")));
    EXPECT_EQ(merge_rows(one, other).value(), 1U);
    EXPECT_EQ(merge_rows(one, other).value(), 0U);
    EXPECT_THAT(one.rows(), SizeIs(2));
    EXPECT_FALSE(merge_rows(one, store_in(folder("third"), design("[7]"))));
}

TEST_F(StudyFolder, GivesARunToOneProcessAlone) {
    const StudyStore store = store_in(folder(), design());
    Claims one(store.folder(), long_lease), other(store.folder(), long_lease);
    const auto mine = one.take("c001-r01");
    ASSERT_TRUE(mine && *mine);
    EXPECT_FALSE(other.take("c001-r01").value()) << "it did not know of the claim";
    ASSERT_TRUE(other.refresh());
    EXPECT_TRUE(other.was_tried("c001-r01"));
    EXPECT_FALSE(other.take("c001-r01").value());
    EXPECT_TRUE(other.take("c001-r02").value());
}

TEST_F(StudyFolder, GivesARunAgainWhenItWasSpoiledAndCountsTheTries) {
    const StudyStore store = store_in(folder(), design());
    Claims claims(store.folder(), long_lease);
    for (const TryEnd end : {TryEnd::crowded, TryEnd::error, TryEnd::stopped}) {
        const auto claim = claims.take("c001-r01").value();
        ASSERT_TRUE(claim);
        ASSERT_TRUE(claims.end(*claim, end));
    }
    const auto fourth = claims.take("c001-r01").value();
    ASSERT_TRUE(fourth);
    EXPECT_EQ(fourth->number, 4U);
    EXPECT_EQ(fourth->tries, 3U) << "what a signal stopped is no try";
    EXPECT_EQ(fourth->crowded, 1U);
    EXPECT_EQ(fourth->errors, 1U);
    ASSERT_TRUE(claims.end(*fourth, TryEnd::done));
    EXPECT_FALSE(claims.take("c001-r01").value());
}

// The run of a process that was killed is taken at once by another one of the same machine, and by one only.
TEST_F(StudyFolder, GivesTheRunOfAKilledProcessToAnotherOnce) {
    const StudyStore store = store_in(folder(), design());
    // Who is killed before its claim has its name in it loses the run after the lease alone.
    Pipe claimed = make_pipe().value();
    const pid_t child = ::fork();
    if (child == 0) {
        Claims claims(store.folder(), long_lease);
        const auto claim = claims.take("c001-r01");
        if (claim && *claim) (void)write_all(claimed.write.get(), "x", "say that it is claimed");
        ::pause();
        ::_exit(0);
    }
    claimed.write = Fd();
    char byte = 0;
    ASSERT_EQ(::read(claimed.read.get(), &byte, 1), 1);
    Claims claims(store.folder(), long_lease), late(store.folder(), long_lease);
    ASSERT_TRUE(claims.refresh());
    EXPECT_FALSE(claims.take("c001-r01").value()) << "its owner lives";
    ::kill(child, SIGKILL);
    siginfo_t info{};
    ASSERT_EQ(::waitid(P_PID, static_cast<id_t>(child), &info, WEXITED | WNOWAIT), 0);
    ASSERT_TRUE(late.refresh());
    const auto taken = claims.take("c001-r01").value();  // the dead process is still a zombie
    ASSERT_TRUE(taken);
    EXPECT_EQ(taken->lost, 1U);
    EXPECT_EQ(taken->tries, 2U);
    EXPECT_FALSE(late.take("c001-r01").value());
    ::waitpid(child, nullptr, 0);
}

TEST_F(StudyFolder, GivesTheRunOfASilentMachineUpAfterTheLease) {
    const StudyStore store = store_in(folder(), design());
    Claimant elsewhere = Claimant::self();
    elsewhere.machine = "another boot";
    Claims far(store.folder(), std::chrono::seconds(10), elsewhere),
        here(store.folder(), std::chrono::seconds(10));
    const auto claim = far.take("c001-r01").value();
    ASSERT_TRUE(claim);
    ASSERT_TRUE(here.refresh());
    EXPECT_FALSE(here.take("c001-r01").value());
    const std::string file = path_ + "/study/claims/c001-r01.1";
    const timespec old[2] = {{::time(nullptr) - 11, 0}, {::time(nullptr) - 11, 0}};
    ASSERT_EQ(::utimensat(AT_FDCWD, file.c_str(), old, 0), 0);
    far.touch(*claim);
    EXPECT_FALSE(here.take("c001-r01").value()) << "it was touched";
    ASSERT_EQ(::utimensat(AT_FDCWD, file.c_str(), old, 0), 0);
    EXPECT_TRUE(far.is_ours(*claim));
    EXPECT_TRUE(here.take("c001-r01").value());
    EXPECT_FALSE(far.is_ours(*claim)) << "its row must not be written any more";
}

// Many processes at once: each run has one owner.
TEST_F(StudyFolder, GivesEachOfManyRunsToOneOfManyProcesses) {
    constexpr int processes = 4, runs = 50;
    const StudyStore store = store_in(folder(), design());
    std::vector<pid_t> children;
    for (int i = 0; i < processes; ++i) {
        children.push_back(::fork());
        if (children.back() != 0) continue;
        Claims claims(store.folder(), long_lease);
        for (int run = 0; run < runs; ++run) {
            const std::string key = "c001-r" + std::to_string(run);
            const auto claim = claims.take(key);
            if (!claim) ::_exit(1);
            if (*claim) std::ofstream(path_ + "/owner-" + key + "-" + std::to_string(i)) << "mine";
        }
        ::_exit(0);
    }
    for (const pid_t child : children) {
        int status = -1;
        ::waitpid(child, &status, 0);
        EXPECT_EQ(status, 0);
    }
    std::map<std::string, int> owners;
    for (const auto& entry : std::filesystem::directory_iterator(path_))
        if (const std::string name = entry.path().filename(); name.starts_with("owner-"))
            ++owners[name.substr(0, name.rfind('-'))];
    EXPECT_THAT(owners, SizeIs(runs));
    for (const auto& [name, count] : owners) EXPECT_EQ(count, 1) << name;
}

}  // namespace
}  // namespace netcut::test::NETCUT_FILE
