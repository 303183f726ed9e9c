// SPDX-License-Identifier: Apache-2.0
#include "folder/log_times.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/io.h"
#include "base/time.h"

namespace netcut::test::NETCUT_FILE {
namespace {

using namespace std::chrono_literals;

class LogTimesTest : public testing::Test {
  protected:
    LogTimesTest() : file_(::memfd_create("times", 0)), times_(Fd(::dup(file_.get()))) {}

    void take(Nanoseconds t, const char* node, const char* stream, std::size_t bytes) {
        const auto taken = times_.take(t, node, stream, bytes);
        EXPECT_TRUE(taken) << taken.error().text();
    }
    std::string written() const {
        std::string text(4096, '\0');
        text.resize(static_cast<std::size_t>(::pread(file_.get(), text.data(), text.size(), 0)));
        return text;
    }

    Fd file_;
    LogTimes times_;
};

TEST_F(LogTimesTest, HasARowForEachPiece) {
    take(5ms, "a", "out", 10);
    take(5ms, "a", "err", 3);
    take(7ms, "b", "out", 1);
    ASSERT_TRUE(times_.flush());
    EXPECT_EQ(written(), "t_us,node,stream,bytes\n5000,a,out,10\n5000,a,err,3\n7000,b,out,1\n");
}

TEST_F(LogTimesTest, PiecesThatFollowAtOnceAreOneRow) {
    for (int i = 0; i < 5; ++i) take(1ms + i * 300us, "a", "out", 100);
    ASSERT_TRUE(times_.flush());
    EXPECT_EQ(written(), "t_us,node,stream,bytes\n1000,a,out,400\n2200,a,out,100\n");
}

TEST_F(LogTimesTest, AreWrittenWhileTheRunGoesOn) {
    take(0s, "a", "out", 1);
    EXPECT_EQ(written(), "");
    take(2s, "a", "out", 2);
    EXPECT_EQ(written(), "t_us,node,stream,bytes\n0,a,out,1\n2000000,a,out,2\n");
}

TEST(LogTimes, TellOnceOfADiskThatIsFull) {
    LogTimes times(Fd(::open("/dev/full", O_WRONLY)));
    ASSERT_TRUE(times.take(0s, "a", "out", 1));
    EXPECT_FALSE(times.flush());
    EXPECT_TRUE(times.take(5s, "a", "out", 1));
    EXPECT_TRUE(times.flush());
}

}  // namespace
}  // namespace netcut::test::NETCUT_FILE
