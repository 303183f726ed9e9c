// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <boost/asio/steady_timer.hpp>
#include <functional>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/time.h"
#include "fabric/fabric.h"
#include "fault/data_counters.h"
#include "fault/datagram_counters.h"
#include "fault/network_fault.h"
#include "fault/plan.h"
#include "fault/table.h"
#include "kernel/address.h"
#include "kernel/sockdiag.h"
#include "record/journal.h"
#include "recovery/conversations.h"
#include "recovery/datagram_flows.h"
#include "recovery/relayed_sockets.h"
#include "recovery/work_tap.h"
#include "scenario/fault_kind.h"
#include "sockets/datagram_ends.h"
#include "sockets/sockets.h"

namespace netcut {

// What becomes of the connections of a fault's nodes, in each of its firings: samples their sockets when it is
// fired, while it is on, and from the heal on until what it had stopped has gone on. All on the thread of the
// io_context.
class RecoveryWatch : public FiringWatch {
  public:
    struct Observer {
        std::function<void(std::size_t node, const Recovery& recovery)> recovered;
        std::function<void(std::size_t node, const Recovery& recovery)> unrecovered;  // nobody looks any more
        std::function<void(Error)> failed;
    };
    // One that journals what it is told. `journal` and `fabric` must outlive it.
    static Observer into_journal(Journal& journal, const Fabric& fabric, std::string fault,
                                 std::function<void(Error)> failed);
    RecoveryWatch(boost::asio::io_context& io, Fabric& fabric, FaultTable& table, SocketReader& sockets,
                  WorkTap& tap, FaultPlan plan, const FaultKind& kind, Observer observer);
    ~RecoveryWatch() override { let_go_of_tap(); }

    void fired() override;
    void heals() override;
    void healed(Clock::time_point when) override;
    void progressed(std::size_t node) override;
    void look_at(std::size_t node) override;
    void finish() override;
    void end() override;

  private:
    struct Subject {
        Conversations conversations;
        DatagramFlows flows;
        std::set<std::size_t> peers = {};  // nodes that it has talked to
        std::size_t worked = 0;            // how many of the tap's it has taken
        // What passed at its port: of nodes that use neither TCP nor UDP.
        DataCounters at_fire = {}, at_heal = {};
        std::optional<Nanoseconds> sent = {}, received = {};
        bool exchanged = false;
        std::optional<Nanoseconds> progressed = {};
        Nanoseconds largest_gap{0};
        Clock::time_point looked = {};
        bool recovered = false;
    };

    struct Sample {
        SocketSample sockets;
        FlowSample flows;
        DataCounters data;
    };
    // At this moment.
    struct Read {
        std::map<std::size_t, std::vector<TcpSocket>> sockets;  // by node
        std::optional<DatagramCounts> datagrams;
        // By node, and by the node at the other end: a server is sorted once, not for each of its clients.
        std::map<std::size_t, std::map<std::size_t, std::vector<const TcpSocket*>>> sorted;
    };

    bool is_name_server(const IpAddress& address) const;
    bool could_hit(std::size_t node, const ConversationKey& key, bool was_there, bool udp) const;
    static Recovery recovery_of(const Subject& subject);
    void look_at_heal();
    void look_at_all(const std::function<void(Subject&, const Sample&)>& take);
    void look_again(Nanoseconds rest = {});
    void look_at_some();
    void look_a_last_time();
    Result<void> look(std::size_t node, Read& read);
    Result<FlowSample> sample_flows(std::size_t node, Read& read);
    Result<DatagramCounts> read_datagrams();
    PortFlips port_flips() const;
    Result<std::vector<UnresolvedNeighbour>> unresolved_about(std::size_t node) const;
    std::string owner_name(const IpAddress& address) const;
    Result<Sample> sample(std::size_t node, Subject& subject, Read& read);
    std::vector<ConversationKey> take_worked(std::size_t node, Subject& subject) const;
    Result<const std::vector<TcpSocket>*> sockets_of(std::size_t node, Read& read);
    Result<const std::vector<const TcpSocket*>*> ends_towards(std::size_t node, std::size_t peer, Read& read);
    void learn_addresses();
    void begin_tap();
    void let_go_of_tap();

    Fabric& fabric_;
    FaultTable& table_;
    SocketReader& sockets_;
    WorkTap& tap_;
    bool taps_ = false;
    FaultPlan plan_;
    const FaultKind& kind_;
    Observer observer_;
    boost::asio::steady_timer timer_;
    unsigned use_ = 0;  // of the timer: a handler that is queued already runs in spite of cancel()
    DatagramEnds datagram_ends_;
    RelayedSockets::Owners owners_;
    const RelayedSockets relayed_;
    std::map<std::size_t, Subject> subjects_;
    std::size_t next_ = 0;  // of the plan's nodes: which is looked at next
    bool looked_before_heal_ = false;
    std::optional<Clock::time_point> healed_;
};

}  // namespace netcut
