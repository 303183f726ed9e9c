// SPDX-License-Identifier: Apache-2.0
//
// A run's folder is within the reach of nodes, and may be in somebody else's.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "base/error.h"
#include "base/io.h"
#include "folder/folder.h"
#include "folder/manifest.h"
#include "folder/run_files.h"
#include "user/user.h"
#include "verify/verify.h"

namespace netcut::test::NETCUT_FILE {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

std::string slurp(const std::string& path) {
    return read_file(path).value_or("");
}

class RunFolderTest : public testing::Test {
  protected:
    RunFolderTest() {
        std::string name = fs::temp_directory_path() / "netcut-test-XXXXXX";
        if (::mkdtemp(name.data()) == nullptr) throw std::runtime_error("mkdtemp");
        path_ = name;
        fs::create_directories(run());
        fs::create_directories(elsewhere());
    }
    ~RunFolderTest() override { fs::remove_all(path_); }

    std::string run() const { return path_ + "/run"; }
    std::string elsewhere() const { return path_ + "/elsewhere"; }
    Result<RunFolder> create() const { return RunFolder::create(run(), "x", find_user("").value()); }
    void write(const std::string& name, const std::string& text) const {
        std::ofstream(run() + "/" + name) << text;
    }
    // Of so many bytes that nobody has written.
    void make_sparse(const std::string& name, off_t bytes) const {
        write(name, "");
        ASSERT_EQ(::truncate((run() + "/" + name).c_str(), bytes), 0);
    }

  private:
    std::string path_;
};

TEST_F(RunFolderTest, NoLinkBelowItIsFollowed) {
    for (const char* below : {"logs", "work"}) {
        fs::create_directory_symlink(elsewhere(), run() + "/" + below);
        const auto folder = create();
        ASSERT_FALSE(folder) << below;
        EXPECT_THAT(folder.error().text(), HasSubstr("delete it"));
        fs::remove(run() + "/" + below);
    }
    const auto folder = create();
    ASSERT_TRUE(folder);
    ASSERT_TRUE(folder->create_file("logs/a.out"));
    fs::remove_all(run() + "/logs");
    fs::create_directory_symlink(elsewhere(), run() + "/logs");
    fs::create_symlink(elsewhere() + "/b", run() + "/b");
    for (const char* file : {"logs/a.out", "b"}) EXPECT_FALSE(folder->create_file(file)) << file;
    EXPECT_FALSE(folder->write_file("logs/c", "text"));
    std::ofstream(elsewhere() + "/d") << "secret";
    EXPECT_FALSE(folder->open_file("logs/d"));
    EXPECT_FALSE(folder->open_file("../elsewhere/d"));
    EXPECT_EQ(std::distance(fs::directory_iterator(elsewhere()), {}), 1) << "d alone";
}

TEST_F(RunFolderTest, OneRunAtATimeHasItAndTheOtherIsToldWhich) {
    std::optional<RunFolder> first(create().value());
    ASSERT_TRUE(first->write_file("journal.jsonl", ""));
    const auto second = create();
    ASSERT_FALSE(second);
    EXPECT_EQ(second.error().kind, Error::Kind::usage);
    EXPECT_THAT(second.error().text(),
                HasSubstr("process " + std::to_string(::getpid()) + " is writing to it"));
    EXPECT_FALSE(RunFolder::of_many(run(), "x", find_user("").value()));
    EXPECT_FALSE(fs::exists(run() + ".1")) << "it is not moved aside";
    first.reset();
    const auto third = create();
    ASSERT_TRUE(third);
    EXPECT_EQ(third->moved(), run() + ".1");
    EXPECT_TRUE(RunFolder::open(run() + ".1", find_user("").value())) << "reading needs no lock";
}

TEST_F(RunFolderTest, ItsManifestIsOfTheFolderThatTheRunWroteTo) {
    const auto folder = create();
    ASSERT_TRUE(folder);
    ASSERT_TRUE(folder->write_file("scenario.yaml", "name: x"));
    fs::rename(run(), run() + ".moved");
    fs::create_directories(run());
    write("other.yaml", "name: y");
    const auto files = digest_run(*folder);
    ASSERT_TRUE(files) << files.error().text();
    EXPECT_TRUE(files->contains("scenario.yaml"));
    EXPECT_FALSE(files->contains("other.yaml"));
}

TEST_F(RunFolderTest, AnotherFolderInItsPlaceIsNotWrittenTo) {
    const auto folder = create();
    ASSERT_TRUE(folder);
    fs::rename(run(), run() + ".moved");
    fs::create_directory_symlink(elsewhere(), run());
    EXPECT_TRUE(folder->write_file("verdict.json", "{}"));
    EXPECT_TRUE(fs::is_empty(elsewhere()));
    EXPECT_EQ(slurp(run() + ".moved/verdict.json"), "{}");
}

TEST_F(RunFolderTest, AFifoInTheWayIsNotWaitedFor) {
    const auto folder = create();
    ASSERT_TRUE(folder);
    ASSERT_EQ(::mkfifo((run() + "/journal.jsonl").c_str(), 0644), 0);
    EXPECT_FALSE(folder->create_file("journal.jsonl"));
    EXPECT_FALSE(folder->open_file("journal.jsonl"));
}

TEST_F(RunFolderTest, WritesFilesOfFoldersBelowItWhole) {
    const auto folder = create();
    ASSERT_TRUE(folder);
    ASSERT_TRUE(folder->write_file("logs/a", "one"));
    ASSERT_TRUE(folder->write_file("logs/a", "two"));
    EXPECT_EQ(slurp(run() + "/logs/a"), "two");
    EXPECT_FALSE(fs::exists(run() + "/logs/a.new"));
}

// A node may make a file of any size that takes no room, also as the run ends.
TEST_F(RunFolderTest, TheManifestLeavesOutWhatNoRunHasWritten) {
    const auto folder = create();
    ASSERT_TRUE(folder);
    write("scenario.yaml", "name: x\n");
    make_sparse("vast", off_t{1} << 42);
    const auto files = digest_run(*folder);
    ASSERT_TRUE(files) << files.error().text();
    EXPECT_TRUE(files->contains("scenario.yaml"));
    EXPECT_FALSE(files->contains("vast"));
}

TEST_F(RunFolderTest, VerifySaysOfHostileFilesWhatIsWrong) {
    const std::string deep = std::string(200'000, '[') + std::string(200'000, ']');
    const std::string event = R"({"n":1,"t_ns":0,"wall":"x","event":"run.begun","details":)";
    const std::string begun = event + R"({"schema":3,"name":"x","realtime_ns":1,"nodes":[]}})" + "\n";
    const User user = find_user("").value();
    const auto verify_with = [&](const std::string& journal, const std::string& verdict,
                                 const std::string& manifest) {
        write("scenario.yaml",
              "name: x\naggregator: {command: [a]}\ncollaborator: {command: [b]}\ncollaborators: 1\n");
        write("journal.jsonl", journal);
        write("verdict.json", verdict);
        write("manifest.json", manifest);
        const auto verified = verify_run(run(), user);
        return verified ? verified->to_json().dump() : verified.error().text();
    };
    EXPECT_THAT(verify_with(event + deep + "}\n", "{}", "{}"), HasSubstr("nest more than 64 deep"));
    EXPECT_THAT(verify_with(begun, deep, "{}"), HasSubstr("read verdict.json: its brackets nest"));
    EXPECT_THAT(verify_with(begun, "{}", deep), HasSubstr("read manifest.json: its brackets nest"));
    for (const char* name : {"journal.jsonl", "verdict.json", "manifest.json", "scenario.yaml"}) {
        verify_with(begun, "{}", "{}");
        make_sparse(name, off_t{1} << 42);
        const auto verified = verify_run(run(), user);
        EXPECT_THAT(verified ? verified->to_json().dump() : verified.error().text(),
                    HasSubstr("it has holes"))
            << name;
    }
}

}  // namespace
}  // namespace netcut::test::NETCUT_FILE
