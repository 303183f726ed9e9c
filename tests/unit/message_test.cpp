// SPDX-License-Identifier: Apache-2.0
//
// What daemon and worker say to each other, whole, in pieces, and as an impostor would.
#include "daemon/message.h"

#include <gtest/gtest.h>

#include <random>

#include "base/error.h"
#include "base/json.h"
#include "daemon/json_text.h"
#include "daemon/output_lines.h"
#include "node/stream.h"

namespace netcut::test::NETCUT_FILE {
namespace {

std::vector<Message> read_all(MessageReader& reader, std::string_view bytes, std::size_t piece) {
    std::vector<Message> messages;
    while (!bytes.empty()) {
        reader.add(bytes.substr(0, piece));
        bytes.remove_prefix(std::min(piece, bytes.size()));
        while (auto message = reader.next()) messages.push_back(std::move(*message));
    }
    return messages;
}

TEST(Message, ArrivesAsItWasSentInPiecesOfAnySize) {
    const std::string binary("\0\n\xff{", 4);
    const std::string bytes = encoded({Message::Kind::accepted, 7, {"name", "", binary}}) +
                              encoded({Message::Kind::closed, 1ULL << 60, {}});
    for (std::size_t piece = 1; piece <= bytes.size(); ++piece) {
        MessageReader reader(100);
        const auto messages = read_all(reader, bytes, piece);
        ASSERT_EQ(messages.size(), 2U) << piece;
        EXPECT_EQ(messages[0].kind, Message::Kind::accepted);
        EXPECT_EQ(messages[0].id, 7U);
        EXPECT_EQ(messages[0].words, (std::vector<std::string>{"name", "", binary}));
        EXPECT_EQ(messages[1].id, 1ULL << 60);
        EXPECT_FALSE(reader.broken());
    }
}

TEST(Message, OneThatIsLargerThanItMayBeIsRefusedBeforeItHasCome) {
    MessageReader reader(100);
    EXPECT_TRUE(read_all(reader, encoded({Message::Kind::output, 1, {std::string(200, 'x')}}).substr(0, 4), 4)
                    .empty());
    EXPECT_TRUE(reader.broken());
}

TEST(Message, GarbageIsRefusedOrReadAndNeverMoreThanCame) {
    std::mt19937 random(17);
    const std::string good = encoded({Message::Kind::node, 3, {"aggregator", "running"}});
    unsigned refused = 0;
    for (int i = 0; i < 20'000; ++i) {
        std::string bytes = good;
        for (unsigned changes = 1 + random() % 4; changes > 0; --changes)
            bytes[random() % bytes.size()] = static_cast<char>(random());
        MessageReader reader(1000);
        for (const Message& message : read_all(reader, bytes, 16)) {
            std::size_t size = 0;
            for (const std::string& word : message.words) size += word.size();
            EXPECT_LE(size, bytes.size());
        }
        refused += reader.broken() ? 1 : 0;
    }
    EXPECT_GT(refused, 1000U);
}

std::string decoded(const std::string& lines, Stream stream) {
    std::istringstream text(lines);
    std::string bytes;
    for (std::string line; std::getline(text, line);) {
        const auto output = output_of(Json::parse(line));
        if (output && output->stream == stream) bytes += output->bytes;
    }
    return bytes;
}

TEST(OutputLines, KeepEachByteWhereverItIsSplit) {
    std::mt19937 random(18);
    std::string binary(5000, '\0');
    for (char& c : binary) c = static_cast<char>(random());
    for (const std::string& bytes :
         {std::string("plain\n"), std::string("gr\xc3\xbc\xc3\x9f \xf0\x9f\x8c\x8d"), std::string("\xc3"),
          std::string("\xff\xfe\x80"), binary}) {
        for (const std::size_t piece : {1U, 2U, 3U, 7U, 10'000U}) {
            OutputLines lines;
            std::string text;
            for (std::size_t at = 0; at < bytes.size(); at += piece) {
                text += lines.add(Stream::out, std::string_view(bytes).substr(at, piece));
                text += lines.add(Stream::err, "e");
            }
            text += lines.rest();
            EXPECT_EQ(decoded(text, Stream::out), bytes) << piece;
        }
    }
    OutputLines lines;
    EXPECT_EQ(lines.add(Stream::out, "gr\xc3"), "{\"output\":\"gr\",\"stream\":\"out\"}\n");
    EXPECT_EQ(lines.add(Stream::out, "\xbcn"), "{\"output\":\"\xc3\xbcn\",\"stream\":\"out\"}\n");
}

TEST(JsonText, IsReadToABoundOfLevels) {
    const auto nested = [](std::size_t levels) {
        return std::string(levels, '[') + "\"]]\\\"[[\"" + std::string(levels, ']');
    };
    EXPECT_TRUE(parse_json(nested(max_json_depth), "read it"));
    for (const std::size_t levels : {max_json_depth + 1, std::size_t{1'000'000}}) {
        const auto refused = parse_json(nested(levels), "read it");
        ASSERT_FALSE(refused);
        EXPECT_EQ(refused.error().kind, Error::Kind::usage);
        EXPECT_NE(refused.error().text().find("64 levels"), std::string::npos);
    }
    EXPECT_FALSE(parse_json("{", "read it"));
    EXPECT_TRUE(parse_json("[[], [], {\"a\": []}]", "read it"));
}

}  // namespace
}  // namespace netcut::test::NETCUT_FILE
