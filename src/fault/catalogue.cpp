// SPDX-License-Identifier: Apache-2.0
#include "netcut/catalogue.h"

#include <algorithm>

namespace netcut {
namespace {

using Keys = std::set<std::string>;

const Keys link_filter = {"direction", "peers"};
const Keys flow_filter = {"direction", "peers", "port"};
const Keys packet_filter = {"direction", "peers", "port", "only", "beyond"};

Keys operator+(Keys keys, const Keys& more) {
    keys.insert(more.begin(), more.end());
    return keys;
}

constexpr const char* no_netem =
    "without netem there are rate and loss, which are exact, and drop; netem needs another kernel";

std::vector<FaultInfo> make_catalogue() {
    using enum FaultKind;
    const std::vector<Need> netem = {Need::netem, Need::redirect};
    return {
        {drop,
         "drop",
         "loses packets, silently; all of them, or those of a direction, peer, port",
         {},
         packet_filter,
         "--kind drop --cut-on 'round 2: training' --reconnect-after 1s",
         ""},
        {down,
         "down",
         "takes the node's link down, at either end",
         {},
         {"end"},
         "--kind down --cut-on 'round 2: training' --reconnect-after 1s",
         ""},
        {unplug,
         "unplug",
         "removes the node's interface and puts it back, as docker network disconnect does",
         {},
         {"address", "mac", "announce"},
         "--kind unplug --cut-on 'round 2: training' --reconnect-after 1s",
         ""},
        {reset,
         "reset",
         "answers TCP segments by RST: connections end at once",
         {Need::reject},
         flow_filter + Keys{"beyond"},
         "--fault '{kind: reset, when: sent 64KiB, for: 50ms}' --set on-error=resend",
         ""},
        {reject,
         "reject",
         "answers packets by an ICMP or ICMPv6 error of a chosen code",
         {Need::reject},
         packet_filter + Keys{"code"},
         "--fault '{kind: reject, code: host-unreachable, on: {log: \"round 2: training\"}, for: 1s}'",
         ""},
        {partition,
         "partition",
         "groups of nodes cannot reach each other, or one cannot reach the other",
         {},
         {"groups", "one_way"},
         "--fault '{kind: partition, groups: [[aggregator], [collaborator2]], on: {log: \"round 2: "
         "training\", "
         "node: collaborator2}, for: 1s}'",
         ""},
        {loss,
         "loss",
         "loses the packets of a list that a model and a seed make: the same everywhere",
         {Need::numgen},
         packet_filter + Keys{"model", "seed", "period"},
         "--fault '{kind: loss, model: iid 1%, seed: 7, on: start, for: never}'",
         ""},
        {delay, "delay", "packets arrive later", netem, packet_filter + Keys{"delay"},
         "--fault '{kind: delay, delay: 20ms, on: start, for: never}'", no_netem},
        {jitter, "jitter", "packets arrive later, by times that vary", netem,
         packet_filter + Keys{"delay", "jitter", "distribution", "correlation"},
         "--fault '{kind: jitter, delay: 20ms, jitter: 5ms, distribution: normal, on: start, for: never}'",
         no_netem},
        {reorder, "reorder", "some packets overtake others", netem,
         packet_filter + Keys{"delay", "share", "correlation", "gap"},
         "--fault '{kind: reorder, delay: 10ms, share: 25%, on: start, for: never}'", no_netem},
        {duplicate, "duplicate", "some packets arrive twice", netem,
         packet_filter + Keys{"share", "correlation"},
         "--fault '{kind: duplicate, share: 5%, on: start, for: never}'", no_netem},
        {corrupt, "corrupt", "a bit of some packets is wrong", netem,
         packet_filter + Keys{"share", "correlation"},
         "--fault '{kind: corrupt, share: 1%, on: start, for: never}'", no_netem},
        {rate,
         "rate",
         "a slower link, each way by itself: bits per second, burst, queue",
         {Need::htb, Need::redirect},
         packet_filter + Keys{"rate", "burst", "queue"},
         "--fault '{kind: rate, rate: 10mbit, on: start, for: never}'",
         ""},
        {idle_timeout,
         "idle-timeout",
         "a middlebox that forgets TCP connections, or flows of UDP, which are silent for too long",
         {},
         flow_filter + Keys{"after", "answer", "protocol"},
         "--fault '{kind: idle-timeout, after: 300ms, answer: reset, on: start, for: never}' --set "
         "channel=kept",
         ""},
        {mtu_blackhole,
         "mtu-blackhole",
         "larger packets vanish, and no ICMP error says so, or one does",
         {},
         packet_filter + Keys{"size", "answer"},
         "--fault '{kind: mtu-blackhole, size: 1400, on: {log: \"round 2: training\"}, for: 1s}'",
         ""},
        {renumber,
         "renumber",
         "the node comes back with another address",
         {},
         {"mac", "announce"},
         "--fault '{kind: renumber, on: {log: \"round 2: training\"}, for: 200ms}'",
         ""},
        {dns,
         "dns",
         "name lookups (port 53) fail or are late, while all else works",
         {},
         link_filter + Keys{"answer", "delay"},
         "--fault '{kind: dns, answer: refused, on: start, for: never}'",
         ""},
        {pause,
         "pause",
         "the node's processes stand still, and go on",
         {},
         {},
         "--fault '{kind: pause, on: {log: \"round 2: training\"}, for: 1s}'",
         ""},
        {kill,
         "kill",
         "a signal to all of the node's processes",
         {},
         {"signal"},
         "--fault '{kind: kill, on: {log: \"round 2: training\"}}' --hang-after 5s",
         ""},
        {restart,
         "restart",
         "kills the node's processes and starts it again",
         {},
         {"signal"},
         "--fault '{kind: restart, on: {log: \"round 2: training\"}, for: 500ms}'",
         ""},
        {power_off,
         "power-off",
         "the node's machine loses its power and boots again: no FIN, and nothing of it is left",
         {},
         {},
         "--fault '{kind: power-off, on: {log: \"round 2: training\"}, for: 500ms}'",
         ""},
        {names,
         "names",
         "names of nodes stop resolving, or lead to an address that nobody has any more",
         {},
         {"names", "answer"},
         "--fault '{kind: names, answer: none, on: {log: \"round 2: training\"}, for: 500ms}' --set "
         "channel=kept",
         ""},
    };
}

}  // namespace

bool starts_again(FaultKind kind) {
    return kind == FaultKind::restart || kind == FaultKind::power_off;
}

bool is_of_processes(FaultKind kind) {
    return kind == FaultKind::pause || kind == FaultKind::kill || kind == FaultKind::names ||
           starts_again(kind);
}

const std::vector<FaultInfo>& catalogue() {
    static const std::vector<FaultInfo> all = make_catalogue();
    return all;
}

const FaultInfo& info(FaultKind kind) {
    return *std::find_if(catalogue().begin(), catalogue().end(),
                         [kind](const FaultInfo& entry) { return entry.kind == kind; });
}

}  // namespace netcut
