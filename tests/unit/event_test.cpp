// SPDX-License-Identifier: Apache-2.0
//
// Events and their lines: tests/unit/journal.jsonl has a line of each form that a journal has had.
#include "record/event.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <set>

#include "record/event_table.h"
#include "record/reader.h"

namespace netcut::test::NETCUT_FILE {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;

std::vector<std::string> recorded_lines() {
    std::ifstream file(NETCUT_SOURCE_DIR "/tests/unit/journal.jsonl");
    std::vector<std::string> lines;
    for (std::string line; std::getline(file, line);) lines.push_back(line);
    return lines;
}

template <typename... Whats>
std::set<std::string> names(const std::variant<event::Unknown, Whats...>*) {
    return {name_of(Of<Whats>{})...};
}

TEST(Event, EachLineThatWasRecordedIsWrittenAsItWas) {
    std::set<std::string> missing = names(static_cast<const event::Any*>(nullptr));
    for (const std::string& line : recorded_lines()) {
        const ReadEvent read = read_event(line);
        ASSERT_TRUE(read.event) << line;
        EXPECT_THAT(read.wrong, IsEmpty()) << line;
        EXPECT_EQ(read.event->to_line(), line + "\n");
        EXPECT_FALSE(read.event->is<event::Unknown>()) << line;
        missing.erase(std::string(read.event->name()));
    }
    EXPECT_THAT(missing, IsEmpty()) << "each event must have been recorded";
}

TEST(Event, OneOfAnotherVersionKeepsItsNameAndDetails) {
    const std::string line = R"({"n":1,"t_ns":5,"wall":"w","event":"moon.rose","details":{"full":true}})";
    const ReadEvent read = read_event(line);
    ASSERT_TRUE(read.event);
    EXPECT_TRUE(read.event->is<event::Unknown>());
    EXPECT_EQ(read.event->name(), "moon.rose");
    EXPECT_EQ(read.event->to_line(), line + "\n");
}

TEST(Event, WhatIsNotAsItMustBeIsNamedAndLeftOut) {
    const auto wrong = [](const std::string& details) {
        const ReadEvent read = read_event(
            R"({"n":1,"t_ns":5,"wall":"w","event":"fault.healed","fault":"cut","details":)" + details + "}");
        EXPECT_TRUE(read.event && read.event->is<event::FaultHealed>()) << details;
        return read.wrong;
    };
    EXPECT_THAT(wrong(R"({"lasted_s":1.0,"losses":{}})"), IsEmpty());
    EXPECT_THAT(wrong(R"({"lasted_s":1.0})"), HasSubstr("no 'losses'"));
    EXPECT_THAT(wrong(R"({"lasted_s":"1","losses":{}})"), HasSubstr("'lasted_s' is not a duration"));
    EXPECT_THAT(wrong(R"({"lasted_s":1e300,"losses":{}})"), HasSubstr("'lasted_s'"));
    EXPECT_THAT(wrong(R"({"lasted_s":1,"losses":[]})"), HasSubstr("'losses' is not an object"));
    EXPECT_THAT(
        wrong(R"({"lasted_s":1,"losses":{"a":{"router_up":-1,"router_down":0,"unsendable_at_node":0}}})"),
        HasSubstr("'router_up' is not a whole number"));
    EXPECT_THAT(wrong("[]"), HasSubstr("not an object"));
}

TEST(Event, WhatFollowsFromTheRestMustFollow) {
    const std::string recovered =
        R"({"n":1,"t_ns":5,"wall":"w","event":"node.recovered","node":"a","fault":"cut","details":)"
        R"({"sent_again_s":0.5,"sent_again_ns":500000000,"received_again_s":null,"received_again_ns":null}})";
    EXPECT_THAT(read_event(recovered).wrong, IsEmpty());
    std::string altered = recovered;
    altered.replace(altered.find("0.5"), 3, "0.4");
    EXPECT_THAT(read_event(altered).wrong, HasSubstr("'sent_again_s' does not follow"));
}

TEST(Event, AWordThatIsNoneIsNotTaken) {
    const ReadEvent read =
        read_event(R"({"n":1,"t_ns":5,"wall":"w","event":"run.stopping","details":{"end":"boredom"}})");
    EXPECT_THAT(read.wrong, HasSubstr("'end' is not one of its words"));
    EXPECT_EQ(read.event->as<event::RunStopping>()->end, EndReason::all_exited);
}

TEST(Event, BytesThatAreNoTextAreReplaced) {
    Event event;
    event.what = event::TriggerMatched{.line = "bad \xff\n byte"};
    EXPECT_THAT(event.to_line(), HasSubstr("bad \xef\xbf\xbd\\n byte"));
}

}  // namespace
}  // namespace netcut::test::NETCUT_FILE
