// SPDX-License-Identifier: Apache-2.0
//
// Nodes behind routers of their own: who reaches whom, and the uplink that they share.
#include <gmock/gmock.h>
#include <netinet/tcp.h>

#include <future>

#include "e2e/crowd.h"
#include "kernel/site_scene.h"
#include "time_scale.h"

namespace netcut::test::NETCUT_FILE {
namespace {

using namespace std::chrono_literals;

class SiteUplinkTest : public SiteTest {};
INSTANTIATE_TEST_SUITE_P(Ip, SiteUplinkTest, each_ip(), ip_name);

RateLimit megabytes_per_second(unsigned megabytes, Nanoseconds queue = 100ms) {
    RateLimit rate;
    rate.bits_per_second = std::uint64_t{megabytes} * 8'000'000;
    rate.queue = queue;
    return rate;
}

TEST_P(SiteUplinkTest, AnOpenSiteIsReachedFromEverywhereWithTheFirstDatagram) {
    Fabric all = fabric();
    expect_all_reach_each_other(all, v6());
}

TEST_P(SiteUplinkTest, ANodeThatComesBackIsReachedAgainUnderAnotherAddressToo) {
    Fabric all = fabric();
    must(all.unplug(1));
    must(all.plug(1, {}));
    EXPECT_TRUE(UdpProbe(all, 0, 1, v6()).passes());
    must(all.unplug(1));
    must(all.plug(1, {.new_address = true}));
    for (const std::size_t other : {0, 2, 3}) {
        EXPECT_TRUE(UdpProbe(all, 1, other, v6()).passes()) << other;
        EXPECT_TRUE(UdpProbe(all, other, 1, v6()).passes()) << other;
    }
}

TEST_P(SiteUplinkTest, TheNameServerIsNextToEverySite) {
    FabricOptions options = with_site(v6(), {.name = {}, .outbound_only = true});
    options.name_server = true;
    Fabric all = must(Fabric::build(options, names(site_collaborators)));
    const NodeLink& place = *all.name_server();
    const Endpoint at(place.addresses.front(), 53);
    Fd server;
    must(place.ns.run([&]() -> Result<void> {
        server = Fd(::socket(v6() ? AF_INET6 : AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
        return {};
    }));
    ASSERT_EQ(::bind(server.get(), at.get(), at.size), 0);
    const Fd client = open_socket(all.node(1), SOCK_DGRAM, v6(), 2000);
    ASSERT_EQ(::sendto(client.get(), "?", 1, 0, at.get(), at.size), 1);
    sockaddr_storage from{};
    socklen_t size = sizeof(from);
    char byte = 0;
    ASSERT_EQ(::recvfrom(server.get(), &byte, 1, 0, reinterpret_cast<sockaddr*>(&from), &size), 1);
    ASSERT_EQ(::sendto(server.get(), "!", 1, 0, reinterpret_cast<sockaddr*>(&from), size), 1);
    EXPECT_EQ(::recv(client.get(), &byte, 1, 0), 1);
}

// --- the uplink ---

double seconds_for_both(Fabric& all, bool v6, std::size_t from, std::size_t other, std::size_t to,
                        std::size_t bytes) {
    const TcpPair first(all, from, to, v6, 5001), second(all, other, to, v6, 5002);
    auto one = std::async(std::launch::async, [&] { return seconds_on(first, bytes); });
    const double last = seconds_on(second, bytes);
    return std::max(last, one.get());
}

TEST_P(SiteUplinkTest, NodesOfASiteShareItsUplink) {
    constexpr std::size_t bytes = 800'000;
    SiteSpec site;
    site.up = megabytes_per_second(1);
    site.down = megabytes_per_second(2);
    Fabric all = fabric(site);
    const Crowd crowd;
    const Lateness lateness;
    const double up = seconds_on(TcpPair(all, 1, 0, v6()), bytes);
    const double down = seconds_on(TcpPair(all, 0, 1, v6()), bytes);
    EXPECT_GE(up, 0.6);
    EXPECT_GE(down, 0.3);
    EXPECT_GE(seconds_for_both(all, v6(), 1, 2, 0, bytes), 1.35) << "twice as much";
    const double inside = seconds_on(TcpPair(all, 1, 2, v6()), bytes);
    const double outside = seconds_on(TcpPair(all, 3, 0, v6()), bytes);
    NETCUT_SKIP_IN_A(crowd);
    NETCUT_SKIP_IN_A(lateness);
    EXPECT_LE(up, 1.3 * time_scale());
    EXPECT_LE(down, 0.8 * time_scale());
    EXPECT_LE(inside, 0.4 * time_scale()) << "it stays in the site";
    EXPECT_LE(outside, 0.4 * time_scale()) << "it is no site's";
}

TEST_P(SiteUplinkTest, AnUploadMakesItsNeighboursWaitInTheQueue) {
    SiteSpec site;
    site.up = megabytes_per_second(1, 500ms);
    site.down = megabytes_per_second(10);
    Fabric all = fabric(site);
    const TcpPair neighbour(all, 1, 0, v6(), 5001), talk(all, 2, 0, v6(), 5002);
    // Unlike cubic, it does not stop short of filling a queue because round trips have grown (HyStart).
    constexpr std::string_view reno = "reno";
    ASSERT_EQ(::setsockopt(neighbour.client.get(), IPPROTO_TCP, TCP_CONGESTION, reno.data(), reno.size()), 0);
    const auto round_trip = [&] {
        const auto begin = Clock::now();
        EXPECT_TRUE(talk.speaks());
        return seconds(Nanoseconds(Clock::now() - begin));
    };
    const Crowd crowd;
    const Lateness lateness;
    const double before = round_trip();
    auto upload = std::async(std::launch::async, [&] { return seconds_on(neighbour, 2'500'000); });
    double longest = 0;
    while (upload.wait_for(100ms) == std::future_status::timeout) longest = std::max(longest, round_trip());
    NETCUT_SKIP_IN_A(crowd);
    NETCUT_SKIP_IN_A(lateness);
    EXPECT_LT(before, 0.1 * time_scale());
    EXPECT_GT(longest, 0.2);
}

FaultPlan leaves(unsigned megabytes) {
    FaultPlan plan;
    plan.nodes = {1, 2};
    plan.action = Wait{};
    plan.filter.outside = true;
    plan.site = SiteChange{};
    plan.site->up = plan.site->down = megabytes_per_second(megabytes);
    return plan;
}

TEST_P(SiteUplinkTest, OfFaultsThatAreOnTogetherTheLowestRateCounts) {
    SiteSpec site;
    site.up = site.down = megabytes_per_second(20);
    FaultScene at(with_site(v6(), site), {leaves(2), leaves(1)}, site_collaborators);
    std::uint16_t port = 5000;
    const auto shortest = [&] {
        constexpr std::size_t bytes = 400'000;
        ++port;
        return std::min(seconds_on(TcpPair(at.fabric, 1, 0, v6(), port), bytes),
                        seconds_on(TcpPair(at.fabric, 0, 1, v6(), port), bytes));
    };
    must(at.fault(1).fire());
    must(at.fault(0).fire());
    EXPECT_GE(shortest(), 0.3) << "1 MB/s";
    must(at.fault(1).heal());
    EXPECT_GE(shortest(), 0.15) << "2 MB/s are left still";
    must(at.fault(1).fire());
    must(at.fault(0).heal());
    EXPECT_GE(shortest(), 0.3) << "1 MB/s again";
    must(at.fault(1).heal());
    const Crowd crowd;
    const Lateness lateness;
    const double last = shortest();
    NETCUT_SKIP_IN_A(crowd);
    NETCUT_SKIP_IN_A(lateness);
    EXPECT_LE(last, 0.12 * time_scale());
}

}  // namespace
}  // namespace netcut::test::NETCUT_FILE
