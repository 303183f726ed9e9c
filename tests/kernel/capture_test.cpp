// SPDX-License-Identifier: Apache-2.0
//
// What --pcap hears of the kernel: the packets at the router's ports, and those that faults lose.
#include "base/time.h"
#include "fabric/fabric.h"
#include "fabric/options.h"
#include "fault/log_prefix.h"
#include "fault/plan.h"
#include "kernel/fault_scene.h"
#include "kernel/packet_capture.h"
#include "kernel/watch.h"

namespace netcut::test::NETCUT_FILE {
namespace {

using namespace std::chrono_literals;

constexpr std::uint32_t snap = 128;
constexpr std::uint16_t port = 7000;

struct Heard {
    std::size_t in = 0, out = 0;
    std::vector<CapturedPacket> packets;  // their bytes are gone
    std::vector<std::size_t> kept;        // how many there were
};

// Datagrams alone, until nothing has come for a while.
Heard hear(PacketCapture& capture, const Fabric& fabric, std::size_t node) {
    Heard heard;
    while (await_readable(capture.fd(), 300))
        capture.read([&](const CapturedPacket& packet) {
            if (packet.link != fabric.node(node).port.index || packet.bytes.size() < 14) return;
            const auto header = parse_packet(packet.bytes.subspan(14));
            if (!header || header->destination_port != port) return;
            ++(packet.outgoing ? heard.out : heard.in);
            heard.packets.push_back(packet);
            heard.kept.push_back(packet.bytes.size());
        });
    return heard;
}

LoggedPackets logged_by(PacketLog& log) {
    LoggedPackets all;
    while (await_readable(log.fd(), 300)) {
        LoggedPackets some = must(log.read());
        all.lost += some.lost;
        all.overrun = all.overrun || some.overrun;
        all.packets.insert(all.packets.end(), some.packets.begin(), some.packets.end());
    }
    return all;
}

class CaptureTest : public EachFabricTest {};
INSTANTIATE_TEST_SUITE_P(Fabrics, CaptureTest, each_fabric(), fabric_name);

TEST_P(CaptureTest, SeesBothWaysOfEveryPortAlsoAfterItWasUnplugged) {
    Fabric fabric = must(Fabric::build(options(), names(1)));
    PacketCapture capture = must(PacketCapture::open(fabric.router(), snap));
    for (int turn = 0; turn < 2; ++turn) {
        {
            const Datagrams datagrams(fabric, 1, 0, v6(), port);
            const Nanoseconds before = std::chrono::system_clock::now().time_since_epoch();
            for (int i = 0; i < 10; ++i) datagrams.send(500);
            EXPECT_EQ(datagrams.arrived(10), 10U);
            const Heard from = hear(capture, fabric, 1);
            EXPECT_EQ(from.in, 10U);
            EXPECT_EQ(from.out, 0U);
            Nanoseconds last = before;
            for (std::size_t i = 0; i < from.packets.size(); ++i) {
                EXPECT_GE(from.packets[i].time, last);
                last = from.packets[i].time;
                EXPECT_EQ(from.packets[i].length, (v6() ? 62U : 42U) + 500);
                EXPECT_EQ(from.kept[i], snap);
            }
            EXPECT_LE(last, Nanoseconds(std::chrono::system_clock::now().time_since_epoch()));
            for (int i = 0; i < 5; ++i) datagrams.send(1);
            const Heard to = hear(capture, fabric, 0);
            EXPECT_EQ(to.in, 0U);
            EXPECT_EQ(to.out, 5U);
        }
        EXPECT_EQ(must(capture.missed()), 0U);
        must(fabric.unplug(1));
        must(fabric.plug(1, {}));
    }
}

TEST_P(CaptureTest, WhatComesTooFastIsMissedAndCounted) {
    Fabric fabric = must(Fabric::build(options(), names(1)));
    PacketCapture capture = must(PacketCapture::open(fabric.router(), 65535));
    const Datagrams datagrams(fabric, 1, 0, v6(), port);
    constexpr std::size_t sent = 20'000;  // 1400 bytes, at two ports: more than there is room for
    for (std::size_t i = 0; i < sent; ++i) datagrams.send(1400);
    const Heard from = hear(capture, fabric, 1);
    EXPECT_LT(from.in, sent);
    const std::uint64_t missed = must(capture.missed());
    EXPECT_GE(missed, sent - from.in);
    EXPECT_EQ(must(capture.missed()), 0U) << "it is told once";
}

// Each is lost by a fault of collaborator1 with this action.
struct Lossy {
    const char* name;
    PacketAction action;
    std::size_t lost;  // of 20 datagrams of 1000 bytes
};
void PrintTo(const Lossy& lossy, std::ostream* out) {
    *out << lossy.name;
}

class LoggedLossTest : public testing::TestWithParam<std::tuple<FabricKind, Lossy>> {
  protected:
    void SetUp() override { NETCUT_NEEDS_ROOT(); }
};
INSTANTIATE_TEST_SUITE_P(
    Actions, LoggedLossTest,
    testing::Combine(testing::Values(FabricKind::routed, FabricKind::bridge),
                     testing::Values(Lossy{"Drop", Drop{}, 20}, Lossy{"Refuse", Refuse{}, 20},
                                     Lossy{"List", Lose{{1, 3, 9}, {1}, 10}, 6},
                                     Lossy{"Large", LoseLarge{900}, 20}, Lossy{"Nothing", LeaveAlone{}, 0})),
    [](const auto& info) {
        return std::string(std::get<0>(info.param) == FabricKind::routed ? "Routed" : "Bridge") +
               std::get<1>(info.param).name;
    });

TEST_P(LoggedLossTest, EveryLostPacketIsToldWithItsPlaceAndItsTime) {
    const auto& [kind, lossy] = GetParam();
    FabricOptions options;
    options.kind = kind;
    FaultPlan plan;
    plan.nodes = {1};
    plan.action = lossy.action;
    FaultScene at(options, {plan}, 2, snap - 14);
    PacketLog log =
        must(PacketLog::open(at.fabric.router(), lost_group, {.snap_length = snap - 14, .many = true}));
    PacketCapture capture = must(PacketCapture::open(at.fabric.router(), snap));
    const Datagrams datagrams(at.fabric, 1, 0, false, port);
    datagrams.send();
    ASSERT_EQ(datagrams.arrived(1), 1U);
    (void)hear(capture, at.fabric, 1);
    must(at.fault().fire());
    for (int i = 0; i < 20; ++i) datagrams.send(1000);
    LoggedPackets logged = logged_by(log);
    // A kernel sends multicast by itself, when it likes: told, but not counted.
    std::erase_if(logged.packets, [](const LoggedPacket& packet) {
        const auto place = loss_place(packet.prefix);
        return place && !place->counted;
    });
    EXPECT_EQ(must(at.fault().losses()).at(1).up, lossy.lost);
    ASSERT_EQ(logged.packets.size(), lossy.lost);
    const Heard heard = hear(capture, at.fabric, 1);
    for (const LoggedPacket& packet : logged.packets) {
        const auto place = loss_place(packet.prefix);
        ASSERT_TRUE(place) << packet.prefix;
        EXPECT_TRUE(place->up && !place->by_address) << packet.prefix;
        EXPECT_EQ(packet.in_port(), at.fabric.node(1).port.index);
        EXPECT_EQ(packet.bytes.size(), snap - 14);
        ASSERT_TRUE(packet.time);
        const auto came_in =
            std::count_if(heard.packets.begin(), heard.packets.end(), [&](const CapturedPacket& one) {
                return std::chrono::floor<std::chrono::microseconds>(one.time) <=
                       packet.time->time_since_epoch();
            });
        EXPECT_GE(came_in, &packet - logged.packets.data() + 1) << "none was lost before it came in";
    }
}

TEST(LoggedLoss, PacketsForANodeWithoutALinkAreToldByItsAddress) {
    NETCUT_NEEDS_ROOT();
    FaultPlan plan;
    plan.nodes = {1};
    plan.link = LinkChange::unplug;
    FaultScene at({}, {plan}, 2, snap - 14);
    PacketLog log = must(PacketLog::open(at.fabric.router(), lost_group, {.many = true}));
    const Datagrams datagrams(at.fabric, 0, 1, true, port);
    must(at.fault().fire());
    for (int i = 0; i < 3; ++i) datagrams.send();
    const LoggedPackets logged = logged_by(log);
    EXPECT_EQ(must(at.fault().losses()).at(1).down, 3U);
    ASSERT_EQ(logged.packets.size(), 3U);
    for (const LoggedPacket& packet : logged.packets) {
        EXPECT_TRUE(loss_place(packet.prefix)->by_address) << packet.prefix;
        EXPECT_EQ(header_of(packet).destination, UdpProbe::address(at.fabric, 1, true));
    }
    must(at.fault().heal());
}

TEST(ClosedPorts, LetNothingInAndDoNotMindOneThatIsUnplugged) {
    NETCUT_NEEDS_ROOT();
    Fabric fabric = must(Fabric::build({}, names(2)));
    must(fabric.unplug(2));
    UdpProbe probe(fabric, 1, 0, false);
    EXPECT_TRUE(probe.passes());
    must(fabric.close_ports());
    EXPECT_FALSE(probe.passes());
}

}  // namespace
}  // namespace netcut::test::NETCUT_FILE
