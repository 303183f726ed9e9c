// SPDX-License-Identifier: Apache-2.0
#include "run/run_sites.h"

#include "fabric/sites.h"
#include "record/event.h"
#include "scenario/site.h"

namespace netcut {
namespace {

std::vector<std::string> texts_of(const std::vector<IpAddress>& addresses) {
    std::vector<std::string> all;
    for (const IpAddress& address : addresses) all.push_back(address.to_string());
    return all;
}

std::optional<std::uint64_t> rate_of(const std::optional<RateLimit>& way) {
    return way ? std::optional(way->bits_per_second) : std::nullopt;
}

}  // namespace

void note_sites(const Fabric& fabric, Journal& journal) {
    const Sites* sites = fabric.sites();
    for (std::size_t i = 0; sites != nullptr && i < sites->size(); ++i) {
        const SiteRouter& router = (*sites)[i];
        const SiteSpec& spec = router.spec();
        journal.add(
            event::Site{.site = spec.name,
                        .nodes = spec.nodes,
                        .addresses = texts_of(router.addresses()),
                        .public_addresses = texts_of(router.public_addresses()),
                        .nat = nat_word(spec.nat),
                        .firewall = firewall_text(spec),
                        .vpn = spec.vpn == Vpn::none ? std::nullopt : std::optional(vpn_word(spec.vpn)),
                        .proxy = spec.relays() ? std::optional(proxy_word(spec.proxy)) : std::nullopt,
                        .up_bit_per_s = rate_of(spec.up),
                        .down_bit_per_s = rate_of(spec.down)});
    }
}

Result<void> note_sums_of_sites(Fabric& fabric, Journal& journal) {
    Sites* sites = fabric.sites();
    if (sites == nullptr) return {};
    NETCUT_ASSIGN(const auto received, sites->count_received());
    for (std::size_t i = 0; i < sites->size(); ++i) {
        SiteRouter& router = (*sites)[i];
        NETCUT_ASSIGN(const auto unknown, router.count_unknown());
        event::SiteSummed sum{router.spec().name, unknown.up, unknown.down};
        if (router.spec().up) {
            NETCUT_ASSIGN(const QueueCount sent, router.count_sent());
            sum.up = {sent.bytes, sent.lost};
        }
        if (const RelayBook* book = router.relays())
            sum.proxy = {book->opened(), book->refused(), book->unread()};
        if (Tunnel* tunnel = router.tunnel()) {
            NETCUT_ASSIGN(const auto lost, tunnel->count_lost());
            sum.vpn_lost = {lost.up, lost.down};
            if (router.spec().down) {
                NETCUT_ASSIGN(const QueueCount down, tunnel->count_down());
                sum.down = {down.bytes, down.lost};
            }
        }
        const auto down = received.find(router.wan_port().index);
        if (down != received.end()) sum.down = {down->second.bytes, down->second.lost};
        journal.add(std::move(sum));
    }
    return {};
}

}  // namespace netcut
