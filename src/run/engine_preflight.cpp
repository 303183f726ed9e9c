// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include <algorithm>

#include "fabric/options.h"
#include "fabric/uplink.h"
#include "fault/needs.h"
#include "fault/probe.h"
#include "fault/table.h"
#include "kernel/netns.h"
#include "kernel/rights.h"
#include "node/limits.h"
#include "run/engine.h"
#include "run/tcp_check.h"
#include "scenario/fault_spec.h"
#include "scenario/plan.h"

namespace netcut {

namespace {

Result<void> check_open_files(const Scenario& scenario) {
    // Of a node: namespace, three netlink sockets, two outputs, two logs, lifeline, status, the times of its
    // processes, two of which are ours, and a capture; of each log in a file two, and of syslog. Each further
    // process is one more.
    const std::uint64_t logs = std::max(scenario.aggregator.logs.size(), scenario.collaborator.logs.size());
    const std::uint64_t descriptors_per_node =
        13 + (scenario.pcap ? 1 : 0) + (scenario.syslog ? 2 : 0) + 2 * logs;
    constexpr std::uint64_t descriptors_of_ours = 64;
    raise_limits();
    rlimit limit{};
    ::getrlimit(RLIMIT_NOFILE, &limit);
    const std::uint64_t needed = descriptors_of_ours + descriptors_per_node * (scenario.collaborators + 1);
    if (needed <= limit.rlim_cur) return {};
    return machine_failure(
        fmt::format("run {} collaborators", scenario.collaborators),
        fmt::format("it takes {} open files, and the limit is {}", needed, limit.rlim_cur),
        fmt::format("raise it (ulimit -Hn {0}; ulimit -n {0}), or use fewer --cols", needed));
}

Failure lacking(std::string attempt, Need need, std::string hint) {
    return machine_failure(std::move(attempt),
                           fmt::format("this kernel has no {} ({})", need_name(need), need_options(need)),
                           std::move(hint));
}

Result<void> check_capture(const NetNs& apart) {
    const Need need = Need::packet_log;
    if (probe(need, apart)) return {};
    return lacking("capture what is lost (--pcap)", need, "");
}

// What the run needs of the kernel, before anything starts: a fault that cannot be done is never pretended.
Result<void> check_needs(const Scenario& scenario, const NetNs& apart) {
    const std::set<Need> missing = [&] {
        std::set<Need> set;
        for (const Need need : needs_of(scenario))
            if (!probe(need, apart)) set.insert(need);
        return set;
    }();
    if (scenario.pcap) NETCUT_TRY(check_capture(apart));
    for (const FaultSpec& fault : scenario.faults)
        for (const Need need : needs_of(scenario, fault))
            if (missing.contains(need))
                return lacking(fmt::format("do the fault '{}' ({})", fault.name, fault.kind->name), need,
                               fault.kind->without);
    for (const Need need : needs_of_links(scenario))
        if (missing.contains(need)) return lacking("give links rates of their own (link:)", need, "");
    for (const SiteSpec& site : scenario.fabric.sites)
        for (const Need need : needs_of(site))
            if (missing.contains(need)) return lacking("make the site " + site.name, need, "");
    for (const Need need : needs_of(scenario.fabric))
        if (missing.contains(need))
            return lacking("limit the rate of all links", need, "use the other shaper: tbf or htb");
    return {};
}

// Every node gets mounts of its own, one of them over /etc/hosts. What a bare system or a chroot lacks for that is named before
// anything starts.
Result<void> check_root_folder() {
    if (::access("/etc/hosts", F_OK) != 0)
        return system_failure("give nodes an /etc/hosts of their own", "make the file: touch /etc/hosts");
    struct statx root {};
    const bool known =
        ::statx(AT_FDCWD, "/", 0, 0, &root) == 0 && (root.stx_attributes_mask & STATX_ATTR_MOUNT_ROOT) != 0;
    if (!known || (root.stx_attributes & STATX_ATTR_MOUNT_ROOT) != 0) return {};
    return machine_failure("give nodes mounts of their own",
                           "this is a chroot, and its root folder is not a mount point",
                           "before chroot DIR: mount --bind DIR DIR");
}

}  // namespace

Result<void> preflight(const Scenario& scenario) {
    NETCUT_TRY(check_open_files(scenario));
    NETCUT_TRY(check_root_folder());
    NETCUT_ASSIGN(const Rights rights, gain_rights());
    if (!scenario.fabric.uplink.empty()) NETCUT_TRY(check_uplink(scenario.fabric, rights));
    NETCUT_ASSIGN(const NetNs apart, NetNs::create());
    NETCUT_TRY(FaultTable::probe(apart));
    NETCUT_TRY(check_tcp_here(scenario, apart));
    return check_needs(scenario, apart);
}

}  // namespace netcut
