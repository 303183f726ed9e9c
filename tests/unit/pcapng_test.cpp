// SPDX-License-Identifier: Apache-2.0
#include "capture/pcapng.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/sha256.h"
#include "capture/capture_file.h"
#include "fault/log_prefix.h"

namespace netcut::test::NETCUT_FILE {
namespace {

using namespace std::chrono_literals;
using pcapng::Way;
using testing::ElementsAre;
using testing::HasSubstr;

const std::vector<std::uint8_t> frame = {1, 2, 3, 4, 5, 6, 7};

std::string small_capture() {
    std::string bytes;
    pcapng::append_section(bytes, "netcut-fl", "a test");
    pcapng::append_interface(bytes, {"node", "its port", 256});
    pcapng::append_interface(bytes, {"lost", "what was lost", 256});
    pcapng::append_packet(bytes, {0, 1'700'000'000s + 123456789ns, Way::inbound, 1514, frame, {}});
    pcapng::append_packet(bytes, {1, 1'700'000'001s, Way::outbound, 7, frame, {"one", "two"}});
    pcapng::append_packet(bytes, {0, 0s, Way::unknown, 0, {}, {}});
    pcapng::append_statistics(bytes, {1, 5s, 3, 4, {"the end"}});
    return bytes;
}

TEST(Pcapng, WhatIsWrittenIsRead) {
    const std::string bytes = small_capture();
    EXPECT_EQ(bytes.size() % 4, 0U);
    pcapng::Reader reader(bytes);
    const auto first = reader.next().value().value();
    EXPECT_EQ(first.interface, 0U);
    EXPECT_EQ(first.time, 1'700'000'000s + 123456789ns);
    EXPECT_EQ(first.way, Way::inbound);
    EXPECT_EQ(first.length, 1514U);
    EXPECT_EQ(std::vector(first.bytes.begin(), first.bytes.end()), frame);
    const auto second = reader.next().value().value();
    EXPECT_EQ(second.interface, 1U);
    EXPECT_EQ(second.way, Way::outbound);
    EXPECT_THAT(second.comments, ElementsAre("one", "two"));
    const auto third = reader.next().value().value();
    EXPECT_EQ(third.way, Way::unknown);
    EXPECT_TRUE(third.bytes.empty());
    EXPECT_FALSE(reader.next().value());
    ASSERT_EQ(reader.interfaces().size(), 2U);
    EXPECT_EQ(reader.interfaces()[1].name, "lost");
    EXPECT_EQ(reader.interfaces()[0].snap_length, 256U);
    ASSERT_EQ(reader.statistics().size(), 1U);
    EXPECT_EQ(reader.statistics()[0].missed, 4U);
    EXPECT_EQ(reader.statistics()[0].time, 5s);
    EXPECT_THAT(reader.statistics()[0].comments, ElementsAre("the end"));
}

TEST(Pcapng, EveryCutIsAnErrorOrBetweenBlocks) {
    const std::string bytes = small_capture();
    int whole = 0;
    for (std::size_t size = 0; size < bytes.size(); ++size) {
        const std::string part = bytes.substr(0, size);
        pcapng::Reader reader(part);
        auto read = reader.next();
        while (read && *read) read = reader.next();
        whole += read ? 1 : 0;
    }
    EXPECT_EQ(whole, 6) << "after each of the first six blocks, and nowhere else";
}

TEST(Pcapng, ErrorSaysWhere) {
    std::string bytes = small_capture();
    pcapng::Reader empty("");
    EXPECT_THAT(empty.next().error().text(), HasSubstr("empty"));
    bytes[0] = 'x';
    pcapng::Reader reader(bytes);
    EXPECT_THAT(reader.next().error().text(), HasSubstr("byte 0"));
}

TEST(CaptureFile, LossIsReadAsItWasMarked) {
    for (const bool up : {true, false})
        for (const bool gone : {true, false})
            for (const bool counted : {true, false}) {
                const std::string text = loss_comment("a, up, b", {3, up, gone, counted});
                const auto mark = read_loss_comment(text);
                ASSERT_TRUE(mark) << text;
                EXPECT_EQ(mark->fault, "a, up, b");
                EXPECT_EQ(mark->up, up);
                EXPECT_EQ(mark->by_address, gone);
                EXPECT_EQ(mark->counted, counted);
            }
    EXPECT_EQ(loss_comment("cut", {0, true, false, true}), "lost: fault cut, up");
    EXPECT_FALSE(read_loss_comment("fault cut was fired"));
    EXPECT_FALSE(read_loss_comment("lost: fault cut"));
}

TEST(LossPlace, IsReadFromThePrefixOfARule) {
    EXPECT_EQ(loss_place("f12_down")->fault, 12U);
    EXPECT_FALSE(loss_place("f12_down")->up);
    EXPECT_TRUE(loss_place("f0_up")->up);
    EXPECT_TRUE(loss_place("f0_gone")->by_address);
    EXPECT_FALSE(loss_place("f0_gone")->up);
    EXPECT_FALSE(loss_place("f0_up_uncounted")->counted);
    EXPECT_FALSE(loss_place(""));
    EXPECT_FALSE(loss_place("f"));
}

TEST(Sha256, KnownAnswers) {  // FIPS 180-4, examples
    EXPECT_EQ(sha256_hex("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    EXPECT_EQ(sha256_hex(""), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
}

}  // namespace
}  // namespace netcut::test::NETCUT_FILE
