// SPDX-License-Identifier: Apache-2.0
//
// What becomes of a whole site: its uplink, and the memory of its router.
#include <algorithm>

#include "base/error.h"
#include "fault/plan.h"
#include "scenario/fault_kind.h"
#include "scenario/fault_spec.h"
#include "scenario/kinds/keys.h"
#include "scenario/scenario.h"
#include "scenario/site.h"

namespace netcut {
namespace {

constexpr Words<Rebirth, 3> rebirths{
    {{"port", Rebirth::port}, {"address", Rebirth::address}, {"nothing", Rebirth::same}}};
// Slower ones are no uplink, and a packet would take more than a second.
constexpr std::uint64_t least_rate = 16'000;

constexpr Nanoseconds moment = std::chrono::milliseconds(100);

FaultKey site_key() {
    return {"site", text_type([](const std::string&) -> Result<void> { return {}; }),
            "which of `sites:`; it may be left out if there is one", "", "the only one"};
}

std::size_t index_of_site(const Scenario& scenario, const FaultSpec& fault) {
    const auto& sites = scenario.fabric.sites;
    const auto found = std::find_if(sites.begin(), sites.end(),
                                    [&](const SiteSpec& site) { return site.name == fault.text("site"); });
    return static_cast<std::size_t>(found - sites.begin());
}

// Fills in site and nodes.
Result<void> check_site_of(const Scenario& scenario, FaultSpec& fault) {
    const auto& sites = scenario.fabric.sites;
    if (sites.empty())
        return fault_failure(fault, "site", "the scenario has no sites",
                             "write sites: {a: {nodes: [collaborator1], uplink: 20mbit/5mbit}}",
                             Mistake::missing);
    if (fault.text("site").empty()) {
        if (sites.size() > 1)
            return fault_failure(fault, "site", "there are several sites", "write site: " + sites[0].name,
                                 Mistake::missing);
        fault.values["site"] = sites.front().name;
    }
    const std::size_t site = index_of_site(scenario, fault);
    if (site == sites.size()) {
        std::vector<std::string> known;
        for (const SiteSpec& one : sites) known.push_back(one.name);
        return fault_failure(fault, "site", unknown_word(fault.text("site"), known, "site").value());
    }
    fault.nodes = expanded_nodes(scenario, sites[site].nodes);
    return {};
}

const SiteSpec& site_of_fault(const Scenario& scenario, const FaultSpec& fault) {
    return scenario.fabric.sites[index_of_site(scenario, fault)];
}

SiteChange& change_of(const Scenario& scenario, const FaultSpec& fault, FaultPlan& plan) {
    return plan.site.emplace(SiteChange{index_of_site(scenario, fault)});
}

Result<void> plan_off(const Scenario&, const FaultSpec&, FaultPlan& plan) {
    plan.filter.outside = true;
    return {};
}

Result<void> check_rebirth(const Scenario& scenario, FaultSpec& fault) {
    NETCUT_TRY(check_site_of(scenario, fault));
    if (!fault.given("for")) fault.duration = moment;
    const SiteSpec& site = site_of_fault(scenario, fault);
    if (site.nat != Nat::none) return {};
    if (fault.text("new") == "nothing" && site.is_stateful()) return {};
    return fault_failure(fault, "site", "the site has no NAT", "give it one: nat: home");
}

Result<void> plan_rebirth(const Scenario& scenario, const FaultSpec& fault, FaultPlan& plan) {
    change_of(scenario, fault, plan).forgets = parse_word(fault.text("new"), rebirths, "").value();
    return {};
}

Result<void> check_vpn(const Scenario& scenario, FaultSpec& fault) {
    NETCUT_TRY(check_site_of(scenario, fault));
    if (site_of_fault(scenario, fault).vpn != Vpn::none) return {};
    return fault_failure(fault, "site", "the site has no VPN", "give it one: vpn: wireguard");
}

Result<void> plan_vpn(const Scenario& scenario, const FaultSpec& fault, FaultPlan& plan) {
    change_of(scenario, fault, plan).cuts_tunnel = true;
    plan.filter.outside = true;
    return {};
}

Result<void> check_uplink(const Scenario& scenario, FaultSpec& fault) {
    NETCUT_TRY(check_site_of(scenario, fault));
    const SiteSpec& site = site_of_fault(scenario, fault);
    if (!site.up || !site.down)
        return fault_failure(fault, "site", "the site's uplink has no rate",
                             "give it one: uplink: 20mbit/5mbit");
    bool any = false;
    for (const auto& [key, whole] : {std::pair("up", &*site.up), std::pair("down", &*site.down)}) {
        const auto rate = value_of(fault, key, parse_rate);
        any = any || rate;
        if (rate && (*rate < least_rate || *rate >= whole->bits_per_second))
            return fault_failure(fault, key, "it is less than the uplink's own rate, and at least 16kbit");
    }
    if (any) return {};
    return fault_failure(fault, "", "nothing says what is left of the uplink", "write up: 500kbit",
                         Mistake::missing);
}

// As many bytes may wait as ever: what is slow makes them wait longer.
std::optional<RateLimit> slower(const std::optional<RateLimit>& whole, std::optional<std::uint64_t> rate) {
    if (!rate || !whole) return {};
    RateLimit slow = *whole;
    if (!slow.queue_bytes)
        slow.queue_bytes = std::max(bytes_in(whole->bits_per_second, whole->queue),
                                    std::uint64_t{whole->mtu} + ethernet_header);
    slow.bits_per_second = *rate;
    return slow;
}

Result<void> plan_uplink(const Scenario& scenario, const FaultSpec& fault, FaultPlan& plan) {
    const SiteSpec& site = site_of_fault(scenario, fault);
    SiteChange& change = change_of(scenario, fault, plan);
    change.up = slower(site.up, value_of(fault, "up", parse_rate));
    change.down = slower(site.down, value_of(fault, "down", parse_rate));
    plan.filter.outside = true;
    return {};
}

PacketAction wait_for_site(const FaultSpec&) {
    return Wait{};
}

// Every kind here is of one whole site.
FaultKind of_site(FaultKind kind) {
    kind.keys.insert(kind.keys.begin(), site_key());
    kind.refused.insert(kind.refused.begin(), {"nodes", "it is of a whole site", "write site: NAME"});
    kind.needs.insert(kind.needs.begin(), Need::route_by_mark);
    return kind;
}

}  // namespace

std::vector<FaultKind> site_kinds() {
    return {
        of_site({.name = "site",
                 .summary = "a whole site is cut off; its nodes still reach each other",
                 .example = "--site 'a: {nodes: collaborators}' --fault '{kind: site, on: {log: \"round 2: "
                            "training\"}, for: 1s}'",
                 .check = check_site_of,
                 .plan = plan_off}),
        of_site({.name = "nat-rebind",
                 .summary = "a site's router forgets all flows, and gives them another port or address",
                 .example = "--site 'a: {nodes: collaborators, nat: home}' --ip 4 --fault '{kind: "
                            "nat-rebind, on: {log: \"round 2: training\"}}' --set channel=kept",
                 .keys = {{"new", words_type("what is new", names_in(rebirths)),
                           "`port`: flows come from another port of the site's public address; `address`: "
                           "from another address; `nothing`: flows are forgotten, and the router learns them "
                           "again if its firewall allows that",
                           "port"}},
                 .refused = {{"flap", "what was forgotten does not come back", "use times"}},
                 .needs = {Need::track, Need::nat},
                 .check = check_rebirth,
                 .action = leave_alone,
                 .plan = plan_rebirth}),
        of_site({.name = "full-uplink",
                 .summary = "others take most of a site's uplink, and packets wait in its queue",
                 .example = "--site 'a: {nodes: collaborators, uplink: 100mbit/20mbit}' --fault '{kind: "
                            "full-uplink, up: 500kbit, on: {log: \"round 2: training\"}, for: 1s}'",
                 .keys = {{"up", rate_type(), "what is left of the rate from the site"},
                          {"down", rate_type(), "what is left of the rate to the site"}},
                 .needs = {Need::tbf},
                 .check = check_uplink,
                 .action = wait_for_site,
                 .plan = plan_uplink}),
        of_site({.name = "vpn-down",
                 .summary = "a site's VPN carries nothing; its router goes on trying",
                 .example =
                     "--site 'a: {nodes: collaborators, vpn: wireguard}' --fault '{kind: vpn-down, on: "
                     "{log: \"round 2: training\"}, for: 1s}'",
                 .needs = {Need::wireguard},
                 .without = "use the kind site: it loses the same packets in front of the site's router",
                 .check = check_vpn,
                 .action = wait_for_site,
                 .plan = plan_vpn}),
    };
}

}  // namespace netcut
