// SPDX-License-Identifier: Apache-2.0
#include "fault/packet.h"

#include <gtest/gtest.h>

#include "fault/plan.h"
#include "unit/packet_samples.h"

namespace netcut::test::NETCUT_FILE {
namespace {

using Option = UnreachableCode;

PacketHeader parsed(const Bytes& packet) {
    const auto header = parse_packet(packet);
    if (!header) throw std::runtime_error("not parsed");
    return *header;
}
std::string text(const Bytes& packet) {
    return packet_text(parsed(packet));
}

TEST(PacketText, SaysInOneLineWhatThePacketIs) {
    const Bytes data = tcp(0x18, 123, 456, 1448);
    EXPECT_EQ(text(ipv4(6, data)),
              "10.99.0.3:45678 > 10.99.0.2:8080 TCP PSH,ACK seq 123 ack 456 payload 1448");
    EXPECT_EQ(text(ipv6(6, data)),
              "[fd63::3]:45678 > [fd63::2]:8080 TCP PSH,ACK seq 123 ack 456 payload 1448");
    EXPECT_EQ(text(ipv4(6, tcp(0x02, 4294967295, 7, 0, Bytes(20, 1)))),
              "10.99.0.3:45678 > 10.99.0.2:8080 TCP SYN seq 4294967295 payload 0");
    EXPECT_EQ(text(ipv4(17, udp(12))), "10.99.0.3:45678 > 10.99.0.2:53 UDP payload 12");
    EXPECT_EQ(text(ipv6(58, icmp(128, 0))), "fd63::3 > fd63::2 ICMPv6 type 128 code 0");
    EXPECT_EQ(text(ipv4(1, icmp(3, 1))), "10.99.0.3 > 10.99.0.2 ICMP type 3 code 1");
    EXPECT_EQ(text(ipv4(47, Bytes(10, 0))), "10.99.0.3 > 10.99.0.2 protocol 47 length 30");
    EXPECT_EQ(text(ipv4(17, udp(12), v4_hosts, {}, 185)),
              "10.99.0.3 > 10.99.0.2 UDP later fragment length 40");
    EXPECT_EQ(text(ipv4(58, icmp(1, 0))), "10.99.0.3 > 10.99.0.2 ICMPv6 length 44") << "not over IPv4";
}

TEST(PacketText, FlagsComeInTheirOrder) {
    EXPECT_EQ(tcp_flags_text(0x12), "SYN,ACK");
    EXPECT_EQ(tcp_flags_text(0x14), "RST,ACK");
    EXPECT_EQ(tcp_flags_text(0xff), "FIN,SYN,RST,PSH,ACK,URG,ECE,CWR");
    EXPECT_EQ(tcp_flags_text(0), "none");
}

TEST(PacketParse, Ipv4OptionsAreSkipped) {
    const PacketHeader header = parsed(ipv4(6, tcp(0x10, 1, 2, 5, Bytes(12, 1)), v4_hosts, Bytes(40, 1)));
    EXPECT_EQ(header.network_header, 60U);
    EXPECT_EQ(header.length, 97U);
    EXPECT_EQ(header.source_port, 45678);
    EXPECT_EQ(header.payload, 5U);
}

TEST(PacketParse, FirstFragmentHasPortsLaterOnesHaveNone) {
    constexpr std::uint16_t more_fragments = 0x2000;
    EXPECT_EQ(parsed(ipv4(17, udp(12), v4_hosts, {}, more_fragments)).destination_port, 53);
    const PacketHeader later = parsed(ipv4(6, tcp(2, 1, 2, 3), v4_hosts, {}, more_fragments | 1));
    EXPECT_TRUE(later.later_fragment);
    EXPECT_EQ(later.source_port, 0);
    EXPECT_FALSE(later.tcp);
    EXPECT_EQ(parsed(ipv6(44, fragment_header(17, 1) + udp(12))).destination_port, 53);
    const PacketHeader later6 = parsed(ipv6(44, fragment_header(17, 8) + udp(12)));
    EXPECT_TRUE(later6.later_fragment);
    EXPECT_EQ(later6.protocol, 17);
    EXPECT_EQ(later6.destination_port, 0);
}

TEST(PacketParse, Ipv6ExtensionHeadersAreSkipped) {
    const Bytes chain = extension(60, 1) + extension(43, 2) + extension(44, 3) + fragment_header(6, 1);
    const PacketHeader header = parsed(ipv6(0, chain + tcp(0x10, 1, 2, 5)));
    EXPECT_EQ(header.protocol, 6);
    EXPECT_EQ(header.network_header, 40U + 8 + 16 + 24 + 8);
    EXPECT_EQ(header.length, header.network_header + 25);
    EXPECT_EQ(header.source_port, 45678);
    EXPECT_EQ(header.payload, 5U);
    EXPECT_EQ(parsed(ipv6(59, Bytes(8, 1))).protocol, 59) << "no next header";
}

TEST(PacketParse, LengthIsTheHeadersAndPaddingIsNoPartOfIt) {
    const Bytes segment = tcp(0x10, 1, 2, 0);
    for (const bool v6 : {false, true}) {
        const PacketHeader header = parsed(ip(v6, 6, segment) + Bytes(6, 0));
        EXPECT_EQ(header.length, v6 ? 60U : 40U);
        EXPECT_EQ(header.payload, 0U);
    }
    // A segment of 10 bytes, whatever comes behind it.
    EXPECT_FALSE(parsed(ipv4(6, Bytes(10, 1)) + segment).tcp);
    EXPECT_FALSE(parsed(ipv6(6, Bytes(10, 1)) + segment).tcp);
    Bytes big = ipv6(0, extension(6, 1) + segment);  // its length is in an option
    big[4] = big[5] = 0;
    EXPECT_EQ(parsed(big).length, 0U);
    EXPECT_EQ(parsed(big).source_port, 45678);
    EXPECT_EQ(parsed(big).payload, 0U);
}

TEST(PacketParse, WhatIsNoPacketIsNoPacket) {
    EXPECT_FALSE(parse_packet({}));
    EXPECT_FALSE(parse_packet(Bytes(100, 0)));
    EXPECT_FALSE(parse_packet(Bytes(100, 0x55)));
    Bytes short_header = ipv4(6, tcp(2, 1, 0, 0));
    short_header[0] = 0x44;
    EXPECT_FALSE(parse_packet(short_header));
    Bytes too_short = ipv4(6, tcp(2, 1, 0, 0));
    too_short[3] = 19;
    EXPECT_FALSE(parse_packet(too_short));
    Bytes offset = ipv4(6, tcp(2, 1, 0, 0));
    offset[32] = 0x40;
    EXPECT_FALSE(parsed(offset).tcp) << "a TCP header has five words at least";
}

// Each length in a buffer of just that size, so that a sanitizer sees one byte too many.
TEST(PacketParse, ReadsNothingBeyondTheEndHoweverShort) {
    for (const Bytes& whole : all_samples()) {
        const PacketHeader all = parsed(whole);
        for (std::size_t size = 0; size <= whole.size(); ++size) {
            const Bytes cut(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(size));
            const auto header = parse_packet(cut);
            craft_reset(cut);
            craft_unreachable(cut, Option::port_unreachable);
            EXPECT_TRUE(size >= 20 || !header);
            if (!header) continue;
            EXPECT_EQ(header->length, all.length);
            EXPECT_EQ(header->source, all.source);
            EXPECT_TRUE(header->source_port == 0 || header->source_port == all.source_port);
            EXPECT_TRUE(!header->tcp || header->payload == all.payload) << "it is computed, not counted";
        }
    }
}

TEST(Checksum, IsThatOfKnownPackets) {
    EXPECT_EQ(internet_checksum(from_hex("0001 f203 f4f5 f6f7")), 0xffff - 0xddf2) << "RFC 1071, 3";
    // With the checksum in place the sum is 0: an IPv4 header, and a segment behind its pseudo-header.
    EXPECT_EQ(internet_checksum(from_hex("4500 0073 0000 4000 4011 b861 c0a8 0001 c0a8 00c7")), 0);
    EXPECT_EQ(internet_checksum(from_hex("01")), 0xfeff);
    EXPECT_EQ(internet_checksum({}), 0xffff);
    EXPECT_EQ(internet_checksum(Bytes(65535, 0xff)), 0x00ff) << "carries come again and again";
}

TEST(CraftReset, BytesAreTheseInIpv4) {
    const auto reset = craft_reset(ipv4(6, tcp(0x18, 123, 0x01020304, 10)));
    ASSERT_TRUE(reset);
    EXPECT_EQ(*reset, from_hex("4500 0028 0000 4000 4006 2606 0a63 0002 0a63 0003"
                               "1f90 b26e 01020304 00000000 5004 0000 c511 0000"));
}

TEST(CraftReset, BytesAreTheseInIpv6) {
    const auto reset = craft_reset(ipv6(6, tcp(0x02, 0xfffffff0, 0, 20)));
    ASSERT_TRUE(reset);
    EXPECT_EQ(*reset, from_hex("6000 0000 0014 0640 fd630000000000000000000000000002"
                               "fd630000000000000000000000000003"
                               "1f90 b26e 00000000 00000005 5014 0000 e300 0000"));
}

struct ResetRule {
    const char* heard;
    std::uint8_t flags;
    std::size_t payload;
    const char* answer;  // of a segment with seq 1000 and ack 5000
};

TEST(CraftReset, FollowsTheRulesOfAClosedPort) {
    const std::vector<ResetRule> rules = {
        {"ACK", 0x10, 0, "RST seq 5000"},
        {"PSH,ACK", 0x18, 10, "RST seq 5000"},
        {"SYN,ACK", 0x12, 0, "RST seq 5000"},
        {"FIN,ACK", 0x11, 3, "RST seq 5000"},
        {"SYN", 0x02, 0, "RST,ACK seq 0 ack 1001"},
        {"SYN with data (fast open)", 0x02, 10, "RST,ACK seq 0 ack 1011"},
        {"FIN", 0x01, 10, "RST,ACK seq 0 ack 1011"},
        {"SYN,FIN", 0x03, 0, "RST,ACK seq 0 ack 1002"},
        {"no flags", 0x00, 10, "RST,ACK seq 0 ack 1010"},
        {"RST", 0x04, 0, ""},
        {"RST,ACK", 0x14, 0, ""},
    };
    for (const ResetRule& rule : rules)
        for (const bool v6 : {false, true}) {
            SCOPED_TRACE(std::string(rule.heard) + (v6 ? " over IPv6" : " over IPv4"));
            const auto reset = craft_reset(ip(v6, 6, tcp(rule.flags, 1000, 5000, rule.payload)));
            const std::string flow =
                v6 ? "[fd63::2]:8080 > [fd63::3]:45678 TCP " : "10.99.0.2:8080 > 10.99.0.3:45678 TCP ";
            EXPECT_EQ(reset ? text(*reset) : "", *rule.answer != 0 ? flow + rule.answer + " payload 0" : "");
        }
}

TEST(CraftReset, NothingElseIsReset) {
    EXPECT_FALSE(craft_reset(ipv4(17, udp(10))));
    EXPECT_FALSE(craft_reset(ipv4(1, icmp(8, 0))));
    EXPECT_FALSE(craft_reset(ipv4(6, tcp(2, 1, 0, 0), v4_hosts, {}, 5))) << "a later fragment";
    for (const char* group : {"224.0.0.1", "255.255.255.255", "0.0.0.0", "127.0.0.1"}) {
        EXPECT_FALSE(craft_reset(ipv4(6, tcp(2, 1, 0, 0), {"10.99.0.3", group}))) << group;
        EXPECT_FALSE(craft_reset(ipv4(6, tcp(2, 1, 0, 0), {group, "10.99.0.3"}))) << group;
    }
    EXPECT_FALSE(craft_reset(ipv6(6, tcp(2, 1, 0, 0), {"fd63::3", "ff02::1"})));
}

TEST(CraftUnreachable, CarriesTheHeaderAndTheCodeOfItsProtocol) {
    const std::vector<std::tuple<Option, int, int>> codes = {{Option::no_route, 0, 0},
                                                             {Option::admin_prohibited, 13, 1},
                                                             {Option::host_unreachable, 1, 3},
                                                             {Option::port_unreachable, 3, 4}};
    for (const auto& [code, v4_code, v6_code] : codes)
        for (const bool v6 : {false, true}) {
            const Bytes packet = ip(v6, 17, udp(12));
            const auto error = craft_unreachable(packet, code);
            ASSERT_TRUE(error);
            const PacketHeader header = parsed(*error);
            EXPECT_EQ(header.source.to_string(), v6 ? "fd63::2" : "10.99.0.2");
            EXPECT_EQ(header.destination.to_string(), v6 ? "fd63::3" : "10.99.0.3");
            ASSERT_TRUE(header.icmp);
            EXPECT_EQ(header.icmp->type, v6 ? 1 : 3);
            EXPECT_EQ(header.icmp->code, v6 ? v6_code : v4_code);
            EXPECT_EQ(Bytes(error->begin() + header.network_header + 8, error->end()), packet);
        }
}

TEST(CraftUnreachable, ChecksumsAreThese) {
    const Bytes v4 = *craft_unreachable(ipv4(17, udp(1)), Option::port_unreachable);
    EXPECT_EQ(internet_checksum(PacketBytes(v4).first(20)), 0);
    EXPECT_EQ(internet_checksum(PacketBytes(v4).subspan(20)), 0);
    const Bytes v6 = *craft_unreachable(ipv6(17, udp(1)), Option::port_unreachable);
    const Bytes pseudo = raw(v6_hosts.destination) + raw(v6_hosts.source) + big_endian(v6.size() - 40, 4) +
                         big_endian(58, 4) + Bytes(v6.begin() + 40, v6.end());
    EXPECT_EQ(internet_checksum(pseudo), 0);
}

TEST(CraftUnreachable, QuotesAsMuchAsIsAllowedAndNoPadding) {
    EXPECT_EQ(craft_unreachable(ipv4(17, udp(1400)), Option::no_route)->size(), 576U);
    EXPECT_EQ(craft_unreachable(ipv6(17, udp(1400)), Option::no_route)->size(), 1280U);
    EXPECT_EQ(craft_unreachable(ipv4(17, udp(1)) + Bytes(17, 0), Option::no_route)->size(), 28U + 29U);
    const Bytes whole = ipv4(17, udp(100), v4_hosts, Bytes(4, 1));
    EXPECT_TRUE(craft_unreachable(PacketBytes(whole).first(32), Option::no_route)) << "header and 8 bytes";
    EXPECT_FALSE(craft_unreachable(PacketBytes(whole).first(31), Option::no_route));
    EXPECT_TRUE(craft_unreachable(ipv4(47, Bytes(4, 1)), Option::no_route)) << "there is no more of it";
}

TEST(CraftUnreachable, NeverAnswersErrorsGroupsOrLaterFragments) {
    for (const int type : {3, 4, 5, 11, 12, 40, 255})
        EXPECT_FALSE(craft_unreachable(ipv4(1, icmp(static_cast<std::uint8_t>(type), 0)), Option::no_route));
    for (const int type : {1, 2, 3, 4, 127, 137})
        EXPECT_FALSE(craft_unreachable(ipv6(58, icmp(static_cast<std::uint8_t>(type), 0)), Option::no_route));
    EXPECT_TRUE(craft_unreachable(ipv4(1, icmp(8, 0)), Option::no_route)) << "an echo request";
    EXPECT_TRUE(craft_unreachable(ipv6(58, icmp(128, 0)), Option::no_route));
    EXPECT_FALSE(craft_unreachable(ipv4(1, {}), Option::no_route)) << "it might be an error";
    EXPECT_FALSE(craft_unreachable(ipv4(17, udp(9), v4_hosts, {}, 1), Option::no_route));
    EXPECT_FALSE(craft_unreachable(ipv6(44, fragment_header(17, 8) + udp(9)), Option::no_route));
    for (const char* group : {"224.0.0.251", "239.1.1.1", "255.255.255.255", "240.0.0.1"})
        EXPECT_FALSE(craft_unreachable(ipv4(17, udp(9), {"10.99.0.3", group}), Option::no_route)) << group;
    EXPECT_FALSE(craft_unreachable(ipv4(17, udp(9), {"0.0.0.0", "10.99.0.2"}), Option::no_route));
    EXPECT_FALSE(craft_unreachable(ipv6(17, udp(9), {"::", "fd63::2"}), Option::no_route));
    EXPECT_FALSE(craft_unreachable(ipv6(17, udp(9), {"fd63::3", "ff02::fb"}), Option::no_route));
}

TEST(TooBig, TellsTheSizeThatPasses) {
    const Bytes v4 = *craft_too_big(ipv4(17, udp(1400)), 1300);
    EXPECT_EQ(parsed(v4).icmp->type, 3);
    EXPECT_EQ(parsed(v4).icmp->code, 4);
    EXPECT_EQ(Bytes(v4.begin() + 24, v4.begin() + 28), big_endian(1300, 4));
    EXPECT_EQ(internet_checksum(PacketBytes(v4).subspan(20)), 0);
    const Bytes v6 = *craft_too_big(ipv6(17, udp(1400)), 1300);
    EXPECT_EQ(parsed(v6).icmp->type, 2);
    EXPECT_EQ(parsed(v6).icmp->code, 0);
    EXPECT_EQ(Bytes(v6.begin() + 44, v6.begin() + 48), big_endian(1300, 4));
}

}  // namespace
}  // namespace netcut::test::NETCUT_FILE
