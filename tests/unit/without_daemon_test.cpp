// SPDX-License-Identifier: Apache-2.0
//
// What a run of one's own is reached by, and what its last line is.
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "base/io.h"
#include "daemon/door_address.h"
#include "folder/folder.h"
#include "report/last_line.h"
#include "user/user.h"

namespace netcut::test::NETCUT_FILE {
namespace {

namespace fs = std::filesystem;

class Door : public testing::Test {
  protected:
    void SetUp() override {
        std::string name = fs::temp_directory_path() / "netcut-test-XXXXXX";
        ASSERT_NE(::mkdtemp(name.data()), nullptr);
        folder_ = name;
    }
    void TearDown() override { fs::remove_all(folder_); }
    static DoorAddress of(const fs::path& folder) {
        const Fd fd(::open(folder.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
        return DoorAddress::of_folder(4242, fd.get()).value();
    }

    fs::path folder_;
};

TEST_F(Door, StaysTheSameWhenTheFolderIsRenamedAndIsItsOwn) {
    fs::create_directory(folder_ / "one");
    fs::create_directory(folder_ / "two");
    const std::string id = of(folder_ / "one").id;
    EXPECT_THAT(id, testing::MatchesRegex("[0-9a-f]{12}"));
    EXPECT_NE(of(folder_ / "two").id, id);
    fs::rename(folder_ / "one", folder_ / "three");
    EXPECT_EQ(of(folder_ / "three").id, id);
}

TEST_F(Door, IsListedAsLongAsSomebodyListens) {
    const DoorAddress door = of(folder_);
    const auto is_listed = [&] {
        const auto all = doors_of_machine();
        return std::any_of(all.begin(), all.end(), [&](const DoorAddress& one) {
            return one.id == door.id && one.user == door.user;
        });
    };
    EXPECT_FALSE(is_listed());
    {
        const Fd listener(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
        socklen_t size = 0;
        const sockaddr_un address = door.address(size);
        ASSERT_EQ(::bind(listener.get(), reinterpret_cast<const sockaddr*>(&address), size), 0);
        ASSERT_EQ(::listen(listener.get(), 1), 0);
        EXPECT_TRUE(is_listed());
    }
    EXPECT_FALSE(is_listed());
}

TEST_F(Door, LastLineIsTheNewestOfBothStreams) {
    fs::create_directory(folder_ / "logs");
    std::ofstream(folder_ / "journal.jsonl") << "\n";
    const auto write = [&](const char* stream, const std::string& text, int age) {
        const fs::path file = folder_ / "logs" / (std::string("aggregator.") + stream);
        std::ofstream(file) << text;
        fs::last_write_time(file, fs::file_time_type::clock::now() - std::chrono::seconds(age));
    };
    const auto folder = RunFolder::open(folder_, find_user("").value());
    ASSERT_TRUE(folder.has_value()) << folder.error().text();
    EXPECT_EQ(last_line_of(*folder, "aggregator"), "");
    write("out", "first\nsecond\n\n", 10);
    EXPECT_EQ(last_line_of(*folder, "aggregator"), "second");
    write("err", std::string(5000, 'x') + "\nbar: 10%\rbar: 20%\r", 5);
    EXPECT_EQ(last_line_of(*folder, "aggregator"), "bar: 20%");
    write("out", "third, unfinished", 1);
    EXPECT_EQ(last_line_of(*folder, "aggregator"), "third, unfinished");
    EXPECT_EQ(last_line_of(*folder, "../aggregator"), "");
}

}  // namespace
}  // namespace netcut::test::NETCUT_FILE
