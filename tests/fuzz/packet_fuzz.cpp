// SPDX-License-Identifier: Apache-2.0
//
// What a node sends is not ours to trust: mutated packets, each in a buffer of just its size. The seed is
// printed and can be given again: NETCUT_FUZZ_SEED, NETCUT_FUZZ_PACKETS. Worth most in a build with
// sanitizers.
#include <gtest/gtest.h>

#include <array>
#include <cstdlib>
#include <iostream>
#include <random>

#include "fault/packet.h"
#include "fault/plan.h"
#include "unit/packet_samples.h"

namespace netcut::test::NETCUT_FILE {
namespace {

std::uint64_t setting(const char* name, std::uint64_t otherwise) {
    const char* value = std::getenv(name);
    return value != nullptr ? std::strtoull(value, nullptr, 10) : otherwise;
}

class Mutator {
  public:
    explicit Mutator(std::uint64_t seed) : random_(seed) {}

    Bytes next() {
        if (below(10) == 0) return noise();
        Bytes packet = samples_[below(samples_.size())];
        for (std::size_t changes = below(6); changes > 0; --changes) change(packet);
        packet.shrink_to_fit();
        return packet;
    }

  private:
    std::size_t below(std::size_t bound) {
        return std::uniform_int_distribution<std::size_t>(0, bound - 1)(random_);
    }
    std::uint8_t byte() { return static_cast<std::uint8_t>(below(256)); }

    Bytes noise() {
        Bytes bytes(below(120));
        for (std::uint8_t& value : bytes) value = byte();
        if (!bytes.empty())
            bytes[0] = static_cast<std::uint8_t>((below(2) == 0 ? 0x40 : 0x60) | (bytes[0] & 0xf));
        return bytes;
    }
    // Mostly in the headers, where it matters.
    void change(Bytes& packet) {
        if (packet.empty()) return;
        const std::size_t at =
            below(below(3) == 0 ? packet.size() : std::min<std::size_t>(packet.size(), 64));
        const auto there = packet.begin() + static_cast<std::ptrdiff_t>(at);
        switch (below(6)) {
            case 0:
                packet.resize(at);
                break;
            case 1:
                *there = static_cast<std::uint8_t>(*there ^ 1U << below(8));
                break;
            case 2:
                *there = std::array<std::uint8_t, 8>{0, 1, 0x7f, 0x80, 0xff, 43, 44, 60}[below(8)];
                break;
            case 3:
                packet.insert(there, 8, byte());
                break;
            case 4:
                packet.erase(there);
                break;
            default:
                *there = byte();
        }
    }

    std::mt19937_64 random_;
    std::vector<Bytes> samples_ = all_samples();
};

// A reply must be a packet that says what it is, goes back where the other came from, and asks for no reply.
void check_reply(const PacketHeader& header, const std::optional<Bytes>& reply) {
    if (!reply) return;
    const auto answer = parse_packet(*reply);
    ASSERT_TRUE(answer);
    EXPECT_EQ(answer->length, reply->size());
    EXPECT_EQ(answer->source, header.destination);
    EXPECT_EQ(answer->destination, header.source);
    EXPECT_FALSE(craft_reset(*reply));
    EXPECT_FALSE(is_icmp(*answer) && craft_unreachable(*reply, UnreachableCode::no_route));
}

TEST(PacketFuzz, NoBytesHarmTheParserOrGetABadReply) {
    const std::uint64_t seed = setting("NETCUT_FUZZ_SEED", 20260301);
    const std::uint64_t packets = setting("NETCUT_FUZZ_PACKETS", 200'000);
    std::cout << "seed " << seed << ", " << packets << " packets\n";
    Mutator mutator(seed);
    std::uint64_t parsed = 0, resets = 0, errors = 0;
    for (std::uint64_t i = 0; i < packets && !testing::Test::HasFailure(); ++i) {
        SCOPED_TRACE(i);
        const Bytes packet = mutator.next();
        const auto header = parse_packet(packet);
        const auto reset = craft_reset(packet);
        const auto error = craft_unreachable(packet, static_cast<UnreachableCode>(i % 4));
        if (!header) {
            EXPECT_TRUE(!reset && !error);
            continue;
        }
        EXPECT_LT(packet_text(*header).size(), 256U);
        EXPECT_TRUE(header->length == 0 || header->payload <= header->length);
        check_reply(*header, reset);
        check_reply(*header, error);
        ++parsed;
        resets += reset ? 1 : 0;
        errors += error ? 1 : 0;
    }
    std::cout << parsed << " parsed, " << resets << " resets, " << errors << " ICMP errors\n";
    EXPECT_GT(resets, packets / 20) << "the mutations must not all end at the first check";
    EXPECT_GT(errors, packets / 20);
}

}  // namespace
}  // namespace netcut::test::NETCUT_FILE
