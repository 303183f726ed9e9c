// SPDX-License-Identifier: Apache-2.0
#include "run/run_proxies.h"

#include <fmt/format.h>
#include <linux/netlink.h>

#include <algorithm>

#include "fabric/ready.h"
#include "fabric/sites.h"
#include "kernel/sockdiag.h"
#include "node/spawn.h"

namespace netcut {
namespace {

constexpr std::size_t longest_complaint = 200;

std::string host_text(const IpAddress& address) {
    return address.is_v6() ? "[" + address.to_string() + "]" : address.to_string();
}

}  // namespace

Environment proxy_environment(const Fabric& fabric, std::size_t node) {
    const Sites* sites = fabric.sites();
    const auto site = sites != nullptr ? sites->of(node) : std::nullopt;
    if (!site || (*sites)[*site].relays() == nullptr) return {};
    const std::string proxy =
        fmt::format("http://{}:{}", host_text((*sites)[*site].addresses().front()), proxy_port);
    std::string direct = "localhost,127.0.0.1,::1";
    for (std::size_t other = 0; other < fabric.size(); ++other) {
        if (sites->of(other) != site) continue;
        direct += "," + fabric.node(other).name;
        for (const IpAddress& address : fabric.node(other).addresses) direct += "," + address.to_string();
    }
    Environment variables;
    for (const char* name : {"http_proxy", "https_proxy", "grpc_proxy", "HTTP_PROXY", "HTTPS_PROXY"})
        variables[name] = proxy;
    for (const char* name : {"no_proxy", "NO_PROXY"}) variables[name] = direct;
    return variables;
}

Result<void> RunProxies::start(const std::string& hosts) {
    const Sites* sites = fabric_.sites();
    for (std::size_t site = 0; sites != nullptr && site < sites->size(); ++site)
        if ((*sites)[site].relays() != nullptr) NETCUT_TRY(start(site, hosts));
    return proxies_.empty() ? Result<void>() : await_listening();
}

Result<void> RunProxies::start(std::size_t site, const std::string& hosts) {
    SiteRouter& router = (*fabric_.sites())[site];
    const std::string name = "proxy-" + router.spec().name;
    NodeSpec spec;
    spec.name = name;
    NETCUT_ASSIGN(const std::string program, find_own_program("netcut-fl-proxy"));
    spec.argv = {program};
    for (const IpAddress& address : router.addresses()) spec.argv.push_back(address.to_string());
    spec.cwd = "/";
    spec.user = run_.user;
    spec.hosts = hosts;
    const auto said = [this, site, name](Stream stream, std::string_view bytes) {
        if (stream == Stream::out) return (*fabric_.sites())[site].relays()->take(bytes);
        complaints_[name] = std::string(bytes.substr(0, longest_complaint));
    };
    const auto exited = [this, name](ExitStatus) {
        run_.fail(Error{Error::Kind::machine,
                        "keep " + name + " running",
                        0,
                        "it has ended: " + complaints_[name],
                        "see logs/" + name + ".err",
                        {},
                        {},
                        {}});
    };
    auto proxy =
        std::make_unique<Node>(run_.io, std::move(spec), Node::Observer{[] {}, said, exited, run_.fail});
    NETCUT_ASSIGN(Fd out, run_.folder.create_file("logs/" + name + ".out"));
    NETCUT_ASSIGN(Fd err, run_.folder.create_file("logs/" + name + ".err"));
    NETCUT_TRY(proxy->start(router.ns(), std::move(out), std::move(err)));
    proxies_.push_back(std::move(proxy));
    return {};
}

// By their sockets: what they say is read later.
Result<void> RunProxies::await_listening() {
    const Sites& sites = *fabric_.sites();
    for (std::size_t site = 0; site < sites.size(); ++site) {
        const SiteRouter& router = sites[site];
        if (router.relays() == nullptr) continue;
        NETCUT_ASSIGN(NetlinkSocket diag, NetlinkSocket::open(NETLINK_SOCK_DIAG, &router.ns()));
        NETCUT_TRY(await("the proxy of site " + router.spec().name, [&]() -> Result<bool> {
            NETCUT_ASSIGN(const auto listening, list_listening_sockets(diag));
            return listening.size() >= router.addresses().size();
        }));
    }
    return {};
}

Result<void> RunProxies::rewrite_hosts(const std::string& hosts) {
    for (const auto& proxy : proxies_) NETCUT_TRY(proxy->rewrite_hosts(hosts));
    return {};
}

void RunProxies::end() {
    proxies_.clear();
}

}  // namespace netcut
