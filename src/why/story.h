// SPDX-License-Identifier: Apache-2.0
//
// What is known of a run that hangs, as rules on causes ask for it. Pure.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "kernel/address.h"
#include "record/facts.h"
#include "why/cause.h"

namespace netcut {

class Story {
  public:
    struct Connection {
        std::string node;
        const ConnectionFacts* facts;
        std::string peer;                        // the node that has the address now; empty: none
        const ConnectionFacts* other = nullptr;  // its end of it
        const TcpSocket& socket() const { return facts->socket; }
    };

    // `facts` must outlive it.
    explicit Story(const Facts& facts);

    const Facts& facts() const { return facts_; }
    const std::vector<const NodeOutcome*>& running() const { return running_; }  // at the end of the run
    std::string names_of_running() const;
    const std::vector<Connection>& connections() const { return connections_; }
    const Connection* find(const std::function<bool(const Connection&)>& wanted) const;  // the first
    // The node that has the address now; empty: none.
    std::string owner_of(const IpAddress& address) const;
    // Who had it, and has another one now; empty: somebody has it, or nobody ever had.
    std::string former_owner_of(const IpAddress& address) const;
    bool listens(const std::string& node, std::uint16_t port) const;
    // By a fault that is on.
    bool is_cut_off(const std::string& node) const;
    bool met_a_fault(const std::string& node) const;

    // Evidence: of each node that it is about, and that has not ended, the thread that says most, those that wait for a
    // socket first.
    void add_waits(Explanation& found) const;
    // Likewise, without threads that wait for others of their process alone: of what comes from elsewhere they say nothing.
    void add_waits_for_others(Explanation& found) const;
    void add_connection(Explanation& found, const Connection& connection) const;
    void add_thread(Explanation& found, const std::string& node, const ThreadFacts& thread) const;

  private:
    void add_waits(Explanation& found, bool (*wanted)(const ThreadFacts&)) const;
    bool has_ended(const std::string& node) const;
    const ConnectionFacts* other_end(const std::string& node, const TcpSocket& socket) const;
    // At the other end of the connection that a thread of the node waits on; empty: no node.
    std::string peer_of(const std::string& node, const ThreadFacts& thread) const;

    const Facts& facts_;
    std::vector<const NodeOutcome*> running_;
    std::vector<Connection> connections_;
};

}  // namespace netcut
