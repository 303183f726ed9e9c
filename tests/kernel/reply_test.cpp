// SPDX-License-Identifier: Apache-2.0
//
// Crafted replies, given to real sockets by packets that were dropped and logged.
#include <cerrno>

#include "base/error.h"
#include "base/io.h"
#include "fabric/options.h"
#include "fault/plan.h"
#include "kernel/packet_sender.h"
#include "kernel/watch.h"

namespace netcut::test::NETCUT_FILE {
namespace {

using Reply = std::optional<std::vector<std::uint8_t>>;

class ReplyTest : public WatchTest {
  protected:
    void SetUp() override {
        WatchTest::SetUp();
        if (!IsSkipped()) sender_.emplace(must(PacketSender::open(fabric_->router())));
    }
    void lose(std::uint8_t protocol) {
        watch(*fabric_, {.protocol = protocol, .from_node = 1, .drop = true});
    }
    // Back out of the port that the packet came in at, in the name of the MAC address it was for.
    void answer(const LoggedPacket& packet, const Reply& reply) {
        if (!reply) throw std::runtime_error("no reply");
        FrameAddresses back;
        std::copy_n(packet.link_header.begin(), 6, back.source.begin());
        std::copy_n(packet.link_header.begin() + 6, 6, back.destination.begin());
        must(sender_->send(packet.in_port(), back, *reply));
    }
    // A connection attempt from node 1 that is lost.
    Fd start_connecting() {
        Fd client = open_socket(fabric_->node(1), SOCK_STREAM | SOCK_NONBLOCK, v6());
        const Endpoint at(address(0), 8080);
        if (::connect(client.get(), at.get(), at.size) != -1 || errno != EINPROGRESS)
            throw std::runtime_error("connect");
        return client;
    }
    static int error_of(const Fd& socket) {
        await_readable(socket.get());
        int error = 0;
        socklen_t size = sizeof(error);
        ::getsockopt(socket.get(), SOL_SOCKET, SO_ERROR, &error, &size);
        return error;
    }
    std::optional<PacketSender> sender_;
};

INSTANTIATE_TEST_SUITE_P(Fabrics, ReplyTest, each_fabric(), fabric_name);

TEST_P(ReplyTest, ResetEndsARealConnection) {
    TcpPair connection(*fabric_, 1, 0, v6());
    ASSERT_TRUE(connection.speaks());
    lose(IPPROTO_TCP);
    ASSERT_EQ(::send(connection.client.get(), "lost", 4, MSG_NOSIGNAL), 4);
    const LoggedPacket packet = await_packet(*log_);
    EXPECT_EQ(tcp_flags_text(header_of(packet).tcp->flags), "PSH,ACK");
    answer(packet, craft_reset(packet.bytes));
    char byte = 0;
    EXPECT_EQ(::recv(connection.client.get(), &byte, 1, 0), -1);
    EXPECT_EQ(errno, ECONNRESET);
    EXPECT_EQ(::recv(connection.server.get(), &byte, 1, MSG_DONTWAIT), -1);
    EXPECT_EQ(errno, EAGAIN) << "the other end knows nothing of it";
}

TEST_P(ReplyTest, ResetRefusesAConnection) {
    lose(IPPROTO_TCP);
    const Fd client = start_connecting();
    const LoggedPacket packet = await_packet(*log_);
    answer(packet, craft_reset(packet.bytes));
    EXPECT_EQ(error_of(client), ECONNREFUSED);
}

TEST_P(ReplyTest, PortUnreachableRefusesAConnectedUdpSocket) {
    lose(IPPROTO_UDP);
    const Fd client = open_socket(fabric_->node(1), SOCK_DGRAM, v6(), 3000);
    const Endpoint at(address(0), 53);
    ASSERT_EQ(::connect(client.get(), at.get(), at.size), 0);
    ASSERT_EQ(::send(client.get(), "lost", 4, 0), 4);
    const LoggedPacket packet = await_packet(*log_);
    answer(packet, craft_unreachable(packet.bytes, UnreachableCode::port_unreachable));
    char byte = 0;
    EXPECT_EQ(::recv(client.get(), &byte, 1, 0), -1);
    EXPECT_EQ(errno, ECONNREFUSED);
}

// As the kernel's own errors end a connection attempt (icmp_err_convert, icmpv6_err_convert).
TEST_P(ReplyTest, UnreachableEndsAConnectionAttemptWithTheErrorOfItsCode) {
    const std::vector<std::tuple<UnreachableCode, int, int>> codes = {
        {UnreachableCode::no_route, ENETUNREACH, ENETUNREACH},
        {UnreachableCode::admin_prohibited, EHOSTUNREACH, EACCES},
        {UnreachableCode::host_unreachable, EHOSTUNREACH, EHOSTUNREACH},
        {UnreachableCode::port_unreachable, ECONNREFUSED, ECONNREFUSED}};
    lose(IPPROTO_TCP);
    for (const auto& [code, v4_error, v6_error] : codes) {
        const Fd client = start_connecting();
        const LoggedPacket packet = await_packet(*log_);
        answer(packet, craft_unreachable(packet.bytes, code));
        EXPECT_EQ(error_of(client), v6() ? v6_error : v4_error) << static_cast<int>(code);
    }
}

TEST_P(ReplyTest, ErrorsOfTheSenderSayWhy) {
    const FrameAddresses addresses{};
    const int port = fabric_->node(1).port.index;
    EXPECT_EQ(sender_->send(port, addresses, std::vector<std::uint8_t>(20, 0)).error().kind,
              Error::Kind::internal);
    EXPECT_EQ(sender_->send(port, addresses, {}).error().kind, Error::Kind::internal);
    const std::vector<std::uint8_t> packet(2000, 0x45);
    EXPECT_EQ(sender_->send(port, addresses, packet).error().code, EMSGSIZE);
    EXPECT_EQ(sender_->send(9999, addresses, packet).error().code, ENXIO);
    must(fabric_->set_link_state(1, LinkEnd::router, false));
    const auto down = sender_->send(port, addresses, std::vector<std::uint8_t>(40, 0x45));
    EXPECT_EQ(down.error().code, ENETDOWN);
    EXPECT_NE(down.error().text().find("(the link is down)"), std::string::npos);
}

}  // namespace
}  // namespace netcut::test::NETCUT_FILE
