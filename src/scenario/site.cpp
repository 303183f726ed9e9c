// SPDX-License-Identifier: Apache-2.0
#include "scenario/site.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "scenario/check.h"
#include "scenario/fault_check.h"
#include "scenario/fault_yaml.h"
#include "scenario/text_check.h"
#include "scenario/value_schema.h"
#include "scenario/words.h"

namespace netcut {
namespace {

constexpr Words<Nat, 4> nats{
    {{"none", Nat::none}, {"home", Nat::home}, {"cgnat", Nat::cgnat}, {"symmetric", Nat::symmetric}}};
constexpr Words<Vpn, 2> vpns{{{"none", Vpn::none}, {"wireguard", Vpn::wireguard}}};
constexpr Words<Proxy, 2> proxies{{{"none", Proxy::none}, {"connect", Proxy::connect}}};
constexpr const char *no_firewall = "none", *outbound_only = "outbound-only", *idle_word = "idle ";
constexpr auto longest_idle = std::chrono::hours(24);

Failure wrong_site(const SiteSpec& site, const std::string& why, const std::string& hint = {},
                   Mistake mistake = Mistake::value) {
    return usage_failure(fmt::format("make the site {}", site.name), why, hint, mistake);
}

// "20mbit/5mbit": as lines are sold, to the site and from it.
Result<void> parse_uplink(const std::string& text, SiteSpec& site) {
    const std::size_t slash = text.find('/');
    NETCUT_ASSIGN(const std::uint64_t down, parse_rate(text.substr(0, slash)));
    std::uint64_t up = down;
    if (slash != std::string::npos) {
        NETCUT_ASSIGN(up, parse_rate(text.substr(slash + 1)));
    }
    for (auto& [way, rate] : {std::pair(&site.down, down), std::pair(&site.up, up)}) {
        if (!*way) way->emplace();
        (*way)->bits_per_second = rate;
    }
    return {};
}

Result<void> parse_queue(const std::string& text, SiteSpec& site) {
    const auto time = parse_duration(text);
    const auto bytes = parse_bytes(text);
    if (!time && !bytes)
        return usage_failure("read the queue '" + text + "'", "it is neither a time nor a number of bytes",
                             "write 100ms, or 64KiB");
    for (auto* way : {&site.down, &site.up}) {
        if (!*way) way->emplace();
        if (time) (*way)->queue = *time;
        (*way)->queue_bytes = time ? std::nullopt : std::optional(*bytes);
    }
    return {};
}

Result<void> parse_firewall(const std::string& text, SiteSpec& site) {
    site.outbound_only = text != no_firewall;
    site.idle.reset();
    if (text == no_firewall || text == outbound_only) return {};
    const std::string attempt = "read the firewall '" + text + "'";
    if (!text.starts_with(idle_word))
        return usage_failure(attempt, "it is none of: none, outbound-only, idle TIME", "write idle 300s");
    NETCUT_ASSIGN(const Nanoseconds time, parse_duration(text.substr(std::string_view(idle_word).size())));
    site.idle = std::chrono::duration_cast<std::chrono::seconds>(time);
    if (*site.idle != time || time < std::chrono::seconds(1) || time > longest_idle)
        return usage_failure(attempt, "a router counts in whole seconds, from 1s to a day");
    return {};
}

std::string uplink_schema() {
    return R"({"type": "string", "examples": ["20mbit/5mbit"]})";
}

Result<void> check_nodes_of(const Scenario& scenario, SiteSpec& site, std::set<std::string>& taken) {
    if (site.nodes.empty())
        return wrong_site(site, "it has no nodes", "write nodes: [collaborator1]", Mistake::missing);
    site.nodes = expanded_nodes(scenario, site.nodes);
    for (const std::string& name : site.nodes) {
        NETCUT_TRY(check_node(scenario, name, "put into the site " + site.name));
        if (!taken.insert(name).second)
            return wrong_site(site, name + " is in a site already", "a node is in one site",
                              Mistake::conflict);
        const auto& uplinks = scenario.fabric.uplink;
        if (std::find(uplinks.begin(), uplinks.end(), name) != uplinks.end())
            return wrong_site(site, name + " has an uplink of this machine (fabric.uplink)",
                              "all that a node of a site sends goes through the site", Mistake::conflict);
    }
    return {};
}

// An IPv6 packet of 1,280 bytes passes everywhere: RFC 8200, 5. For IPv4 it is what hosts take: RFC 791, 3.1.
Result<void> check_tunnel(const Scenario& scenario, const SiteSpec& site) {
    if (site.vpn == Vpn::none) return {};
    const unsigned least = (scenario.fabric.ipv6 ? 1280 : 576) + tunnel_overhead;
    if (scenario.fabric.mtu >= least) return {};
    return wrong_site(
        site, fmt::format("its tunnel would have an MTU of {} bytes", scenario.fabric.mtu - tunnel_overhead),
        fmt::format("make the mtu of the fabric at least {}", least), Mistake::conflict);
}

Result<void> check_site(const Scenario& scenario, SiteSpec& site, std::set<std::string>& taken) {
    NETCUT_TRY(check_name(site.name, "the site"));
    NETCUT_TRY(check_nodes_of(scenario, site, taken));
    NETCUT_TRY(check_tunnel(scenario, site));
    const bool serves = std::find(site.nodes.begin(), site.nodes.end(), aggregator_name) != site.nodes.end();
    if (serves && site.relays())
        return wrong_site(
            site, "nobody could connect to the aggregator in it: its proxy connects to the outside alone",
            "leave the aggregator out of its nodes, or leave out its proxy", Mistake::conflict);
    if (serves && site.is_stateful() && site.vpn == Vpn::none)
        return wrong_site(site, "nobody could connect to the aggregator in it",
                          "leave out its nat and firewall, give it a vpn, or put the aggregator elsewhere",
                          Mistake::conflict);
    if (site.nat != Nat::none && !scenario.fabric.ipv4)
        return wrong_site(site, "IPv6 is not translated", "write firewall: outbound-only, or ip: both",
                          Mistake::conflict);
    for (const auto& way : {site.up, site.down})
        if (way && way->bits_per_second == 0)
            return wrong_site(site, "it has a queue without an uplink", "write uplink: 20mbit/5mbit",
                              Mistake::missing);
    return {};
}

}  // namespace

std::string nat_word(Nat nat) {
    return name_of(nat, nats);
}

std::string vpn_word(Vpn vpn) {
    return name_of(vpn, vpns);
}

std::string proxy_word(Proxy proxy) {
    return name_of(proxy, proxies);
}

std::string firewall_text(const SiteSpec& site) {
    if (site.idle) return idle_word + duration_text(*site.idle);
    return site.outbound_only ? outbound_only : no_firewall;
}

void read_sites(YamlSection& section, std::vector<SiteSpec>& sites) {
    bool first = true;
    section.named_sections("sites", [&](const std::string& name, YamlSection& one) {
        if (std::exchange(first, false)) sites.clear();
        SiteSpec& site = sites.emplace_back(SiteSpec{name});
        one.list("nodes", site.nodes);
        one.scalar(
            "uplink", [&](const std::string& text) { return parse_uplink(text, site); }, uplink_schema());
        one.scalar(
            "queue", [&](const std::string& text) { return parse_queue(text, site); }, text_schema());
        one.scalar(
            "nat",
            [&](const std::string& word) -> Result<void> {
                NETCUT_ASSIGN(site.nat, parse_word(word, nats, "NAT"));
                return {};
            },
            words_schema(names_in(nats)));
        one.scalar(
            "firewall", [&](const std::string& text) { return parse_firewall(text, site); },
            first_word_schema({no_firewall, outbound_only, "idle"}));
        one.scalar(
            "vpn",
            [&](const std::string& word) -> Result<void> {
                NETCUT_ASSIGN(site.vpn, parse_word(word, vpns, "VPN"));
                return {};
            },
            words_schema(names_in(vpns)));
        one.scalar(
            "proxy",
            [&](const std::string& word) -> Result<void> {
                NETCUT_ASSIGN(site.proxy, parse_word(word, proxies, "proxy"));
                return {};
            },
            words_schema(names_in(proxies)));
    });
}

void write_sites(YAML::Emitter& out, const std::vector<SiteSpec>& sites) {
    if (sites.empty()) return;
    out << YAML::Key << "sites" << YAML::Value << YAML::BeginMap;
    for (const SiteSpec& site : sites) {
        out << YAML::Key << site.name << YAML::Value << YAML::Flow << YAML::BeginMap;
        out << YAML::Key << "nodes" << YAML::Value << site.nodes;
        if (site.up && site.down) {
            out << YAML::Key << "uplink" << YAML::Value
                << fmt::format("{}bit/{}bit", site.down->bits_per_second, site.up->bits_per_second);
            out << YAML::Key << "queue" << YAML::Value
                << (site.up->queue_bytes ? std::to_string(*site.up->queue_bytes)
                                         : duration_text(site.up->queue));
        }
        out << YAML::Key << "nat" << YAML::Value << nat_word(site.nat);
        out << YAML::Key << "firewall" << YAML::Value << firewall_text(site);
        if (site.vpn != Vpn::none) out << YAML::Key << "vpn" << YAML::Value << vpn_word(site.vpn);
        if (site.relays()) out << YAML::Key << "proxy" << YAML::Value << proxy_word(site.proxy);
        out << YAML::EndMap;
    }
    out << YAML::EndMap;
}

Result<void> add_site(Scenario& scenario, const std::string& text) {
    YamlSource source("--site", "read --site '" + text + "'");
    const YAML::Node node = source.load("sites: {" + text + "}");
    std::vector<SiteSpec> added;
    {
        YamlSection section(source, node, "sites");
        read_sites(section, added);
        section.finish();
    }
    NETCUT_TRY(source.result());
    auto& sites = scenario.fabric.sites;
    sites.insert(sites.end(), added.begin(), added.end());
    return {};
}

Result<void> check_sites(Scenario& scenario) {
    auto& sites = scenario.fabric.sites;
    if (sites.empty()) return {};
    if (scenario.fabric.kind == FabricKind::bridge)
        return usage_failure("make sites on a bridge", "their routers are between routed links",
                             "use --fabric routed", Mistake::conflict);
    if (sites.size() > max_sites)
        return usage_failure(fmt::format("make {} sites", sites.size()),
                             fmt::format("there can be {}", max_sites));
    const auto relaying = static_cast<std::size_t>(
        std::count_if(sites.begin(), sites.end(), [](const SiteSpec& site) { return site.relays(); }));
    if (relaying > max_proxies)
        return usage_failure(fmt::format("make {} sites with a proxy", relaying),
                             fmt::format("there can be {}", max_proxies));
    std::set<std::string> names, taken;
    for (SiteSpec& site : sites) {
        if (!names.insert(site.name).second)
            return wrong_site(site, "there is one of this name", "give it another name", Mistake::conflict);
        NETCUT_TRY(check_site(scenario, site, taken));
        for (auto* way : {&site.up, &site.down})
            if (*way) (*way)->mtu = scenario.fabric.mtu;
    }
    return {};
}

const SiteSpec* site_of(const Scenario& scenario, const std::string& node) {
    for (const SiteSpec& site : scenario.fabric.sites)
        if (std::find(site.nodes.begin(), site.nodes.end(), node) != site.nodes.end()) return &site;
    return nullptr;
}

std::set<std::string> relayed_nodes(const Scenario& scenario) {
    std::set<std::string> all;
    for (const SiteSpec& site : scenario.fabric.sites)
        if (site.relays()) all.insert(site.nodes.begin(), site.nodes.end());
    return all;
}

bool is_translated(const SiteSpec* site) {
    return site != nullptr && (site->hides() || site->relays());
}

}  // namespace netcut
