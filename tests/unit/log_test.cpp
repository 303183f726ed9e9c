// SPDX-License-Identifier: Apache-2.0
#include "base/log.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>

namespace netcut::test::NETCUT_FILE {
namespace {

// Standard error is a file meanwhile.
class LogTest : public testing::Test {
  protected:
    LogTest() {
        ::unsetenv("JOURNAL_STREAM");
        ::fflush(stderr);
        ::dup2(file_, STDERR_FILENO);
    }
    ~LogTest() override {
        ::unsetenv("JOURNAL_STREAM");
        ::dup2(before_, STDERR_FILENO);
        ::close(before_);
        ::close(file_);
        open_log("netcut-fl", LogLevel::warning);
    }
    std::string written() const {
        std::string text(4096, '\0');
        const auto size = ::pread(file_, text.data(), text.size(), 0);
        text.resize(size > 0 ? static_cast<std::size_t>(size) : 0);
        return text;
    }

    int before_ = ::dup(STDERR_FILENO);
    int file_ = ::open("/tmp", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
};

TEST_F(LogTest, LeavesOutWhatIsLessThanItsLevel) {
    open_log("netcut-fld", LogLevel::warning);
    log_info("listening at {}", "/run/x");
    log_warning("{} is left out: {}", "a.json", "it is empty");
    log_error("gone");
    EXPECT_EQ(written(), "netcut-fld: a.json is left out: it is empty\nnetcut-fld: gone\n");
}

TEST_F(LogTest, TheJournalIsToldThePriorityOfEachLine) {
    struct stat status {};
    ASSERT_EQ(::fstat(file_, &status), 0);
    ::setenv("JOURNAL_STREAM", fmt::format("{}:{}", status.st_dev, status.st_ino).c_str(), 1);
    open_log("netcut-fld", LogLevel::debug);
    log_debug("a");
    log_info("b");
    log_warning("c");
    log_error("d\ne");
    EXPECT_EQ(written(),
              "<7>netcut-fld: a\n<6>netcut-fld: b\n<4>netcut-fld: c\n<3>netcut-fld: d\n<3>netcut-fld: e\n");
}

TEST_F(LogTest, AnotherStreamThanTheJournalsHasNoPriorities) {
    ::setenv("JOURNAL_STREAM", "1:1", 1);
    open_log("netcut-fl", LogLevel::info);
    log_info("b");
    EXPECT_EQ(written(), "netcut-fl: b\n");
}

TEST_F(LogTest, WhatUsersWroteSteersNothing) {
    open_log("netcut-fld", LogLevel::info);
    log_info("{}", "{} %s\x1b[2J\r<0>");
    EXPECT_EQ(written(), "netcut-fld: {} %s?[2J?<0>\n");
}

}  // namespace
}  // namespace netcut::test::NETCUT_FILE
