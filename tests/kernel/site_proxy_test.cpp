// SPDX-License-Identifier: Apache-2.0
//
// A site whose nodes reach the outside through its proxy alone: the program itself, in a site's router, with real connections.
#include <gmock/gmock.h>

#include "kernel/proxy_scene.h"

namespace netcut::test::NETCUT_FILE {
namespace {

using namespace std::chrono_literals;
using testing::StartsWith;

INSTANTIATE_TEST_SUITE_P(Ip, SiteProxyTest, each_ip(), ip_name);

TEST_P(SiteProxyTest, BytesComeThroughAndItSaysWhose) {
    Fabric all = fabric(proxied());
    ProxyProcess proxy(all);
    const Through made = through(all, proxy);
    EXPECT_TRUE(tells(made.client, made.server, "a"));
    EXPECT_TRUE(tells(made.server, made.client, "b"));
    proxy.hear(5000);
    const RelayEnd node = end_of(made.client, ::getsockname), seen = end_of(made.server, ::getpeername);
    EXPECT_EQ(seen.address, proxy.address(v6()));
    const Relay* relay = proxy.book().of_outer(seen);
    ASSERT_NE(relay, nullptr);
    EXPECT_EQ(relay->node, node);
    EXPECT_EQ(relay->target, end_of(made.server, ::getsockname));
    const auto* opener = (*all.sites())[0].opener_of(IPPROTO_TCP, seen, relay->target);
    ASSERT_NE(opener, nullptr);
    EXPECT_EQ(*opener, node);
    EXPECT_EQ(all.sites()->relay_of(node, proxy.address(v6())), relay);
}

TEST_P(SiteProxyTest, WhatComesBeforeTheAnswerIsNotLost) {
    Fabric all = fabric(proxied());
    ProxyProcess proxy(all);
    const Fd listener = listener_at(all, v6());
    const Fd client = asking(all, proxy, head_for(all, target_port) + "early");
    const Fd server(::accept4(listener.get(), nullptr, nullptr, SOCK_CLOEXEC));
    char bytes[5] = {};
    EXPECT_EQ(::recv(server.get(), bytes, sizeof(bytes), MSG_WAITALL), 5);
    EXPECT_EQ(std::string_view(bytes, 5), "early");
}

TEST_P(SiteProxyTest, WhoeverGoesRoundItIsRefusedAtOnce) {
    Fabric all = fabric(proxied());
    const Fd listener = listener_at(all, v6());
    const Fd client = open_socket(all.node(1), SOCK_STREAM, v6(), 10'000);
    const Endpoint at(UdpProbe::address(all, 0, v6()), target_port);
    const auto begin = Clock::now();
    EXPECT_NE(::connect(client.get(), at.get(), at.size), 0);
    EXPECT_EQ(errno, ECONNREFUSED);
    const Fd datagrams = open_socket(all.node(1), SOCK_DGRAM, v6(), 10'000);
    ASSERT_EQ(::connect(datagrams.get(), at.get(), at.size), 0);
    ASSERT_EQ(::send(datagrams.get(), "x", 1, 0), 1);
    char byte = 0;
    EXPECT_EQ(::recv(datagrams.get(), &byte, 1, 0), -1);
    EXPECT_TRUE(errno == EHOSTUNREACH || errno == EACCES) << errno;
    EXPECT_LT(Clock::now() - begin, 8s) << "neither waits for its patience";
    EXPECT_GE(must((*all.sites())[0].count_unknown()).up, 2U);
    EXPECT_FALSE(UdpProbe(all, 0, 1, v6()).passes()) << "nobody reaches a node from outside";
    EXPECT_TRUE(UdpProbe(all, 2, 1, v6()).passes()) << "it stays in the site";
    EXPECT_TRUE(UdpProbe(all, 3, 0, v6()).passes()) << "is in no site";
}

TEST_P(SiteProxyTest, ItIsForTheSitesNodesAlone) {
    Fabric all = fabric(proxied());
    ProxyProcess proxy(all);
    const Fd stranger = open_socket(all.node(3), SOCK_STREAM, v6(), 10'000);
    const Endpoint at(proxy.address(v6()), proxy_port);
    EXPECT_NE(::connect(stranger.get(), at.get(), at.size), 0);
    EXPECT_EQ(errno, ECONNREFUSED);
}

TEST_P(SiteProxyTest, WhatItCannotDoItSays) {
    Fabric all = fabric(proxied());
    ProxyProcess proxy(all);
    EXPECT_THAT(answer_to(all, proxy, head_for(all, refused_port)), StartsWith("HTTP/1.1 502 "));
    EXPECT_THAT(answer_to(all, proxy, "GET http://aggregator/ HTTP/1.1\r\n\r\n"),
                StartsWith("HTTP/1.1 405 "));
    EXPECT_THAT(answer_to(all, proxy, "\x16\x03\x01 hello\r\n\r\n"), StartsWith("HTTP/1.1 400 "));
    EXPECT_THAT(answer_to(all, proxy, "CONNECT a:1 HTTP/1.1\r\nX: " + std::string(64 * 1024, 'x')),
                StartsWith("HTTP/1.1 431 "));
    EXPECT_THAT(answer_to(all, proxy, head_for(all, target_port, 3)), StartsWith("HTTP/1.1 502 "));
    proxy.hear(5000);
    EXPECT_EQ(proxy.book().opened(), 0U);
    EXPECT_EQ(proxy.book().refused(), 5U);
    EXPECT_EQ(proxy.book().unread(), 0U);
}

TEST_P(SiteProxyTest, AHeadThatEndsInTheMiddleIsNobodysBusiness) {
    Fabric all = fabric(proxied());
    ProxyProcess proxy(all);
    const Fd slow = asking(all, proxy, "CONNECT aggre");
    { const Fd gone = asking(all, proxy, "CONNECT aggre"); }
    const Through made = through(all, proxy);  // meanwhile others are served
    EXPECT_TRUE(tells(made.client, made.server, "a"));
}

TEST_P(SiteProxyTest, AWayThatEndsLeavesTheOther) {
    Fabric all = fabric(proxied());
    ProxyProcess proxy(all);
    const Through made = through(all, proxy);
    ASSERT_TRUE(tells(made.client, made.server, "a"));
    ASSERT_EQ(::shutdown(made.client.get(), SHUT_WR), 0);
    char byte = 0;
    EXPECT_EQ(::recv(made.server.get(), &byte, 1, 0), 0) << "its end is passed on";
    EXPECT_TRUE(tells(made.server, made.client, "b"));
    ASSERT_EQ(::shutdown(made.server.get(), SHUT_WR), 0);
    EXPECT_EQ(::recv(made.client.get(), &byte, 1, 0), 0);
    const RelayEnd node = end_of(made.client, ::getsockname);
    for (int i = 0; i < 100 && !has_ended(proxy.book().of_node(node)); ++i) proxy.hear(100);
    ASSERT_NE(proxy.book().of_node(node), nullptr);
    EXPECT_TRUE(proxy.book().of_node(node)->has_ended);
    EXPECT_EQ(proxy.book().of_node(node)->up.arrived, 1U) << "so much the aggregator's kernel has had";
}

TEST_P(SiteProxyTest, AResetIsPassedOnEachWay) {
    Fabric all = fabric(proxied());
    ProxyProcess proxy(all);
    char byte = 0;
    Through one = through(all, proxy), other = through(all, proxy);
    reset(one.client);
    EXPECT_EQ(::recv(one.server.get(), &byte, 1, 0), -1);
    EXPECT_EQ(errno, ECONNRESET);
    reset(other.server);
    EXPECT_EQ(::recv(other.client.get(), &byte, 1, 0), -1);
    EXPECT_EQ(errno, ECONNRESET);
}

// What a sender gets rid of while nobody reads: in all buffers on the way.
std::size_t sent_until_full(const Fd& socket) {
    const std::string block(64 * 1024, 'x');
    std::size_t sent = 0;
    for (int quiet = 0; quiet < 20;) {
        const ssize_t count = ::send(socket.get(), block.data(), block.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
        quiet = count > 0 ? 0 : quiet + 1;
        if (count > 0) sent += static_cast<std::size_t>(count);
        if (count <= 0) std::this_thread::sleep_for(20ms);
    }
    return sent;
}

TEST_P(SiteProxyTest, ASlowReaderSlowsTheSender) {
    Fabric all = fabric(proxied());
    ProxyProcess proxy(all);
    for (const bool up : {true, false}) {
        Through made = through(all, proxy);
        const Fd& from = up ? made.client : made.server;
        const Fd& to = up ? made.server : made.client;
        const std::size_t sent = sent_until_full(from);
        EXPECT_LT(sent, 64U << 20) << "kernels' buffers, and two of the proxy's";
        std::size_t received = 0;
        std::array<char, 65536> buffer;
        while (received < sent) {
            const ssize_t count = ::recv(to.get(), buffer.data(), buffer.size(), 0);
            ASSERT_GT(count, 0) << received << " of " << sent;
            received += static_cast<std::size_t>(count);
        }
        EXPECT_TRUE(tells(from, to, "e")) << "nothing else was lost";
    }
}

TEST_P(SiteProxyTest, AResetIsSeenThoughNobodyReads) {
    Fabric all = fabric(proxied());
    ProxyProcess proxy(all);
    Through made = through(all, proxy);
    sent_until_full(made.client);
    reset(made.client);
    std::array<char, 65536> buffer;
    ssize_t count = 1;
    while (count > 0) count = ::recv(made.server.get(), buffer.data(), buffer.size(), 0);
    EXPECT_EQ(count, -1);
    EXPECT_EQ(errno, ECONNRESET);
}

TEST_P(SiteProxyTest, ItsConnectionsPassTheUplink) {
    SiteSpec site = proxied();
    RateLimit rate;
    rate.bits_per_second = 8'000'000;
    site.up = site.down = rate;
    Fabric all = fabric(site);
    ProxyProcess proxy(all);
    const Through made = through(all, proxy);
    constexpr std::size_t bytes = 500'000;
    const std::string block(bytes, 'x');
    const auto begin = Clock::now();
    std::thread writer([&] { (void)write_all(made.client.get(), block, "send"); });
    std::string received(bytes, ' ');
    EXPECT_EQ(::recv(made.server.get(), received.data(), bytes, MSG_WAITALL), static_cast<ssize_t>(bytes));
    writer.join();
    EXPECT_GT(Clock::now() - begin, 300ms)
        << "a megabyte takes a second, but for what the queue's bucket lets through";
}

TEST(SiteProxy, BehindANatItIsKnownWhoseAConnectionIs) {
    NETCUT_NEEDS_ROOT();
    Fabric all = must(Fabric::build(with_site(false, proxied(Nat::symmetric)), names(site_collaborators)));
    ProxyProcess proxy(all);
    const Fd listener = listener_at(all, false);
    const Fd client = open_socket(all.node(2), SOCK_STREAM, false, 10'000);
    const Endpoint at(proxy.address(false), proxy_port);
    ASSERT_EQ(::connect(client.get(), at.get(), at.size), 0);
    must(write_all(client.get(), "CONNECT 10.99.0.2:5000 HTTP/1.1\r\n\r\n", "ask the proxy"));
    ASSERT_THAT(reply_on(client), StartsWith("HTTP/1.1 200 "))
        << UdpProbe::address(all, 0, false).to_string();
    const Fd server(::accept4(listener.get(), nullptr, nullptr, SOCK_CLOEXEC));
    const RelayEnd seen = end_of(server, ::getpeername), own = end_of(server, ::getsockname);
    EXPECT_EQ(seen.address.to_string(), "198.19.0.0");
    proxy.hear(5000);
    SiteRouter& site = (*all.sites())[0];
    must(site.learn_flows());
    EXPECT_EQ(all.sites()->behind(seen.address), 0U);
    const auto* opener = site.opener_of(IPPROTO_TCP, seen, own);
    ASSERT_NE(opener, nullptr);
    EXPECT_EQ(*opener, end_of(client, ::getsockname));
}

}  // namespace
}  // namespace netcut::test::NETCUT_FILE
