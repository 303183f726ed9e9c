// SPDX-License-Identifier: Apache-2.0
#include "why/hang_state.h"

#include <fmt/format.h>

#include <algorithm>

#include "kernel/socket_facts.h"

namespace netcut {
namespace {

class States {
  public:
    States(const std::map<std::string, std::string>& owners, const std::set<std::string>& relayed,
           const WaitsByNode& waits)
        : owners_(owners), relayed_(relayed), waits_(waits) {}

    std::set<std::string> find() const {
        std::set<std::string> all;
        for (const auto& [node, facts] : waits_)
            for (const ConnectionFacts& connection : facts.connections)
                if (const char* why = why_dead(node, connection); why != nullptr)
                    for (const ThreadFacts& thread : facts.waits)
                        if (waits_on(thread, ends_of(connection.socket)))
                            all.insert(text(node, facts, thread, connection.socket, why));
        return all;
    }

  private:
    // By what `node` calls its peer: loopback is itself.
    std::string owner_of(const std::string& node, const IpAddress& address) const {
        if (address.is_loopback()) return node;
        const auto found = owners_.find(address.to_string());
        return found == owners_.end() ? std::string() : found->second;
    }

    // Null: something may come yet, or that is not known.
    const char* why_dead(const std::string& node, const ConnectionFacts& connection) const {
        const TcpSocket& socket = connection.socket;
        if (socket.state != "ESTABLISHED" || connection.timers.timer != TcpTimer::none) return nullptr;
        if (socket.send_queue > 0 || socket.receive_queue > 0 || connection.holders.empty()) return nullptr;
        if (owner_of(node, socket.local) != node) return "from an address that it has no more";
        const std::string peer = owner_of(node, socket.remote);
        if (peer != node && (relayed_.contains(node) || relayed_.contains(peer))) return nullptr;
        if (peer.empty()) return "which nobody is any more";
        const auto other = waits_.find(peer);
        if (other == waits_.end() || other->second.left_out > 0 || !other->second.unread.empty())
            return nullptr;
        const auto& ends = other->second.connections;
        const bool is_there = std::any_of(ends.begin(), ends.end(), [&](const ConnectionFacts& one) {
            return one.socket.local == socket.remote && one.socket.local_port == socket.remote_port &&
                   one.socket.remote == socket.local && one.socket.remote_port == socket.local_port;
        });
        return is_there ? nullptr : "which has no trace of it";
    }

    static bool waits_on(const ThreadFacts& thread, const std::string& ends) {
        return thread.doing == ThreadDoing::waits && thread.end != WaitEnd::unknown &&
               std::any_of(thread.on.begin(), thread.on.end(), [&](const WaitTarget& target) {
                   return target.object == WaitObject::connection && target.what == ends;
               });
    }

    // Without what is another one each time: numbers of processes, ports of who connects.
    std::string text(const std::string& node, const NodeWaits& facts, const ThreadFacts& thread,
                     const TcpSocket& socket, const char* why) const {
        const bool is_server =
            std::any_of(facts.listening.begin(), facts.listening.end(),
                        [&](const ListeningFacts& one) { return one.port == socket.local_port; });
        const std::string owner = owner_of(node, socket.remote);
        const std::string peer = owner.empty() ? "somebody" : owner;
        return fmt::format("{} waits {} in {} on a connection {} {} port {}, {}", node,
                           thread.end == WaitEnd::never ? "for ever" : "again and again", thread.call,
                           is_server ? "of" : "to", is_server ? peer + " to its" : peer,
                           is_server ? socket.local_port : socket.remote_port, why);
    }

    const std::map<std::string, std::string>& owners_;
    const std::set<std::string>& relayed_;
    const WaitsByNode& waits_;
};

}  // namespace

std::string hang_state(const std::map<std::string, std::string>& owners, const std::set<std::string>& relayed,
                       const WaitsByNode& waits) {
    return fmt::format("{}", fmt::join(States(owners, relayed, waits).find(), "; "));
}

Nanoseconds longest_wait(const WaitsByNode& waits, Nanoseconds limit) {
    Nanoseconds longest{0};
    for (const auto& [node, facts] : waits)
        for (const ThreadFacts& thread : facts.waits)
            if (thread.end == WaitEnd::in_time && thread.ends_in && *thread.ends_in <= limit)
                longest = std::max(longest, *thread.ends_in);
    return longest;
}

}  // namespace netcut
