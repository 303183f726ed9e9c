// SPDX-License-Identifier: Apache-2.0
//
// The table that all faults of a run are laid in when it starts. A fault compiles to nftables rules behind one switch;
// firing it is one message that turns the switch on, or a rule that does so on the packet itself.
//
// Ownership: a FaultTable refers to the Fabric, which must outlive it. Threads: one at a time.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "base/error.h"
#include "base/time.h"
#include "fabric/fabric.h"
#include "fault/data_counters.h"
#include "fault/datagram_counters.h"
#include "fault/plan.h"
#include "kernel/address.h"
#include "kernel/netlink.h"
#include "kernel/netns.h"
#include "link/counter.h"

namespace netcut {

// Packets that a fault acted upon.
struct PacketHits {
    std::uint64_t up = 0, down = 0;
    std::uint64_t offered_up = 0, offered_down = 0;  // of Lose: so many had a number
    std::uint64_t rebound_up = 0, rebound_down = 0;  // of Rebind: so many had another port
};
using NodeHits = std::map<std::size_t, PacketHits>;

// A TCP connection as a node sees it.
struct Connection {
    IpAddress own, other;
    std::uint16_t own_port = 0, other_port = 0;
    bool operator==(const Connection&) const = default;
};

class Holder;
class NftTransaction;

// The router's nftables table: one switch for each fault, the rules behind it, and the counters that prove
// it.
class FaultTable {
  public:
    FaultTable(FaultTable&&) noexcept;
    FaultTable& operator=(FaultTable&&) noexcept;
    ~FaultTable();

    // Whether this kernel lets us use nftables; `apart` is a namespace where that harms nobody.
    static Result<void> probe(const NetNs& apart);
    // `logged_losses`: so many bytes of each packet that is lost go to lost_group; none: nothing does.
    static Result<FaultTable> lay(Fabric& fabric, std::vector<FaultPlan> plans,
                                  std::optional<std::uint32_t> logged_losses = {});

    // One more, while the others act; it gets the next number. It cannot make packets wait, which takes queues that are
    // laid with the table, nor give flows another port: who opened a flow is known by its first packet.
    Result<void> add(Fabric& fabric, FaultPlan plan);

    const std::vector<FaultPlan>& plans() const { return plans_; }
    // Null: no fault holds packets.
    Holder* holder() const { return holder_.get(); }
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
    // The node gets, or has got, another address or MAC: it is known by the new ones, too, and what is held for it finds it.
    Result<void> readdress(std::size_t node);
    // The kernel has turned the fault on by itself.
    void note_on(std::size_t number) { tell_holder(number, true); }
    Result<std::vector<NodeHits>> read_hits();  // by the plan's number
    Result<DataCounters> read_data(std::size_t node);
    Result<DatagramCounts> read_datagrams();
    // Of a plan that orders connections: those of its nodes since the table was laid, the oldest first. Some of
    // them may have ended.
    Result<std::vector<Connection>> connections(std::size_t number);

  private:
    FaultTable(const Fabric& fabric, std::uint8_t family, NetlinkSocket socket, std::vector<FaultPlan> plans);
    Result<void> commit(Batch& batch) { return socket_.commit(batch); }
    void prepare_off(std::size_t number);
    Result<bool> has(const std::string& set, std::size_t number);
    Result<void> forget(std::size_t number);
    Result<void> remove_if_there(const std::string& set, std::uint32_t key);
    Result<void> commit_removal(Batch& batch);
    Result<void> disengage(std::size_t number);
    void tell_holder(std::size_t number, bool on);
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
    std::unique_ptr<Holder> holder_;
};

}  // namespace netcut
