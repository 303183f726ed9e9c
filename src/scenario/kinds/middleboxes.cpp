// SPDX-License-Identifier: Apache-2.0
//
// What a box on the way does that is no plain router: NAT, a load balancer, a tunnel.
#include "base/error.h"
#include "fault/plan.h"
#include "scenario/fault_kind.h"
#include "scenario/fault_spec.h"
#include "scenario/kinds/keys.h"
#include "scenario/scenario.h"

namespace netcut {
namespace {

Result<void> check_idle(const Scenario&, FaultSpec& fault) {
    if (fault.text("protocol") == "udp" && fault.text("answer") == "reset")
        return fault_failure(fault, "answer", "UDP has no reset", "write answer: none");
    if (time_of(fault, "after") >= std::chrono::milliseconds(10)) return {};
    return fault_failure(fault, "after", "the silence after which a connection is forgotten is at least 10ms",
                         "write after: 5s");
}

PacketAction forget(const FaultSpec& fault) {
    return ForgetIdle{time_of(fault, "after"), fault.text("answer") == "reset",
                      fault.text("protocol") == "udp"};
}

PacketAction rebind(const FaultSpec& fault) {
    return Rebind{static_cast<std::uint16_t>(number_of(fault, "flip"))};
}

Result<void> check_size(const Scenario& scenario, FaultSpec& fault) {
    const unsigned least = scenario.fabric.ipv6 ? 48 : 28;  // an IP and a UDP header
    const std::uint64_t size = number_of(fault, "size");
    if (size < least)
        return fault_failure(fault, "size", fmt::format("packets of up to {} bytes must pass", least),
                             "write size: 1400");
    if (size < scenario.fabric.mtu) return {};
    return fault_failure(fault, "size",
                         fmt::format("no packet is larger than the link's MTU of {}", scenario.fabric.mtu));
}

PacketAction lose_large(const FaultSpec& fault) {
    return LoseLarge{static_cast<std::uint16_t>(number_of(fault, "size")), fault.text("answer") == "icmp"};
}

}  // namespace

std::vector<FaultKind> middlebox_kinds() {
    return {
        {.name = "idle-timeout",
         .summary =
             "a middlebox that forgets TCP connections, or flows of UDP, which are silent for too long",
         .example =
             "--fault '{kind: idle-timeout, after: 300ms, answer: reset, on: start, for: never}' --set "
             "channel=kept",
         .keys =
             Keys{{"after", duration_type(), "of silence, either way; 10ms at least"},
                  {"protocol", words_type("protocol", {"tcp", "udp"}),
                   "or `udp`: QUIC, and whatever else is in datagrams", "tcp"},
                  {"answer", words_type("answer", {"none", "reset"}),
                   "what the packets of a forgotten connection get: `none`, they are lost, or `reset`, an "
                   "RST",
                   "none"}} +
             flow_filter(),
         .check = check_idle,
         .action = forget},
        {.name = "rebind",
         .summary = "a NAT gives the node's flows of UDP another port, as their peers see it",
         .example = "--fault '{kind: rebind, on: {log: \"round 2: training\"}, for: 1s}'",
         .keys = Keys{{"flip", number_type(1, 32767),
                       "the new port is the old one with these bits flipped: `port XOR flip`, so that no two "
                       "flows get the same",
                       "1024"},
                      peers_key(),
                      port_key()},
         .action = rebind},
        {.name = "mtu-blackhole",
         .summary = "larger packets vanish, and no ICMP error says so, or one does",
         .example = "--fault '{kind: mtu-blackhole, size: 1400, on: {log: \"round 2: training\"}, for: 1s}'",
         .keys =
             Keys{{"size", number_type(1, 65535),
                   "the largest IP packet that passes, in bytes with its header; below the MTU of the links, "
                   "and at least 28, with IPv6 48"},
                  {"answer", words_type("answer", {"none", "icmp"}),
                   "`icmp`: the sender is told, by ICMP `fragmentation needed` or ICMPv6 `packet too big` "
                   "with this size: then it is no black hole, but a path with a smaller MTU that works as it "
                   "should",
                   "none"}} +
             packet_filter(),
         .counts_packets = true,
         .check = check_size,
         .action = lose_large},
    };
}

}  // namespace netcut
