// SPDX-License-Identifier: Apache-2.0
#include "node/log_follower.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>

#include "base/error.h"
#include "base/io.h"
#include "user/user.h"

namespace netcut::test::NETCUT_FILE {
namespace {

namespace fs = std::filesystem;

class LogFollowerTest : public testing::Test {
  protected:
    LogFollowerTest() {
        std::string name = fs::temp_directory_path() / "netcut-test-XXXXXX";
        if (::mkdtemp(name.data()) == nullptr) throw std::runtime_error("mkdtemp");
        folder_ = name;
    }
    ~LogFollowerTest() override { fs::remove_all(folder_); }

    std::string path() const { return folder_ + "/log"; }
    void write(const std::string& text, std::ios::openmode mode = std::ios::app) const {
        std::ofstream(path(), mode) << text;
    }
    Result<void> follow() {
        follower_ = std::make_shared<LogFollower>(
            io_, path(), find_user("").value(), Fd(),
            LogFollower::Observer{[this](std::string_view bytes) { seen_ += bytes; },
                                  [this](const Error& error) { seen_ += "failed: " + error.text(); }});
        return follower_->start(watch_);
    }
    // Waits for the loop, not for a time: what has been written is in the queue of inotify already.
    std::string seen() {
        io_.restart();
        while (io_.poll() > 0) continue;
        return seen_;
    }

    std::string folder_, seen_;
    boost::asio::io_context io_;
    FolderWatch watch_{io_};
    std::shared_ptr<LogFollower> follower_;
};

TEST_F(LogFollowerTest, ShowsWhatIsAppendedAndNotWhatWasThere) {
    write("earlier\n");
    ASSERT_TRUE(follow());
    EXPECT_EQ(seen(), "");
    write("one\n");
    EXPECT_EQ(seen(), "one\n");
    write("two\n");
    write(std::string(100'000, 'x'));
    EXPECT_EQ(seen(), "one\ntwo\n" + std::string(100'000, 'x'));
}

TEST_F(LogFollowerTest, FollowsAFileThatIsMadeLaterCutShortOrReplaced) {
    ASSERT_TRUE(follow());
    write("one\n");
    EXPECT_EQ(seen(), "one\n");
    write("2\n", std::ios::trunc);
    EXPECT_EQ(seen(), "one\n2\n");
    std::ofstream(path() + ".new") << "three\n";
    write("last of the old\n");
    fs::rename(path() + ".new", path());
    EXPECT_EQ(seen(), "one\n2\nlast of the old\nthree\n");
}

TEST_F(LogFollowerTest, DrainsWithoutTheLoop) {
    ASSERT_TRUE(follow());
    write("one\n");
    follower_->drain();
    EXPECT_EQ(seen_, "one\n");
    EXPECT_EQ(seen(), "one\n");
}

TEST_F(LogFollowerTest, LeavesAPipeInItsPlaceAlone) {
    ASSERT_EQ(::mkfifo(path().c_str(), 0644), 0);
    ASSERT_TRUE(follow());
    fs::remove(path());
    write("one\n");
    EXPECT_EQ(seen(), "one\n");
}

TEST_F(LogFollowerTest, AFolderThatIsNotThereIsTold) {
    fs::remove_all(folder_);
    const auto followed = follow();
    ASSERT_FALSE(followed);
    EXPECT_EQ(followed.error().kind, Error::Kind::usage);
    EXPECT_NE(followed.error().text().find("make it before the run"), std::string::npos)
        << followed.error().text();
}

}  // namespace
}  // namespace netcut::test::NETCUT_FILE
