// SPDX-License-Identifier: Apache-2.0
//
// An aggregator and three collaborators, two of which are in a site.
#pragma once

#include "fabric/sites.h"
#include "fault/plan.h"
#include "kernel/fault_scene.h"

namespace netcut::test {

// Of nodes 1 and 2; nodes 0 and 3 are outside.
inline FabricOptions with_site(bool v6, SiteSpec site) {
    FabricOptions options;
    options.ipv4 = !v6;
    options.ipv6 = v6;
    site.name = "a";
    site.nodes = {"collaborator1", "collaborator2"};
    options.sites = {std::move(site)};
    options.single_segments = options.sites.front().up.has_value();
    return options;
}

inline SiteSpec behind(Nat nat) {
    return {.name = {}, .nat = nat};
}

// A site that nobody reaches from outside.
inline SiteSpec firewalled() {
    return {.name = {}, .outbound_only = true};
}

inline bool is_told_of(const Fd& socket, const char* text) {
    char byte = 0;
    return ::recv(socket.get(), &byte, 1, 0) == 1 && byte == *text;
}

// Over UDP each of them, with the first datagram; over TCP one into the site and one out of it.
inline void expect_all_reach_each_other(Fabric& all, bool v6) {
    for (std::size_t from = 0; from < all.size(); ++from)
        for (std::size_t to = 0; to < all.size(); ++to)
            if (from != to) {
                EXPECT_TRUE(UdpProbe(all, from, to, v6).passes()) << from << " -> " << to;
            }
    EXPECT_TRUE(TcpPair(all, 1, 0, v6).speaks());
    EXPECT_TRUE(TcpPair(all, 0, 2, v6).speaks());
}

inline constexpr std::size_t site_collaborators = 3;

class SiteTest : public testing::TestWithParam<bool> {
  protected:
    void SetUp() override { NETCUT_NEEDS_ROOT(); }
    bool v6() const { return GetParam(); }
    Fabric fabric(const SiteSpec& site = {}) const {
        return must(Fabric::build(with_site(v6(), site), names(site_collaborators)));
    }
    FaultScene scene(FaultPlan plan, const SiteSpec& site) const {
        return FaultScene(with_site(v6(), site), {std::move(plan)}, site_collaborators);
    }
};

inline auto each_ip() {
    return testing::Bool();
}
inline std::string ip_name(const testing::TestParamInfo<bool>& info) {
    return info.param ? "V6" : "V4";
}

}  // namespace netcut::test
