// SPDX-License-Identifier: Apache-2.0
//
// A fault as data: which packets, what is done to them, and when. table.h makes nftables rules of it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <utility>
#include <variant>
#include <vector>

#include "base/time.h"
#include "fabric/options.h"
#include "hold/hold_spec.h"
#include "link/queue.h"

namespace netcut {

enum class Direction { both, up, down };  // up: from the node; down: to the node

inline bool includes(Direction direction, Direction part) {
    return direction == Direction::both || direction == part;
}

// Which packets of the nodes are meant.
struct PacketFilter {
    enum class Connections {
        any,
        fresh,        // SYN alone: no new connection comes about
        established,  // TCP connections that were there when the fault was fired
        data          // TCP segments with a payload and UDP datagrams
    };
    Direction direction = Direction::both;
    bool outside = false;               // what their site's uplink carries: not what they send to each other
    std::vector<std::size_t> peers;     // what is exchanged with these nodes; empty: with anybody
    std::optional<std::uint16_t> port;  // TCP or UDP port of either end
    Connections only = Connections::any;
    // So many layer 3 bytes of each TCP connection and flow of UDP pass, each way, since the fault was fired.
    std::optional<std::uint64_t> beyond = {};
    // Of `established`, of each node just one: 1 is the oldest, 2 the next, -1 the newest; 0: all of them.
    int one_connection = 0;

    bool open() const { return !port && only == Connections::any && !beyond; }
};

struct LeaveAlone {};
struct Drop {};
struct ResetConnection {};  // a TCP segment is answered by an RST; other packets pass
enum class UnreachableCode { no_route, admin_prohibited, host_unreachable, port_unreachable };
struct Refuse {  // a packet is answered by an ICMP or ICMPv6 error
    UnreachableCode code = UnreachableCode::port_unreachable;
};
// The packets of these numbers are lost: 1 is the first after the fault was fired, and after `period` the
// numbers begin anew. Each direction is numbered by itself, all nodes of the fault together.
struct Lose {
    std::vector<std::uint32_t> up, down;
    std::uint32_t period = 0;
};
struct Queue {  // in the kernel
    QueueSpec spec;
};
// We hold the packets ourselves. Each direction is numbered by itself, all nodes of the fault together. A packet between two of
// the fault's nodes is held once, as its sender's.
struct Hold {
    HoldSpec up, down;
    bool closed = false;  // if we stand still, packets are lost instead of passing
};
// What a stateful middlebox does to a connection, or a flow of UDP, that was silent for so long: it has
// forgotten it. A SYN, and a datagram from the node, begin it anew.
struct ForgetIdle {
    Nanoseconds after{0};
    bool reset = false;  // TCP: answer by an RST, else lose silently
    bool udp = false;    // instead of TCP
};
// What a NAT does that has forgotten a flow of UDP which the node has opened: the flow has another port of the node, as
// its peer sees it. What still comes for the old one is lost.
struct Rebind {
    std::uint16_t flip = 0;  // the bits in which the ports differ
};
struct Wait {};               // they pass, and wait for what is done to their site
struct LoseLarge {            // a path with a smaller MTU
    std::uint16_t bytes = 0;  // the largest layer 3 packet that passes
    bool told = false;        // the sender is, by ICMP
};
using PacketAction = std::variant<LeaveAlone, Drop, ResetConnection, Refuse, Lose, Queue, Hold, ForgetIdle,
                                  Rebind, Wait, LoseLarge>;

enum class LinkChange {
    none,
    down,
    unplug,
    reboot  // unplugged, and nothing of the node's network is left but its addresses
};

// Data of at most so many bytes in a packet (TCP payload, with TCP's timestamps) is control data, which protocols send
// by themselves. What gRPC sends at once, two window updates and a ping of HTTP/2, has 65 bytes in TLS 1.3 and 72 in
// TLS 1.2. Larger data is a message.
inline constexpr std::uint16_t largest_control = 72;

// "Data" are data packets, see PacketFilter::Connections::data; bytes are of layer 3. A counted packet is one
// that the router got from its sender, and which no fault that is written before this one has lost.
struct WireMoment {
    enum class Kind {
        sent,              // the data packet up that completes `amount` bytes is the last to pass
        received,          // the same, down
        sent_packets,      // the data packet up of number `amount` is the last to pass
        received_packets,  // the same, down
        request,           // the first data packet up is the last to pass
        reply,             // the first data packet down is the first that is lost
        syn,               // the first segment that opens a connection, either way, is the first that is lost
        fin,               // the first FIN, either way, is the first that is lost
        answer,            // the first message down is the first that is lost
        last_answer,       // the same, unless a message goes up before it: then it is waited for no more
        silence            // the first data packet after a silence of `silence` is the first that is lost
    };
    Kind kind = Kind::request;
    std::uint64_t amount = 1;
    Nanoseconds silence{0};
    std::optional<std::uint16_t> port;  // TCP or UDP port of either end
};

struct WireTrigger {
    WireMoment moment;
    std::size_t node = 0;             // whose packets are watched
    std::optional<std::size_t> peer;  // and only those from or to this one
};

struct FaultPlan {
    std::vector<std::size_t> nodes;  // indices in the fabric
    PacketFilter filter;
    // From, to: instead of nodes and filter, packets of these pairs are meant. A packet counts for its
    // sender.
    std::vector<std::pair<std::size_t, std::size_t>> pairs;
    PacketAction action = Drop{};
    LinkChange link = LinkChange::none;
    LinkEnd down_end = LinkEnd::node;     // of `down`
    PlugOptions plug;                     // of `unplug`
    std::optional<SiteChange> site;       // while it is on, besides
    bool orders_connections = false;      // the table learns in which order they are opened
    int signal = 9;                       // to processes that are to end; it is the engine that sends it
    std::optional<Nanoseconds> duration;  // none: it never heals
    std::optional<WireTrigger> trigger;

    // How long the kernel keeps the fault by itself. A link that is gone cannot come back by itself, so that
    // its packets are lost until somebody puts it back.
    std::optional<Nanoseconds> lease() const { return link == LinkChange::none ? duration : std::nullopt; }
    bool waits() const { return std::holds_alternative<Wait>(action); }
    bool queues() const { return std::holds_alternative<Queue>(action) || holds(); }
    bool holds() const { return std::holds_alternative<Hold>(action); }
};

}  // namespace netcut
