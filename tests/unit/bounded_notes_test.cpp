// SPDX-License-Identifier: Apache-2.0
//
// What is said of a run stays bounded, whatever happens how often, and whoever does not read it.
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include "base/io.h"
#include "record/event.h"
#include "record/journal.h"
#include "report/terminal.h"
#include "run/summed_note.h"

namespace netcut::test::NETCUT_FILE {
namespace {

class SummedNoteTest : public testing::Test {
  protected:
    std::vector<std::string> told_;
    Journal journal_{Fd(::open("/dev/null", O_WRONLY | O_CLOEXEC)), [this](const Event& event) {
                         told_.push_back(std::string(event.name()) + event.to_json()["details"].dump());
                     }};
    SummedNote<event::PacketsUnanswered> note_{&event::PacketsUnanswered::packets, "cut"};
};

TEST_F(SummedNoteTest, TellsTheFirstAtOnceAndTheSumAtTheEnd) {
    for (int i = 1; i <= 1000; ++i) note_.add(journal_, 2, {.why = std::to_string(i)});
    note_.finish(journal_);
    EXPECT_THAT(told_, testing::ElementsAre(R"(packets.unanswered{"why":"1","packets":2})",
                                            R"(packets.unanswered{"why":"1000","packets":2000})"));
}

TEST_F(SummedNoteTest, TellsWhatHappenedOnceOnce) {
    note_.finish(journal_);
    EXPECT_TRUE(told_.empty());
    note_.add(journal_, 1);
    note_.finish(journal_);
    EXPECT_EQ(told_.size(), 1U);
}

std::string take_all(int fd) {
    std::string all, piece(1 << 16, '\0');
    for (ssize_t count = 0; (count = ::read(fd, piece.data(), piece.size())) > 0;)
        all.append(piece, 0, static_cast<std::size_t>(count));
    return all;
}

TEST(TerminalReport, WhatNobodyReadsIsLeftOutAndCounted) {
    auto pipe = make_pipe();
    ASSERT_TRUE(pipe);
    ::fcntl(pipe->read.get(), F_SETFL, O_NONBLOCK);
    TerminalReport report(pipe->write.get(), false);
    constexpr std::size_t lines = 100'000;
    Event event;
    event.what = event::NodeStarted{};
    event.node = std::string(50, 'x');
    for (std::size_t i = 0; i < lines; ++i) report.take(event);
    std::string shown, more;
    while (!(more = take_all(pipe->read.get())).empty()) {
        shown += more;
        report.tick();
    }
    const auto count = static_cast<std::size_t>(std::count(shown.begin(), shown.end(), '\n'));
    EXPECT_LT(shown.size(), 400'000U) << "256 KiB, and what the pipe held";
    EXPECT_GT(shown.size(), 256'000U);
    report.take(event);
    EXPECT_THAT(take_all(pipe->read.get()),
                testing::StartsWith(std::to_string(lines - count) + " lines are left out here"));
}

}  // namespace
}  // namespace netcut::test::NETCUT_FILE
