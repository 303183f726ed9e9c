// SPDX-License-Identifier: Apache-2.0
//
// `sites:` of a scenario: what its keys come to, and what is refused.
#include "scenario/site.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "scenario/check.h"
#include "scenario/mistakes.h"
#include "scenario/plan.h"
#include "scenario/yaml.h"
#include "unit/checked_scenario.h"

namespace netcut::test::NETCUT_FILE {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsSupersetOf;

SiteSpec site(const std::string& yaml) {
    return checked("sites: {a: " + yaml + "}\n").fabric.sites.at(0);
}

// The first one's text.
std::string mistake_in(const std::string& yaml) {
    Scenario scenario;
    const Reading reading = read_all(scenario, roles + yaml, "test.yaml");
    Mistakes mistakes;
    find_mistakes(scenario, reading, mistakes);
    std::vector<Error> all = reading.errors;
    all.insert(all.end(), mistakes.found().begin(), mistakes.found().end());
    return all.empty() ? "none" : all.front().text();
}

std::string mistake_of(const std::string& site) {
    return mistake_in("sites: {a: " + site + "}\n");
}

TEST(Site, ItsKeysAreWhatItsRouterDoes) {
    const SiteSpec one = site(
        "{nodes: collaborators, uplink: 20mbit/5mbit, queue: 500ms, nat: cgnat, firewall: idle 5m, vpn: "
        "wireguard}");
    EXPECT_EQ(one.name, "a");
    EXPECT_THAT(one.nodes, ElementsAre("collaborator1", "collaborator2", "collaborator3"));
    EXPECT_EQ(one.down->bits_per_second, 20'000'000U) << "as lines are sold: to the site first";
    EXPECT_EQ(one.up->bits_per_second, 5'000'000U);
    EXPECT_EQ(one.up->queue, 500ms);
    EXPECT_EQ(one.nat, Nat::cgnat);
    EXPECT_TRUE(one.outbound_only);
    EXPECT_EQ(one.idle, 300s);
    EXPECT_EQ(one.vpn, Vpn::wireguard);
}

TEST(Site, WhatIsLeftOutIsOpen) {
    const SiteSpec one = site("{nodes: [collaborator2]}");
    EXPECT_FALSE(one.up || one.down || one.idle || one.outbound_only || one.is_stateful() || one.hides());
    EXPECT_FALSE(site("{nodes: [collaborator2], firewall: none, nat: none, vpn: none}").is_stateful());
    EXPECT_TRUE(site("{nodes: [collaborator2], nat: home}").is_stateful());
}

TEST(Site, OneRateIsThatOfBothWaysAndAQueueHasATimeOrBytes) {
    const SiteSpec one = site("{nodes: [collaborator1], queue: 64KiB, uplink: 8mbit}");
    for (const auto& way : {one.up, one.down}) {
        EXPECT_EQ(way->bits_per_second, 8'000'000U);
        EXPECT_EQ(way->queue_bytes, 65536U);
        EXPECT_EQ(way->mtu, 1500U);
    }
}

TEST(Site, ATunnelBringsOutWhatANatWouldHide) {
    EXPECT_TRUE(site("{nodes: [collaborator1], nat: home}").hides());
    EXPECT_FALSE(site("{nodes: [collaborator1], nat: home, vpn: wireguard}").hides());
    const Scenario scenario = checked("sites: {a: {nodes: [aggregator], nat: home, vpn: wireguard}}\n");
    EXPECT_FALSE(is_translated(site_of(scenario, "aggregator")));
    EXPECT_EQ(site_of(scenario, "collaborator1"), nullptr);
}

TEST(Site, IsWrittenAsItIsRead) {
    const Scenario scenario = checked(
        "sites:\n  a: {nodes: [collaborator1], uplink: 20mbit/5mbit, queue: 64KiB, nat: symmetric, firewall: "
        "outbound-only}\n  b: {nodes: [collaborator2], firewall: idle 90s, vpn: wireguard}\n");
    Scenario again;
    ASSERT_TRUE(read_yaml(again, write_yaml(scenario), "again.yaml"));
    ASSERT_EQ(again.fabric.sites.size(), 2U);
    for (std::size_t i = 0; i < 2; ++i) {
        const SiteSpec &was = scenario.fabric.sites[i], &is = again.fabric.sites[i];
        EXPECT_EQ(is.name, was.name);
        EXPECT_EQ(is.nodes, was.nodes);
        EXPECT_EQ(is.nat, was.nat);
        EXPECT_EQ(is.vpn, was.vpn);
        EXPECT_EQ(firewall_text(is), firewall_text(was));
        EXPECT_EQ(is.up.has_value(), was.up.has_value());
        if (was.up) {
            EXPECT_EQ(is.up->bits_per_second, was.up->bits_per_second);
            EXPECT_EQ(is.down->queue_bytes, was.down->queue_bytes);
        }
    }
}

TEST(Site, AnOptionAddsOne) {
    Scenario scenario;
    ASSERT_TRUE(add_site(scenario, "a: {nodes: all}"));
    ASSERT_TRUE(add_site(scenario, "b: {nodes: [collaborator1], nat: home}"));
    ASSERT_EQ(scenario.fabric.sites.size(), 2U);
    EXPECT_EQ(scenario.fabric.sites[1].nat, Nat::home);
    const auto wrong = add_site(scenario, "c: {nat: hom}");
    ASSERT_FALSE(wrong);
    EXPECT_THAT(wrong.error().text(), HasSubstr("--site"));
}

TEST(Site, NeedsOfTheKernelWhatItHas) {
    EXPECT_THAT(needs_of(site("{nodes: [collaborator1]}")), ElementsAre(Need::route_by_mark));
    EXPECT_THAT(needs_of(site("{nodes: [collaborator1], uplink: 1mbit, nat: home, vpn: wireguard}")),
                IsSupersetOf({Need::route_by_mark, Need::tbf, Need::track, Need::nat, Need::wireguard}));
    EXPECT_FALSE(needs_of(site("{nodes: [collaborator1], firewall: idle 9s}")).contains(Need::nat));
}

TEST(Site, WhatCannotBeReadIsRefused) {
    EXPECT_THAT(mistake_of("{nodes: [collaborator1], nat: hom}"), HasSubstr("hom"));
    EXPECT_THAT(mistake_of("{nodes: [collaborator1], vpn: ipsec}"), HasSubstr("ipsec"));
    EXPECT_THAT(mistake_of("{nodes: [collaborator1], uplink: fast}"), HasSubstr("fast"));
    EXPECT_THAT(mistake_of("{nodes: [collaborator1], uplink: 1mbit, queue: long}"),
                HasSubstr("neither a time nor a number of bytes"));
    EXPECT_THAT(mistake_of("{nodes: [collaborator1], firewall: closed}"),
                HasSubstr("none of: none, outbound-only, idle TIME"));
    for (const char* idle : {"idle 1500ms", "idle 0s", "idle 25h"})
        EXPECT_THAT(mistake_of(fmt::format("{{nodes: [collaborator1], firewall: {}}}", idle)),
                    HasSubstr("whole seconds, from 1s to a day"));
    EXPECT_THAT(mistake_of("{nodes: [collaborator1], natt: home}"), HasSubstr("natt"));
}

TEST(Site, WhatCannotBeIsRefused) {
    EXPECT_THAT(mistake_of("{nat: home}"), HasSubstr("it has no nodes"));
    EXPECT_THAT(mistake_of("{nodes: [collaborator9]}"), HasSubstr("collaborator9"));
    EXPECT_THAT(mistake_of("{nodes: [collaborator1], queue: 1s}"), HasSubstr("a queue without an uplink"));
    EXPECT_THAT(mistake_of("{nodes: [aggregator], nat: home}"),
                HasSubstr("nobody could connect to the aggregator"));
    EXPECT_THAT(mistake_of("{nodes: [aggregator], firewall: outbound-only}"),
                HasSubstr("nobody could connect to the aggregator"));
    EXPECT_THAT(mistake_in("fabric: {ip: 6}\nsites: {a: {nodes: [collaborator1], nat: home}}\n"),
                HasSubstr("IPv6 is not translated"));
    EXPECT_THAT(mistake_in("fabric: {kind: bridge}\nsites: {a: {nodes: [collaborator1]}}\n"),
                HasSubstr("use --fabric routed"));
    EXPECT_THAT(mistake_in("sites: {a: {nodes: [collaborator1]}, b: {nodes: collaborators}}\n"),
                HasSubstr("collaborator1 is in a site already"));
    EXPECT_THAT(mistake_in("fabric: {uplink: [collaborator1]}\nsites: {a: {nodes: [collaborator1]}}\n"),
                HasSubstr("has an uplink of this machine"));
    EXPECT_THAT(mistake_in("fabric: {mtu: 1300}\nsites: {a: {nodes: [collaborator1], vpn: wireguard}}\n"),
                HasSubstr("an MTU of 1220 bytes"));
}

std::string mistake_of_fault(const std::string& site, const std::string& fault) {
    return mistake_in("sites: {a: " + site + "}\nfaults: [{on: start, for: 1s, " + fault + "}]\n");
}

TEST(Site, FaultsOfASiteThatHasNotWhatTheyChangeAreRefused) {
    constexpr const char* open = "{nodes: [collaborator1]}";
    EXPECT_THAT(mistake_of_fault(open, "kind: nat-rebind"), HasSubstr("the site has no NAT"));
    EXPECT_THAT(mistake_of_fault(open, "kind: full-uplink, up: 1mbit"), HasSubstr("uplink has no rate"));
    EXPECT_THAT(mistake_of_fault(open, "kind: vpn-down"), HasSubstr("the site has no VPN"));
    EXPECT_THAT(mistake_of_fault(open, "kind: site, nodes: [collaborator1]"), HasSubstr("of a whole site"));
    EXPECT_THAT(mistake_of_fault(open, "kind: site, site: b"), HasSubstr("'b'"));
    EXPECT_THAT(mistake_of_fault("{nodes: [collaborator1], uplink: 5mbit}", "kind: full-uplink, up: 6mbit"),
                HasSubstr("less than the uplink's own rate"));
    EXPECT_THAT(mistake_of_fault("{nodes: [collaborator1], uplink: 5mbit}", "kind: full-uplink"),
                HasSubstr("nothing says what is left"));
    EXPECT_THAT(mistake_in("faults: [{kind: site, on: start, for: 1s}]\n"), HasSubstr("has no sites"));
    EXPECT_THAT(mistake_in("sites: {a: {nodes: [collaborator1]}, b: {nodes: [collaborator2]}}\n"
                           "faults: [{kind: site, on: start, for: 1s}]\n"),
                HasSubstr("there are several sites"));
    EXPECT_EQ(
        mistake_of_fault("{nodes: [collaborator1], firewall: idle 9s}", "kind: nat-rebind, new: nothing"),
        "none");
}

TEST(Site, APeerBehindANatIsRefusedWhereNobodyCanTellItApart) {
    const auto with_peer = [](const char* site) {
        return mistake_of_fault(site, "kind: drop, nodes: [aggregator], peers: [collaborator1]");
    };
    EXPECT_THAT(with_peer("{nodes: [collaborator1], nat: home}"), HasSubstr("behind the NAT of the site a"));
    EXPECT_EQ(with_peer("{nodes: [collaborator1], nat: home, vpn: wireguard}"), "none");
    EXPECT_EQ(with_peer("{nodes: [collaborator1]}"), "none");
}

TEST(Site, AProxyIsItsOnlyWayOut) {
    const SiteSpec one = site("{nodes: [collaborator1], proxy: connect}");
    EXPECT_TRUE(one.relays());
    EXPECT_FALSE(one.hides() || one.is_stateful());
    EXPECT_THAT(needs_of(one), IsSupersetOf({Need::route_by_mark, Need::reject}));
    EXPECT_FALSE(site("{nodes: [collaborator1], proxy: none}").relays());
    Scenario again;
    const Scenario scenario = checked("sites: {a: {nodes: [collaborator1], proxy: connect}}\n");
    ASSERT_TRUE(read_yaml(again, write_yaml(scenario), "again.yaml"));
    EXPECT_TRUE(again.fabric.sites.at(0).relays());
    EXPECT_THAT(mistake_of("{nodes: [collaborator1], proxy: socks}"), HasSubstr("socks"));
    EXPECT_THAT(mistake_of("{nodes: all, proxy: connect}"),
                HasSubstr("its proxy connects to the outside alone"));
    EXPECT_THAT(mistake_of_fault("{nodes: [collaborator1], proxy: connect}",
                                 "kind: drop, nodes: [aggregator], peers: [collaborator1]"),
                HasSubstr("behind the proxy of the site a"));
    EXPECT_EQ(mistake_of_fault("{nodes: [collaborator1], proxy: connect}",
                               "kind: drop, nodes: [collaborator1], peers: [aggregator]"),
              "none");
}

TEST(Site, AFaultOfAVpnLosesNothingByItself) {
    const Scenario scenario = checked(
        "sites: {a: {nodes: [collaborator1, collaborator3], vpn: wireguard}}\n"
        "faults: [{kind: vpn-down, on: start, for: 6m}]\n");
    const FaultPlan plan = plan_of(scenario, scenario.faults.at(0)).value();
    EXPECT_TRUE(plan.waits());
    EXPECT_TRUE(plan.filter.outside);
    ASSERT_TRUE(plan.site);
    EXPECT_TRUE(plan.site->cuts_tunnel);
    EXPECT_THAT(plan.nodes, ElementsAre(1U, 3U));
}

}  // namespace
}  // namespace netcut::test::NETCUT_FILE
