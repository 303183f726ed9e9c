// SPDX-License-Identifier: Apache-2.0
#include "kernel/packet_log.h"

#include "base/time.h"
#include "fabric/fabric.h"
#include "kernel/address.h"
#include "kernel/watch.h"

namespace netcut::test::NETCUT_FILE {
namespace {

using namespace std::chrono_literals;

std::uint16_t port_of(int fd) {
    sockaddr_storage storage{};
    socklen_t size = sizeof(storage);
    ::getsockname(fd, reinterpret_cast<sockaddr*>(&storage), &size);
    return ntohs(storage.ss_family == AF_INET6 ? reinterpret_cast<sockaddr_in6*>(&storage)->sin6_port
                                               : reinterpret_cast<sockaddr_in*>(&storage)->sin_port);
}

std::vector<std::uint8_t> frame_header(const MacAddress& to, const MacAddress& from, bool v6) {
    std::vector<std::uint8_t> bytes(to.begin(), to.end());
    bytes.insert(bytes.end(), from.begin(), from.end());
    const auto type = v6 ? std::pair{0x86, 0xdd} : std::pair{0x08, 0x00};
    bytes.push_back(static_cast<std::uint8_t>(type.first));
    bytes.push_back(static_cast<std::uint8_t>(type.second));
    return bytes;
}

INSTANTIATE_TEST_SUITE_P(Fabrics, WatchTest, each_fabric(), fabric_name);

TEST_P(WatchTest, FirstPacketOfAFlowIsToldWithAllThatIsKnownOfIt) {
    watch(*fabric_, {});
    TcpPair connection(*fabric_, 1, 0, v6(), 8080);
    const LoggedPacket packet = await_packet(*log_);
    EXPECT_EQ(packet.prefix, "watched ");
    EXPECT_EQ(packet.ethertype, v6() ? 0x86dd : 0x0800);
    EXPECT_EQ(packet.in_port(), fabric_->node(1).port.index);
    EXPECT_EQ(packet.out_port(), fabric_->node(0).port.index);
    EXPECT_EQ(packet.mark, 0U);
    ASSERT_FALSE(packet.bytes.empty());
    EXPECT_EQ(packet.bytes[0] >> 4, v6() ? 6 : 4) << "it begins with the IP header, on a bridge too";
    const MacAddress& next_hop = bridged() ? fabric_->node(0).eth0.mac : fabric_->node(1).port.mac;
    EXPECT_EQ(packet.link_header, frame_header(next_hop, fabric_->node(1).eth0.mac, v6()));
    EXPECT_LT(std::chrono::abs(std::chrono::system_clock::now() -
                               packet.time.value_or(std::chrono::system_clock::now())),
              10s);

    const PacketHeader header = header_of(packet);
    EXPECT_EQ(header.source, address(1));
    EXPECT_EQ(header.destination, address(0));
    EXPECT_EQ(header.source_port, port_of(connection.client.get()));
    EXPECT_EQ(header.destination_port, 8080);
    ASSERT_TRUE(header.tcp);
    EXPECT_EQ(tcp_flags_text(header.tcp->flags), "SYN");
    EXPECT_EQ(header.payload, 0U);
}

TEST_P(WatchTest, EachPacketIsToldAtOnceAndCutAtTheSnapLength) {
    TcpPair connection(*fabric_, 1, 0, v6());
    watch(*fabric_, {.from_node = 1, .snaplen = 1000});  // the log's own length holds
    EXPECT_TRUE(must(log_->read()).packets.empty()) << "and it does not wait";
    const std::string data(900, 'x');
    for (int i = 0; i < 5; ++i) {
        const auto before = Clock::now();
        ASSERT_EQ(::send(connection.client.get(), data.data(), data.size(), 0), 900);
        const LoggedPacket packet = await_packet(*log_);
        const auto told = Clock::now() - before;
        EXPECT_LT(told, 500ms) << "the kernel's own default would be to wait for a second";
        RecordProperty("told_us_" + std::to_string(i),
                       std::to_string(std::chrono::duration_cast<std::chrono::microseconds>(told).count()));
        EXPECT_EQ(packet.bytes.size(), PacketLogOptions{}.snap_length);
        const PacketHeader header = header_of(packet);
        EXPECT_EQ(header.payload, 900U);
        EXPECT_EQ(header.length, (v6() ? 60U : 40U) + 12 + 900) << "with TCP timestamps";
    }
}

TEST_P(WatchTest, RuleThatWantsFewerBytesGetsFewer) {
    watch(*fabric_, {.protocol = IPPROTO_UDP, .prefix = std::string(127, 'p'), .snaplen = 48});
    UdpProbe(*fabric_, 0, 1, v6()).send();
    const LoggedPacket packet = await_packet(*log_);
    EXPECT_EQ(packet.bytes.size(), v6() ? 48U : 29U);
    EXPECT_EQ(packet.prefix, std::string(127, 'p')) << "the longest there may be";
    EXPECT_EQ(header_of(packet).source, address(0));
}

class FloodTest : public testing::Test {
  protected:
    void SetUp() override {
        NETCUT_NEEDS_ROOT();
        fabric_.emplace(must(Fabric::build({}, names(1))));
        log_.emplace(must(PacketLog::open(fabric_->router(), log_group)));
        watch(*fabric_, {.protocol = IPPROTO_UDP});
        probe_.emplace(*fabric_, 1, 0, false);
    }
    void send(int datagrams) {
        for (int i = 0; i < datagrams; ++i) ASSERT_TRUE(probe_->send());
    }
    std::optional<Fabric> fabric_;
    std::optional<PacketLog> log_;
    std::optional<UdpProbe> probe_;
};

TEST_F(FloodTest, IsReadInPartsAndComplete) {
    send(static_cast<int>(PacketLog::most_at_once) + 900);
    std::size_t count = 0;
    for (const std::size_t expected : {PacketLog::most_at_once, std::size_t{900}, std::size_t{0}}) {
        const LoggedPackets logged = must(log_->read());
        EXPECT_EQ(logged.packets.size(), expected);
        EXPECT_EQ(logged.lost, 0U);
        EXPECT_FALSE(logged.overrun);
        count += logged.packets.size();
    }
    EXPECT_EQ(count, PacketLog::most_at_once + 900);
}

TEST_F(FloodTest, ManyAreToldTogetherAndNoneIsLeftBehind) {
    log_.reset();
    log_.emplace(must(PacketLog::open(fabric_->router(), log_group, {.snap_length = 65535, .many = true})));
    constexpr std::size_t sent = 3 * 32 + 5;
    send(static_cast<int>(sent));
    std::size_t count = 0;
    while (count < sent && await_readable(log_->fd(), 500)) {
        const LoggedPackets logged = must(log_->read());
        count += logged.packets.size();
        EXPECT_EQ(logged.lost, 0U);
    }
    EXPECT_EQ(count, sent) << "the last few come when nothing has followed them for a moment";
}

TEST_F(FloodTest, OverrunIsToldAndThenCounted) {
    const int little = 16 << 10;
    ASSERT_EQ(::setsockopt(log_->fd(), SOL_SOCKET, SO_RCVBUFFORCE, &little, sizeof(little)), 0);
    send(500);
    ASSERT_TRUE(await_readable(log_->fd()));
    const LoggedPackets first = must(log_->read());
    EXPECT_TRUE(first.overrun);
    EXPECT_GE(first.packets.size(), 1U) << "what there was room for, and that is the first of them";
    EXPECT_LT(first.packets.size(), 500U);
    EXPECT_EQ(first.lost, 0U) << "not known yet";
    send(1);
    ASSERT_TRUE(await_readable(log_->fd()));
    const LoggedPackets second = must(log_->read());
    EXPECT_EQ(second.packets.size(), 1U);
    EXPECT_FALSE(second.overrun);
    EXPECT_EQ(second.lost, 500 - first.packets.size());
}

TEST_F(FloodTest, GroupHasOneReader) {
    const auto second = PacketLog::open(fabric_->router(), log_group);
    ASSERT_FALSE(second);
    EXPECT_EQ(second.error().text(),
              "cannot read the packets that are logged to group 7: the group has another reader (use another "
              "group)");
    EXPECT_TRUE(PacketLog::open(fabric_->router(), log_group + 1));
    EXPECT_TRUE(PacketLog::open(fabric_->node(0).ns, log_group)) << "groups are a namespace's own";
    log_.reset();
    EXPECT_TRUE(PacketLog::open(fabric_->router(), log_group));
}

TEST_F(FloodTest, TooLongAPrefixIsRefused) {
    Fabric other = must(Fabric::build({}, names(1)));
    EXPECT_THROW(watch(other, {.prefix = std::string(128, 'p')}), std::runtime_error);
}

}  // namespace
}  // namespace netcut::test::NETCUT_FILE
