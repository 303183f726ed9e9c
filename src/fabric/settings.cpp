// SPDX-License-Identifier: Apache-2.0
#include "fabric/settings.h"

#include <fmt/format.h>
#include <linux/netlink.h>
#include <unistd.h>

#include "base/io.h"
#include "kernel/netns.h"
#include "kernel/rights.h"

namespace netcut {
namespace {

// Smaller tables of connections, which a node has, make the kernel choose smaller limits as well. Those are
// put back to what this machine has.
void add_limits_of_machine(Settings& settings) {
    for (const char* limit : {"net/ipv4/tcp_max_tw_buckets", "net/ipv4/tcp_max_syn_backlog"})
        if (const auto value = read_file(std::string("/proc/sys/") + limit))
            settings.emplace_back(limit, value->substr(0, value->find('\n')));
}

}  // namespace

Settings node_settings(const FabricOptions& options) {
    // Ordinary users may ping: a node has no capability that would let it otherwise.
    // And they may serve on any port, as in a container.
    // A user namespace knows no group but ours.
    const std::string pingers = may_set_groups() ? "0\t2147483647" : fmt::format("{0}\t{0}", ::getegid());
    Settings settings = {{"net/ipv4/ping_group_range", pingers},
                         {"net/ipv4/ip_unprivileged_port_start", "0"}};
    add_limits_of_machine(settings);
    if (options.ipv6) {
        settings.insert(settings.end(),
                        {{"net/ipv6/conf/default/addr_gen_mode", "1"},  // no link-local address
                         {"net/ipv6/conf/default/accept_ra", "0"}});
    } else if (::access("/proc/sys/net/ipv6", F_OK) == 0) {
        settings.emplace_back("net/ipv6/conf/default/disable_ipv6", "1");
    }
    return settings;
}

Settings router_settings(const FabricOptions& options) {
    Settings settings = node_settings(options);
    if (options.kind != FabricKind::routed) return settings;
    settings.insert(settings.end(), {{"net/ipv4/ip_forward", "1"},
                                     {"net/ipv4/conf/all/rp_filter", "0"},
                                     {"net/ipv4/conf/default/rp_filter", "0"},
                                     {"net/ipv4/conf/all/send_redirects", "0"},
                                     {"net/ipv4/conf/default/send_redirects", "0"},
                                     // No kind of ICMP error is limited. (To lift the limits themselves would
                                     // not do: before 6.12 one of them is of the whole machine.)
                                     {"net/ipv4/icmp_ratemask", "0"}});
    if (options.ipv6)
        settings.insert(settings.end(), {{"net/ipv6/conf/all/forwarding", "1"},
                                         {"net/ipv6/icmp/ratemask", "0"}});  // a list: of type 0, unused
    return settings;
}

std::function<Result<void>()> preparation(const Settings& settings, std::vector<NetlinkSocket>& sockets) {
    return [&]() -> Result<void> {
        NETCUT_TRY(set_sysctls(settings));
        NETCUT_ASSIGN(NetlinkSocket socket, NetlinkSocket::open(NETLINK_ROUTE, nullptr));
        sockets.push_back(std::move(socket));
        return {};
    };
}

}  // namespace netcut
