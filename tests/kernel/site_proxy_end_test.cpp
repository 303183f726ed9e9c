// SPDX-License-Identifier: Apache-2.0
//
// How tunnels of a site's proxy end, and what it does with those that come to nothing.
#include <gmock/gmock.h>

#include <thread>

#include "kernel/proxy_scene.h"
#include "kernel/sockdiag.h"

namespace netcut::test::NETCUT_FILE {
namespace {

using namespace std::chrono_literals;
using testing::StartsWith;

class SiteProxyEndTest : public SiteProxyTest {};
INSTANTIATE_TEST_SUITE_P(Ip, SiteProxyEndTest, each_ip(), ip_name);

TEST_P(SiteProxyEndTest, ATunnelHasEndedWhenItsLastBytesHaveArrived) {
    FaultPlan plan;
    plan.nodes = {1};
    FaultScene at = scene(plan, proxied());
    ProxyProcess proxy(at.fabric);
    const Through made = through(at.fabric, proxy);
    const RelayEnd node = end_of(made.client, ::getsockname);
    char byte = 0;
    ASSERT_EQ(::shutdown(made.client.get(), SHUT_WR), 0);
    ASSERT_EQ(::recv(made.server.get(), &byte, 1, 0), 0);
    ASSERT_TRUE(proxy.hears([&] { return proxy.book().of_node(node) != nullptr; }));
    must(at.fault().fire());
    ASSERT_EQ(::send(made.server.get(), "z", 1, 0), 1);
    ASSERT_EQ(::shutdown(made.server.get(), SHUT_WR), 0);
    proxy.hear(500);
    EXPECT_FALSE(has_ended(proxy.book().of_node(node))) << "the node is cut off";
    must(at.fault().heal());
    EXPECT_TRUE(is_told_of(made.client, "z"));
    ASSERT_TRUE(proxy.hears([&] { return has_ended(proxy.book().of_node(node)); }));
    EXPECT_EQ(proxy.book().of_node(node)->down.arrived, 1U);
}

TEST_P(SiteProxyEndTest, AnotherConnectionOfTheSamePortIsNotTheOneBefore) {
    Fabric all = fabric(proxied());
    ProxyProcess proxy(all);
    Through made = through(all, proxy);
    const RelayEnd node = end_of(made.client, ::getsockname);
    reset(made.client);
    ASSERT_TRUE(proxy.hears([&] { return has_ended(proxy.book().of_node(node)); }));
    Fd again = open_socket(all.node(1), SOCK_STREAM, v6(), 10'000);
    const Endpoint own(node.address, node.port), at(proxy.address(v6()), proxy_port);
    ASSERT_EQ(::bind(again.get(), own.get(), own.size), 0);
    ASSERT_EQ(::connect(again.get(), at.get(), at.size), 0);
    EXPECT_TRUE(proxy.hears([&] { return all.sites()->relay_of(node, proxy.address(v6())) == nullptr; }));
    EXPECT_EQ(proxy.book().unread(), 0U);
}

// All that its queue of connections has room for: what comes then gets no answer.
Fd fill(Fabric& all, const Fd& listener, bool v6) {
    ::listen(listener.get(), 0);
    Fd other = open_socket(all.node(3), SOCK_STREAM, v6, 10'000);
    const Endpoint at(UdpProbe::address(all, 0, v6), target_port);
    EXPECT_EQ(::connect(other.get(), at.get(), at.size), 0);
    return other;
}

// Connections that the site's router tries to open.
std::size_t tried(Fabric& all) {
    NetlinkSocket diag = must(NetlinkSocket::open(NETLINK_SOCK_DIAG, &(*all.sites())[0].ns()));
    const auto sockets = must(list_tcp_sockets(diag));
    return static_cast<std::size_t>(std::count_if(
        sockets.begin(), sockets.end(), [](const TcpSocket& socket) { return socket.state == "SYN_SENT"; }));
}

bool are_tried(Fabric& all, std::size_t count) {
    for (int i = 0; i < 500 && tried(all) != count; ++i) std::this_thread::sleep_for(20ms);
    return tried(all) == count;
}

TEST_P(SiteProxyEndTest, WhoGivesUpIsConnectedNoMore) {
    Fabric all = fabric(proxied());
    ProxyProcess proxy(all);
    const Fd listener = listener_at(all, v6()), queued = fill(all, listener, v6());
    Fd closed = asking(all, proxy, head_for(all, target_port));
    Fd resetting = asking(all, proxy, head_for(all, target_port) + "early");
    const Fd waiting = asking(all, proxy, head_for(all, target_port));
    const Fd early = asking(all, proxy, head_for(all, target_port) + "early");
    ASSERT_EQ(::shutdown(early.get(), SHUT_WR), 0);
    ASSERT_TRUE(are_tried(all, 4));
    closed.reset();
    reset(resetting);
    EXPECT_TRUE(are_tried(all, 2));
    const Fd first(::accept4(listener.get(), nullptr, nullptr, SOCK_CLOEXEC));
    const Fd second(::accept4(listener.get(), nullptr, nullptr, SOCK_CLOEXEC));
    EXPECT_TRUE(second) << "those that still wait get through";
}

TEST_P(SiteProxyEndTest, ARefusedNodeThatGoesOnSendingLosesItsPlace) {
    Fabric all = fabric(proxied());
    ProxyProcess proxy(all);
    const Fd client = asking(all, proxy, "GET / HTTP/1.1\r\n\r\n");
    const std::string block(64 * 1024, 'x');
    const auto begin = Clock::now();
    while (Clock::now() - begin < 30s && ::send(client.get(), block.data(), block.size(), MSG_NOSIGNAL) > 0) {
    }
    EXPECT_LT(Clock::now() - begin, 20s) << "it has five";
}

// Finds the name "both" at two addresses.
std::vector<std::string> with_hosts(const std::string& lines) {
    return {"unshare",
            "--mount",
            "sh",
            "-c",
            "mount -t tmpfs none /mnt && printf '" + lines +
                "' > /mnt/hosts && mount --bind /mnt/hosts /etc/hosts && exec \"$@\"",
            "sh"};
}

// Both at once: it takes 30 seconds, however many addresses do not answer.
TEST(SiteProxy, ItsPatienceHasAnEnd) {
    NETCUT_NEEDS_ROOT();
    FabricOptions options = with_site(false, proxied());
    options.ipv6 = true;
    Fabric all = must(Fabric::build(options, names(site_collaborators)));
    const Fd listeners[] = {listener_at(all, false), listener_at(all, true)};
    const Fd queued[] = {fill(all, listeners[0], false), fill(all, listeners[1], true)};
    std::string lines;
    for (const bool v6 : {true, false}) lines += UdpProbe::address(all, 0, v6).to_string() + " both\\n";
    ProxyProcess proxy(all, with_hosts(lines));
    const auto ask = [&](const std::string& words) {
        Fd client = open_socket(all.node(1), SOCK_STREAM, false, 60'000);
        const Endpoint at(proxy.address(false), proxy_port);
        EXPECT_EQ(::connect(client.get(), at.get(), at.size), 0);
        must(write_all(client.get(), words, "ask the proxy"));
        return client;
    };
    const auto begin = Clock::now();
    const Fd slow = ask("CONNECT aggre");
    const Fd unanswered = ask("CONNECT both:" + std::to_string(target_port) + " HTTP/1.1\r\n\r\n");
    EXPECT_THAT(reply_on(slow), StartsWith("HTTP/1.1 408 "));
    EXPECT_THAT(reply_on(unanswered), StartsWith("HTTP/1.1 504 "));
    EXPECT_LT(Clock::now() - begin, 50s) << "thirty for each address would be a minute";
    proxy.hear(5000);
    EXPECT_EQ(proxy.book().refused(), 2U);
}

}  // namespace
}  // namespace netcut::test::NETCUT_FILE
