// SPDX-License-Identifier: Apache-2.0
#include "record/journal.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>

#include "base/error.h"
#include "base/io.h"
#include "base/json.h"
#include "record/event.h"

namespace netcut::test::NETCUT_FILE {
namespace {

TEST(Journal, OneEventALineEvenWithBytesThatAreNoText) {
    Fd file(::memfd_create("journal", MFD_CLOEXEC));
    const int copy = ::dup(file.get());
    std::vector<std::string> heard;
    Journal journal(std::move(file), [&](const Event& event) { heard.emplace_back(event.name()); });
    journal.add(event::TriggerMatched{.line = "bad \xff\n byte"}, {"a", "cut"});
    journal.add(event::RunEnded{});
    const std::string text = read_file("/proc/self/fd/" + std::to_string(copy)).value();
    ::close(copy);
    EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), 2);
    const Json first = Json::parse(text.substr(0, text.find('\n')));
    EXPECT_EQ(first.at("event"), "trigger.matched");
    EXPECT_EQ(first.at("node"), "a");
    EXPECT_GE(first.at("t_ns").get<std::int64_t>(), 0);
    EXPECT_EQ(heard.size(), 2U);
}

TEST(Journal, FailureToWriteIsKept) {
    Journal journal(Fd(::open("/dev/full", O_WRONLY | O_CLOEXEC)), {});
    journal.add(event::RunBegun{});
    ASSERT_TRUE(journal.failure());
    EXPECT_EQ(journal.failure()->code, ENOSPC);
}

}  // namespace
}  // namespace netcut::test::NETCUT_FILE
