// SPDX-License-Identifier: Apache-2.0
//
// fault: what is done to nodes, and the evidence of it. A fault is data (FaultPlan) that compiles to nftables
// rules behind one switch, to a queue, and to a change of a link. All of it is prepared when the run starts;
// firing is one nftables message that turns the switch on, or a rule that does so on the packet itself.
//
// Ownership: the classes refer to the Fabric, which must outlive them. Threads: one at a time.
#pragma once

#include <map>
#include <set>
#include <string>
#include <tuple>
#include <utility>
#include <variant>
#include <vector>

#include "netcut/fabric.h"
#include "netcut/queue.h"

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
    std::vector<std::size_t> peers;     // what is exchanged with these nodes; empty: with anybody
    std::optional<std::uint16_t> port;  // TCP or UDP port of either end
    Connections only = Connections::any;
    // So many layer 3 bytes of each TCP connection and flow of UDP pass, each way, since the fault was fired.
    std::optional<std::uint64_t> beyond = {};
    // Of `established`, of each node just one: 1 is the oldest, 2 the next, -1 the newest; 0: all of them.
    int one_connection = 0;

    bool open() const { return !port && only == Connections::any && !beyond; }
};

// --- what is done to packets ---

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
struct Queue {
    QueueSpec spec;
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
struct LoseLarge {            // a path with a smaller MTU
    std::uint16_t bytes = 0;  // the largest layer 3 packet that passes
    bool told = false;        // the sender is, by ICMP
};
using PacketAction =
    std::variant<LeaveAlone, Drop, ResetConnection, Refuse, Lose, Queue, ForgetIdle, Rebind, LoseLarge>;

enum class LinkChange {
    none,
    down,
    unplug,
    reboot  // unplugged, and nothing of the node's network is left but its addresses
};

// --- when it happens, if the wire says so ---

// Data of at most so many bytes in a packet (TCP payload, with TCP's timestamps) is control data: what
// protocols say by themselves, as HTTP/2's window updates and pings in TLS. Larger data is a message.
inline constexpr std::uint16_t largest_control = 64;

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
        answer,            // the first message down is the first that is lost, unless one goes up before it:
                           // then it is waited for no more
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
    bool orders_connections = false;      // the table learns in which order they are opened
    int signal = 9;                       // to processes that are to end; it is the engine that sends it
    std::optional<Nanoseconds> duration;  // none: it never heals
    std::optional<WireTrigger> trigger;

    // How long the kernel keeps the fault by itself. A link that is gone cannot come back by itself, so that
    // its packets are lost until somebody puts it back.
    std::optional<Nanoseconds> lease() const { return link == LinkChange::none ? duration : std::nullopt; }
    bool queues() const { return std::holds_alternative<Queue>(action); }
};

// What passed at a node's port since the table was laid.
struct DataCounters {
    CounterValue up, down;                    // data
    CounterValue messages_up, messages_down;  // messages alone
};
// How many datagrams of UDP have come to the faults, and have passed them all, since the table was laid: of one way of a
// flow, by its source and port, destination and port.
struct DatagramCount {
    std::uint64_t came = 0, passed = 0;
    std::uint64_t rebound = 0;  // of those that came: as its peer sees it, the node had another port
};
using DatagramWay = std::tuple<IpAddress, std::uint16_t, IpAddress, std::uint16_t>;
using DatagramCounts = std::map<DatagramWay, DatagramCount>;
// Packets that a fault acted upon.
struct PacketHits {
    std::uint64_t up = 0, down = 0;
    std::uint64_t offered_up = 0, offered_down = 0;  // of Lose: so many had a number
    std::uint64_t rebound_up = 0, rebound_down = 0;  // of Rebind: so many had another port
};
using NodeHits = std::map<std::size_t, PacketHits>;

// nfnetlink_log groups in the router's namespace. The prefix of a message is fault_prefix() of its fault.
inline constexpr std::uint16_t moment_group = 1;  // a packet was the moment of a WireTrigger
inline constexpr std::uint16_t reply_group = 2;   // a packet was lost that the tool must answer
inline constexpr std::uint16_t lost_group = 3;    // a packet was lost; see LossPlace
inline constexpr std::uint32_t logged_bytes = 128;
std::string fault_prefix(std::size_t number);

// Where a fault has lost a packet, as the prefix of a message to lost_group tells it.
struct LossPlace {
    std::size_t fault = 0;  // the plan's number
    bool up = false;
    // The packet was for an address of a node whose link is gone; else it is known by the ports.
    bool by_address = false;
    // What a kernel says by itself is lost, but not counted: broadcast and multicast.
    bool counted = true;
};
std::optional<LossPlace> loss_place(const std::string& prefix);

// A TCP connection as a node sees it.
struct Connection {
    IpAddress own, other;
    std::uint16_t own_port = 0, other_port = 0;
    bool operator==(const Connection&) const = default;
};

class NftTransaction;

// The router's nftables table: one switch for each fault, the rules behind it, and the counters that prove
// it.
class FaultTable {
  public:
    // Whether this kernel lets us use nftables; `apart` is a namespace where that harms nobody.
    static Result<void> probe(const NetNs& apart);
    // `logged_losses`: so many bytes of each packet that is lost go to lost_group; none: nothing does.
    static Result<FaultTable> lay(Fabric& fabric, std::vector<FaultPlan> plans,
                                  std::optional<std::uint32_t> logged_losses = {});

    // One more, while the others act; it gets the next number. It cannot make packets wait, which takes queues that are
    // laid with the table, nor give flows another port: who opened a flow is known by its first packet.
    Result<void> add(Fabric& fabric, FaultPlan plan);

    const std::vector<FaultPlan>& plans() const { return plans_; }
    // The message that turns a fault on, until `off`, or until the kernel's lease is over.
    Batch on_message(std::size_t number) const { return on_message(number, plans_[number].lease()); }
    Batch on_message(std::size_t number, std::optional<Nanoseconds> lease) const;
    Result<void> on(std::size_t number, Batch& message);
    Result<void> off(std::size_t number);  // also if it is off already
    Result<bool> is_on(std::size_t number);
    // From now on the kernel looks for the fault's moment on the wire, and counts from nothing.
    Result<void> arm(std::size_t number);
    Result<void> disarm(std::size_t number);  // also if it is not armed
    // What it has counted towards its moment, the packet that was the moment included, in all times that it
    // was armed together; nothing is added while it is not.
    Result<CounterValue> read_counted(std::size_t number);
    // Whether the moment has come, of `silence`, which no packet tells.
    Result<bool> is_silent(std::size_t number);
    // The node of a link fault has these addresses too: packets to them are lost and counted.
    Result<void> add_addresses(std::size_t node, const std::vector<IpAddress>& addresses);
    Result<std::vector<NodeHits>> read_hits();  // by the plan's number
    Result<DataCounters> read_data(std::size_t node);
    Result<DatagramCounts> read_datagrams();
    // Of a plan that orders connections: those of its nodes since the table was laid, the oldest first. Some of
    // them may have ended.
    Result<std::vector<Connection>> connections(std::size_t number);

  private:
    FaultTable(const Fabric& fabric, std::uint8_t family, NetlinkSocket socket, std::vector<FaultPlan> plans)
        : fabric_(&fabric),
          family_(family),
          socket_(std::move(socket)),
          plans_(std::move(plans)),
          armed_before_(plans_.size()) {
        for (std::size_t number = 0; number < plans_.size(); ++number) prepare_off(number);
    }
    Result<void> commit(Batch& batch) { return socket_.commit(batch); }
    void prepare_off(std::size_t number);
    Result<bool> has(const std::string& set, std::size_t number);
    Result<void> forget(std::size_t number);
    Result<void> remove_if_there(const std::string& set, std::uint32_t key);
    Result<void> commit_removal(Batch& batch);
    Result<void> disengage(std::size_t number);
    Result<std::vector<Connection>> live_connections(std::size_t number, std::size_t node);
    Result<void> spare_others(std::size_t number);

    const Fabric* fabric_;
    std::uint8_t family_;
    NetlinkSocket socket_;
    std::vector<FaultPlan> plans_;
    std::vector<Batch> off_;         // built beforehand, by number
    std::set<std::size_t> engaged_;  // those that are on or armed, or were until the kernel ended them
    std::vector<bool> armed_before_;
    std::optional<std::uint32_t> logged_losses_;
};

// Reads what passed at all ports, with a netlink socket of its own: for another thread than the table's.
class DataReader {
  public:
    static Result<DataReader> open(const Fabric& fabric);
    Result<std::vector<DataCounters>> read();  // by node
    Result<DataCounters> read(std::size_t node);

  private:
    DataReader(const Fabric& fabric, NetlinkSocket socket) : fabric_(&fabric), socket_(std::move(socket)) {}
    const Fabric* fabric_;
    NetlinkSocket socket_;
    std::map<std::uint32_t, std::size_t> nodes_of_ports_;
};

// How many packets one fault acted upon on one node, and where.
struct Losses {
    std::uint64_t up = 0;          // in the router, from the node
    std::uint64_t down = 0;        // in the router, to the node
    std::uint64_t unsendable = 0;  // the node's own stack had no route or no link for them
    struct Offered {
        std::uint64_t up = 0, down = 0;
    };
    std::optional<Offered> offered{};  // of a list: the packets that had a number, lost or not
    struct Rebound {
        std::uint64_t up = 0, down = 0;
        std::uint64_t total() const { return up + down; }
    };
    std::optional<Rebound>
        rebound{};  // of a rebinding: the packets that had another port, none of which is lost
    std::uint64_t total() const { return up + down + unsendable; }
    std::uint64_t met() const { return total() + (rebound ? rebound->total() : 0); }
};

// Counts what a node hands to its link, in the node's own namespace: when the router's end is down the link
// has no carrier and loses all of it, and Linux counts that by itself only since 6.11.
class SentCounter {
  public:
    // `table`: the name of an nftables table in the node's namespace that is this counter's alone.
    static Result<SentCounter> lay(const NodeLink& node, std::string table);
    // It counts from begin to end. Beginning twice, or ending what has not begun, changes nothing.
    Result<void> begin();
    Result<void> end();
    // Packets, of all times from begin to end together.
    Result<std::uint64_t> count() const;

  private:
    SentCounter(const NetNs& node, std::string table) : node_(&node), table_(std::move(table)) {}
    Result<std::uint64_t> read() const;

    const NetNs* node_;
    std::string table_;
    std::optional<std::uint64_t> begun_at_;
    std::uint64_t earlier_ = 0;
};

// One fault of the table, and the link changes that go with it.
class Fault {
  public:
    static Result<Fault> prepare(Fabric& fabric, FaultTable& table, std::size_t number);

    const FaultPlan& plan() const { return table_->plans()[number_]; }
    std::size_t number() const { return number_; }
    bool active() const { return active_; }
    // Firing what is active, or healing what is not, changes nothing.
    Result<void> fire();
    // As fire, with another lease than the plan's.
    Result<void> fire(Nanoseconds lease);
    Result<void> heal();
    // The kernel looks for the moment of plan().trigger, from now on if it did already; when it has come the
    // packets are lost, and follow() does what is left to do.
    Result<void> arm();
    Result<void> disarm() { return table_->disarm(number_); }
    Result<void> follow();
    // Whether the kernel holds the fault, read back from it.
    Result<bool> in_effect();
    // What the fault did since it was fired; once more after heal(), and no further.
    Result<std::map<std::size_t, Losses>> losses();

  private:
    Fault(Fabric& fabric, FaultTable& table, std::size_t number)
        : fabric_(&fabric), table_(&table), number_(number), on_(table.on_message(number)) {}
    Result<void> turn_on(Batch& on);
    Result<void> start_counting();
    Result<void> change_links();
    Result<void> restore_link(std::size_t node);
    Result<std::map<std::size_t, Losses>> count();
    Result<std::uint64_t> count_unsent(std::size_t node);

    Fabric* fabric_;
    FaultTable* table_;
    std::size_t number_;
    Batch on_;                                 // built beforehand
    std::map<std::size_t, SentCounter> sent_;  // of `down` at the router's end, by node
    std::map<std::size_t, Losses> base_;
    bool active_ = false;
};

}  // namespace netcut
