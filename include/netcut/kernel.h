// SPDX-License-Identifier: Apache-2.0
//
// kernel: the only room that talks to Linux. Namespaces, rtnetlink, nftables, socket diagnostics, sysctls.
//
// Ownership: each object owns one kernel object (a descriptor) and is move-only; destructors never throw.
// Threads: an object may be used by one thread at a time. Nothing here changes the namespace of the calling
// thread: what must happen in another namespace runs on a short-lived thread of its own.
// Errors: every function returns Result; the error names the attempt and carries the kernel's own text
// (extended acknowledgement, Documentation/userspace-api/netlink/intro.rst) where it gave one.
#pragma once

#include <array>
#include <boost/asio/ip/address.hpp>
#include <cstddef>
#include <functional>
#include <map>
#include <set>
#include <span>
#include <string>
#include <thread>
#include <vector>

#include "netcut/base.h"

struct nlmsghdr;
struct mnl_socket;

namespace netcut {

using IpAddress = boost::asio::ip::address;
using MacAddress = std::array<std::uint8_t, 6>;

std::string mac_text(const MacAddress& mac);

// An anonymous network namespace: it lives as long as a descriptor, a process or a socket holds it.
class NetNs {
  public:
    // `set_up` is called in it, which spares a thread for whatever must happen there.
    static Result<NetNs> create(const std::function<Result<void>()>& set_up = {});
    // `set_up` is called in each of them in turn. Each has a small table of TCP connections of its own, where
    // the kernel (6.1) can do that: the host's, which namespaces share otherwise, takes a millisecond to be
    // looked through.
    static Result<std::vector<NetNs>> create_many(std::size_t count,
                                                  const std::function<Result<void>()>& set_up);

    int fd() const { return fd_.get(); }
    // Runs `work`, which must not throw, on a thread that is in this namespace, and waits for its end.
    Result<void> run(const std::function<Result<void>()>& work) const;

  private:
    explicit NetNs(Fd fd) : fd_(std::move(fd)) {}
    Fd fd_;
};

// Writes /proc/sys/<path> as the calling thread's namespace sees it and reads it back:
// {"net/ipv4/ip_forward", "1"}.
Result<void> set_sysctls(std::span<const std::pair<std::string, std::string>> settings);

// Netlink messages that go to the kernel together. Building and sending are apart, so that what must be
// fast (firing a fault) is built beforehand; a batch can be sent any number of times.
class Batch {
  public:
    // Copies `message`; `attempt` is what an error will say ("add veth c3").
    void append(const nlmsghdr* message, std::string attempt);
    // The kernel takes all of it or nothing (nftables: between its begin and end messages).
    void set_atomic() { atomic_ = true; }
    bool empty() const { return entries_.empty(); }
    std::size_t size() const { return entries_.size(); }

  private:
    friend class NetlinkSocket;
    struct Entry {
        std::size_t offset;
        std::string attempt;
    };
    nlmsghdr* message(std::size_t index);
    // The same in pieces that any socket takes, each of them atomic.
    std::vector<Batch> in_parts() const;

    std::vector<std::byte> bytes_;
    std::vector<Entry> entries_;
    bool atomic_ = false;
};

// Every call waits for the kernel's answer, 20 s at most. A netlink socket stays in the namespace in which it
// was opened, whichever thread uses it.
class NetlinkSocket {
  public:
    // `protocol`: NETLINK_ROUTE, NETLINK_NETFILTER, NETLINK_SOCK_DIAG. `where`: null for the caller's
    // namespace.
    static Result<NetlinkSocket> open(int protocol, const NetNs* where);

    // For waiting until the kernel says something by itself.
    int fd() const;
    // Sends the batch and waits until the kernel has carried it out. The first message that failed is the
    // error; of a batch that is not atomic the other messages took effect all the same.
    Result<void> commit(Batch& batch);
    // As commit, in as many transactions as it takes: one is bounded by the buffer of a socket, and more than
    // the sysctl net.core.wmem_max is only for the host's root. For what nothing depends on before all of it
    // is there.
    Result<void> commit_in_parts(const Batch& batch);
    // Sends one request with NLM_F_DUMP and hands each answer to `each`, when all have come and are
    // consistent.
    Result<void> dump(nlmsghdr* request, const std::string& attempt,
                      const std::function<void(const nlmsghdr*)>& each);
    // As dump, for a request whose answers are counted by what it asks for.
    Result<void> ask(nlmsghdr* request, const std::string& attempt,
                     const std::function<void(const nlmsghdr*)>& each);

  private:
    struct Closer {
        void operator()(mnl_socket* socket) const;
    };
    explicit NetlinkSocket(mnl_socket* socket) : socket_(socket) {}
    Result<void> send(const void* bytes, std::size_t size, const std::string& attempt);
    Result<void> await(Batch& batch, std::size_t first, std::size_t last);
    Result<bool> answers_to(nlmsghdr* request, const std::string& attempt,
                            std::vector<std::vector<char>>& answers);

    std::unique_ptr<mnl_socket, Closer> socket_;
    std::uint32_t sequence_ = 0;
};

// --- rtnetlink: each function appends one or more messages to a batch (libnl-3-route builds them) ---

struct VethEnd {
    std::string name;
    int index = 0;  // chosen by us, so that nothing has to be asked for afterwards
    MacAddress mac{};
};
struct Neighbour {
    int link;
    IpAddress address;
    MacAddress mac;
};
inline constexpr int main_routes = 254;  // the routing table that is asked unless a rule says otherwise
struct Route {
    IpAddress destination;
    unsigned prefix_length;
    int link;
    std::optional<IpAddress> gateway;
    int table = main_routes;
    bool exclusive = false;  // refused (EEXIST) if there is one to the same destination; else it is replaced
};
// What comes in by this link is also looked for in `table`; rules are asked from the lowest priority on, and
// the main table is of priority 32766.
struct RoutingRule {
    std::string from_link;  // by name: it may go, and come again
    int table = main_routes;
    unsigned priority = 0;
    bool ipv6 = false;
};
struct LinkState {
    int index = 0;
    std::string name;
    bool up = false;
    bool running = false;  // it has a carrier, and its queue is awake: the kernel's link watch has seen it
    unsigned mtu = 0;
    unsigned gso_max_segs = 0;
    MacAddress mac{};
};

// Both ends are made where they belong in one message: `here` in the socket's namespace, `there` in
// `peer_ns`. `here` is set up, `there` must be. Measured: 0.75 ms a link, against 17 ms for making it first
// and moving it then.
void add_veth(Batch& batch, const VethEnd& here, const VethEnd& there, const NetNs& peer_ns, unsigned mtu);
void add_bridge(Batch& batch, const std::string& name, int index, unsigned mtu);
void set_link(Batch& batch, int index, bool up);
void set_master(Batch& batch, int index, int master);
// 1 makes every packet on the link one segment, so that packets and bytes can be counted exactly.
void set_gso_max_segs(Batch& batch, int index, unsigned segments);
void delete_link(Batch& batch, int index);
void add_address(Batch& batch, int link, const IpAddress& address, unsigned prefix_length);
void add_route(Batch& batch, const Route& route);
void add_blackhole(Batch& batch, const IpAddress& address);  // what is to go there is lost silently
void add_routing_rule(Batch& batch, const RoutingRule& rule);
void add_neighbour(Batch& batch, const Neighbour& neighbour);  // permanent
// Rate of what leaves through the link. `shaper`: "tbf" or "htb". `queue` is how long a packet may wait.
struct RateLimit {
    std::string shaper = "tbf";
    std::uint64_t bits_per_second = 0;
    Nanoseconds queue = std::chrono::milliseconds(100);
    std::optional<std::uint64_t> queue_bytes{};  // how many bytes may wait, in place of how long
    // What may pass at once; a packet that is larger never does. Unset: 4 ms' worth, at least 16 KiB.
    std::optional<std::uint32_t> burst_bytes{};
    unsigned mtu = 1500;  // of the link: a whole packet may always wait, and always pass
};
void set_rate(Batch& batch, int link, const RateLimit& rate);
std::uint64_t bytes_in(std::uint64_t bits_per_second, Nanoseconds time);  // what a rate carries

Result<std::vector<LinkState>> list_links(NetlinkSocket& socket);
struct RouteState {
    IpAddress destination;
    unsigned prefix_length = 0;
    bool local = false;  // of the local table: the address is ours, and packets to it are taken in
};
// Unicast routes of the main table, and the local table's, over `link`.
Result<std::vector<RouteState>> list_routes(NetlinkSocket& socket, int link);

// Addresses of which the namespace tries to find out the link address, or has tried in vain, over any link.
Result<std::vector<IpAddress>> list_unresolved(NetlinkSocket& socket);

// Tells the segment who has `address` now: a gratuitous ARP (RFC 5227) or an unsolicited neighbour
// advertisement (RFC 4861, 7.2.6). `link` is an interface of `where`.
Result<void> announce(const NetNs& where, int link, const MacAddress& mac, const IpAddress& address);

// --- socket diagnostics (sock_diag(7)) ---

struct TcpSocket {
    IpAddress local, remote;
    std::uint16_t local_port = 0, remote_port = 0;
    std::string state;                // "ESTABLISHED", "LISTEN", ...
    std::uint32_t receive_queue = 0;  // bytes that the application has not read
    std::uint32_t send_queue = 0;     // bytes that the peer has not acknowledged
    std::uint32_t unsent = 0;         // those of them that were not sent yet
    std::uint32_t unacked = 0;        // segments in flight
    std::uint32_t retransmits = 0;    // of the oldest segment, now
    std::uint32_t ms_since_sent = 0;  // since the last data was sent
    std::uint32_t ms_since_received = 0;
    // Since it was opened; what is sent again, or received again, does not count (RFC 4898). A SYN and a FIN
    // count as one byte each, but for a SYN that was received.
    std::uint64_t bytes_acked = 0, bytes_received = 0;
    std::uint32_t data_segments_sent = 0;
    std::uint32_t total_retransmits = 0;  // segments that were sent again, ever
    std::uint64_t bytes_retransmitted = 0;
    bool held = true;  // by a program; else the kernel alone still has it
};
// All TCP sockets of the socket's namespace that are not listening, of both address families.
Result<std::vector<TcpSocket>> list_tcp_sockets(NetlinkSocket& socket);
// Ports of UDP to which programs in the socket's namespace are bound, of both address families.
Result<std::set<std::uint16_t>> list_udp_ports(NetlinkSocket& socket);
// Those that wait for connections; they have no remote end.
Result<std::vector<TcpSocket>> list_listening_sockets(NetlinkSocket& socket);

struct CounterValue {
    std::uint64_t packets = 0;
    std::uint64_t bytes = 0;  // layer 3
};

// Packets for which the namespace's own stack had no route, of both address families, since it was made
// (OutNoRoutes of /proc/net/snmp and snmp6, RFC 4293).
Result<std::uint64_t> count_unroutable(const NetNs& where);

}  // namespace netcut
