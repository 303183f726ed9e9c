// SPDX-License-Identifier: Apache-2.0
#include "why/cause.h"

#include <fmt/format.h>

#include <algorithm>
#include <functional>

#include "base/time.h"
#include "kernel/address.h"
#include "kernel/sockdiag.h"
#include "why/seen.h"

namespace netcut {
namespace {

constexpr std::uint16_t port_of_names = 53;
constexpr unsigned attempts_of_a_dead_path = 2, attempts_beyond_loss = 3;
constexpr std::size_t most_evidence = 8;
constexpr Nanoseconds surely_after = std::chrono::milliseconds(300);

using Found = std::optional<Explanation>;

struct Connection {
    std::string node;
    const ConnectionFacts* facts;
    std::string peer;                        // the node that has the address now; empty: none
    const ConnectionFacts* other = nullptr;  // its end of it
    const TcpSocket& socket() const { return facts->socket; }
};

class Story {
  public:
    explicit Story(const Facts& facts) : facts_(facts) {
        for (const NodeOutcome& node : facts.nodes)
            if (runs(node)) running_.push_back(&node);
        for (const auto& [name, waits] : facts.waits)
            for (const ConnectionFacts& one : waits.connections)
                connections_.push_back({name, &one, owner_of(one.socket.remote), other_end(one.socket)});
    }

    Explanation explain() const {
        for (const auto rule :
             {&Story::stopped, &Story::name_server, &Story::large_packets, &Story::fault_on,
              &Story::address_gone, &Story::node_ended, &Story::half_open, &Story::zero_window,
              &Story::resending, &Story::no_socket, &Story::all_wait, &Story::retries})
            if (Found found = (this->*rule)()) return finished(std::move(*found));
        Explanation unknown{.sentence = "None of the known causes fits what the nodes wait for."};
        add_waits(unknown);
        return finished(std::move(unknown));
    }

  private:
    static Explanation finished(Explanation found) {
        found.remedy = remedy_of(found.cause);
        found.evidence.resize(std::min(found.evidence.size(), most_evidence));
        return found;
    }

    static bool runs(const NodeOutcome& node) { return node.started && (!node.exit || node.stopped_by_us); }

    std::string owner_of(const IpAddress& address) const {
        const auto found = facts_.addresses.find(address.to_string());
        return found == facts_.addresses.end() ? std::string() : found->second;
    }
    // Who had it, and has another one now.
    std::string former_owner_of(const IpAddress& address) const {
        const auto found = facts_.former_addresses.find(address.to_string());
        return found == facts_.former_addresses.end() || !owner_of(address).empty() ? std::string()
                                                                                    : found->second;
    }

    const ConnectionFacts* other_end(const TcpSocket& socket) const {
        for (const auto& [name, waits] : facts_.waits)
            for (const ConnectionFacts& other : waits.connections)
                if (other.socket.local == socket.remote && other.socket.remote == socket.local &&
                    other.socket.local_port == socket.remote_port &&
                    other.socket.remote_port == socket.local_port)
                    return &other;
        return nullptr;
    }

    bool listens(const std::string& node, std::uint16_t port) const {
        const auto found = facts_.waits.find(node);
        if (found == facts_.waits.end()) return false;
        const auto& all = found->second.listening;
        return std::any_of(all.begin(), all.end(),
                           [&](const ListeningFacts& one) { return one.port == port; });
    }

    // --- evidence ---

    // What says most first: those that wait for a socket.
    void add_waits(Explanation& found) const {
        for (const auto& [name, waits] : facts_.waits) {
            if (!found.node.empty() && name != found.node && name != found.peer) continue;
            const ThreadFacts* best = nullptr;
            for (const ThreadFacts& thread : waits.waits)
                if (best == nullptr || rank(thread) > rank(*best)) best = &thread;
            if (best != nullptr) found.evidence.push_back(name + ": " + text_of(*best));
        }
    }
    static int rank(const ThreadFacts& thread) {
        const bool on_socket = std::any_of(thread.on.begin(), thread.on.end(), [](const WaitTarget& target) {
            return target.object == WaitObject::connection;
        });
        return (on_socket ? 2 : 0) + (thread.end == WaitEnd::never ? 1 : 0);
    }

    void add_connection(Explanation& found, const Connection& connection) const {
        const TcpTries tries = facts_.waits.at(connection.node).tries.value_or(TcpTries{});
        for (std::string& line : lines_of(connection.node, *connection.facts, tries))
            found.evidence.push_back(std::move(line));
    }

    const Connection* find(const std::function<bool(const Connection&)>& wanted) const {
        const auto found = std::find_if(connections_.begin(), connections_.end(), wanted);
        return found == connections_.end() ? nullptr : &*found;
    }

    // --- the rules, in their order ---

    Found stopped() const {
        for (const auto& [name, waits] : facts_.waits)
            for (const ThreadFacts& thread : waits.waits)
                if (thread.doing == ThreadDoing::stopped) {
                    Explanation found{Cause::stopped,
                                      name,
                                      {},
                                      fmt::format("{} of {} is stopped by a signal.", thread.program, name)};
                    add_waits(found);
                    return found;
                }
        return {};
    }

    Found fault_on() const {
        for (const FaultOutcome& fault : facts_.outcomes) {
            if (fault.healed || fault.losses.empty() || !met(fault) || lets_some_through(fault)) continue;
            Explanation found{Cause::fault_on,
                              fault.losses.begin()->first,
                              {},
                              fmt::format("{} is on to the end.", fault.fault)};
            add_waits(found);
            return found;
        }
        return {};
    }

    static bool met(const FaultOutcome& fault) {
        return std::any_of(fault.losses.begin(), fault.losses.end(),
                           [](const auto& one) { return one.second.total() > 0; });
    }
    // Though it was on, new data went both ways, or came to somebody on a connection of which both ends are there.
    bool lets_some_through(const FaultOutcome& fault) const {
        return std::any_of(fault.recovery.begin(), fault.recovery.end(),
                           [](const auto& one) { return one.second.exchanged; }) ||
               std::any_of(connections_.begin(), connections_.end(), [&](const Connection& one) {
                   return one.other != nullptr && fault.losses.contains(one.peer) &&
                          received(one) > fault.fired + surely_after;
               });
    }
    // When it last had data, by the end of the first node that was stopped, shortly after it was looked at.
    Nanoseconds received(const Connection& connection) const {
        Nanoseconds stopped = Nanoseconds::max();
        for (const NodeOutcome* node : running_) stopped = std::min(stopped, node->ended);
        return stopped - std::chrono::milliseconds(connection.socket().ms_since_received);
    }

    Found address_gone() const {
        for (const HalfOpen& half : facts_.half_open)
            if (half.address_gone) {
                Explanation found{
                    Cause::address_gone, half.node, half.peer,
                    fmt::format(
                        "{} has another address now, and still waits on a connection from {}, which it "
                        "had before.",
                        half.node, half.socket.local.to_string())};
                found.evidence.push_back(half.node + ": " + ends_of(half.socket));
                add_waits(found);
                return found;
            }
        const Connection* to_nobody =
            find([&](const Connection& one) { return !former_owner_of(one.socket().remote).empty(); });
        if (to_nobody == nullptr) return {};
        const std::string peer = former_owner_of(to_nobody->socket().remote);
        Explanation found{Cause::address_gone, to_nobody->node, peer,
                          fmt::format("{} still talks to {}, an address that {} has no more.",
                                      to_nobody->node, to_nobody->socket().remote.to_string(), peer)};
        add_connection(found, *to_nobody);
        return found;
    }

    Found node_ended() const {
        for (const NodeOutcome& node : facts_.nodes) {
            if (!node.started || !node.exit || node.stopped_by_us || running_.empty()) continue;
            const bool has_failed = !node.exit->success() || node.killed_by_fault;
            if (!has_failed && !met_a_fault(node.name)) continue;
            Explanation found{
                Cause::node_ended, running_.front()->name, node.name,
                fmt::format("{} has ended ({}), and {} still wait{} for it.", node.name, node.exit->text(),
                            names_of_running(), running_.size() == 1 ? "s" : "")};
            add_waits(found);
            return found;
        }
        return {};
    }
    bool met_a_fault(const std::string& node) const {
        return std::any_of(facts_.outcomes.begin(), facts_.outcomes.end(), [&](const FaultOutcome& fault) {
            const auto found = fault.losses.find(node);
            return found != fault.losses.end() && found->second.total() > 0;
        });
    }
    std::string names_of_running() const {
        std::string text;
        for (const NodeOutcome* node : running_) text += (text.empty() ? "" : ", ") + node->name;
        return text;
    }

    // The end of who connected leaves a port that listens at the other.
    Found half_open() const {
        const HalfOpen* best = nullptr;
        for (const HalfOpen& half : facts_.half_open)
            if (best == nullptr || (listens(half.peer, half.socket.remote_port) &&
                                    !listens(best->peer, best->socket.remote_port)))
                best = &half;
        if (best == nullptr) return {};
        const bool of_server =
            listens(best->node, best->socket.local_port) && !listens(best->peer, best->socket.remote_port);
        Explanation found{of_server ? Cause::peer_gone : Cause::reply_given_up, best->node, best->peer};
        found.sentence =
            of_server ? fmt::format("{} waits for {}, whose end of the connection is gone without a word.",
                                    best->node, best->peer)
                      : fmt::format(
                            "{} waits for an answer of {}, which gave the connection up while nothing got "
                            "through; with nothing to send, {} never learns.",
                            best->node, best->peer, best->node);
        if (const Connection* connection = find([&](const Connection& one) {
                return one.node == best->node && ends_of(one.socket()) == ends_of(best->socket);
            }))
            add_connection(found, *connection);
        found.evidence.push_back(fmt::format("{}: has no trace of it", best->peer));
        add_waits(found);
        return found;
    }

    Found zero_window() const {
        const Connection* full =
            find([](const Connection& one) { return one.facts->timers.timer == TcpTimer::zero_window; });
        if (full == nullptr) return {};
        Explanation found{
            Cause::zero_window, full->node, full->peer,
            fmt::format("{} does not read what {} sends it: its buffer is full.",
                        full->peer.empty() ? full->socket().remote.to_string() : full->peer, full->node)};
        add_connection(found, *full);
        if (full->other != nullptr)
            found.evidence.push_back(
                fmt::format("{}: {} bytes wait to be read", full->peer, full->other->socket.receive_queue));
        add_waits(found);
        return found;
    }

    bool is_resending(const Connection& one) const {
        return one.facts->timers.timer == TcpTimer::retransmission &&
               (one.facts->timers.attempts >= attempts_of_a_dead_path || one.socket().state == "SYN_SENT");
    }

    // Both ends are there, and what is small came through, or there would be no connection.
    Found large_packets() const {
        const bool is_on = std::any_of(
            facts_.outcomes.begin(), facts_.outcomes.end(),
            [this](const auto& fault) { return !fault.healed && met(fault) && lets_some_through(fault); });
        const Connection* one = find([&](const Connection& c) {
            return is_resending(c) && c.other != nullptr && c.facts->timers.attempts >= attempts_beyond_loss;
        });
        if (!is_on || one == nullptr) return {};
        Explanation found{
            Cause::large_packets, one->node, one->peer,
            fmt::format("What {} sends {} in large packets does not get through, though small ones "
                        "do.",
                        one->node, one->peer)};
        add_connection(found, *one);
        return found;
    }

    Found resending() const {
        const Connection* one = find([&](const Connection& c) { return is_resending(c); });
        if (one == nullptr) return {};
        const std::string peer = one->peer.empty() ? one->socket().remote.to_string() : one->peer;
        Explanation found{Cause::resending, one->node, one->peer};
        found.sentence = one->socket().state == "SYN_SENT"
                             ? fmt::format("{} tries to connect to {}, and nobody answers.", one->node, peer)
                             : fmt::format(
                                   "{} has sent {} what was not acknowledged, and its TCP sends it again, "
                                   "each time after a longer wait.",
                                   one->node, peer);
        add_connection(found, *one);
        add_waits(found);
        return found;
    }

    Found name_server() const {
        for (const auto& [name, waits] : facts_.waits)
            for (const DatagramFacts& socket : waits.datagrams)
                if (socket.awaited && socket.remote_port == port_of_names) {
                    Explanation found{Cause::name_server,
                                      name,
                                      {},
                                      fmt::format("{} asks {} for a name, and gets no answer.", name,
                                                  socket.remote.to_string())};
                    add_waits(found);
                    return found;
                }
        return {};
    }

    static bool waits_for_network(const NodeWaits& waits) {
        return std::any_of(waits.waits.begin(), waits.waits.end(), [](const ThreadFacts& thread) {
            return thread.doing != ThreadDoing::waits || thread.end == WaitEnd::unknown ||
                   std::any_of(thread.on.begin(), thread.on.end(), [](const WaitTarget& target) {
                       using Object = WaitObject;
                       return target.object == Object::connection || target.object == Object::listening ||
                              target.object == Object::datagrams || target.object == Object::outside ||
                              target.object == Object::time;
                   });
        });
    }

    Found no_socket() const {
        for (const auto& [name, waits] : facts_.waits) {
            if (waits.waits.empty() || waits_for_network(waits)) continue;
            Explanation found{
                Cause::no_socket,
                name,
                {},
                fmt::format("The threads of {} wait for each other, and none for the network, which "
                            "is not to blame.",
                            name)};
            for (const ThreadFacts& thread : waits.waits)
                found.evidence.push_back(name + ": " + text_of(thread));
            return found;
        }
        return {};
    }

    static bool is_whole(const Connection& one) {
        return one.socket().state == "ESTABLISHED" && one.other != nullptr &&
               one.other->socket.state == "ESTABLISHED" && one.socket().send_queue == 0 &&
               one.socket().receive_queue == 0;
    }

    static bool goes_on(const ThreadFacts& thread) {
        return thread.doing == ThreadDoing::runs || thread.end == WaitEnd::in_time;
    }

    bool any_goes_on() const {
        return std::any_of(facts_.waits.begin(), facts_.waits.end(), [](const auto& one) {
            return std::any_of(one.second.waits.begin(), one.second.waits.end(), goes_on);
        });
    }

    Found all_wait() const {
        if (facts_.waits.empty() || any_goes_on()) return {};
        for (const Connection& one : connections_)
            if (one.facts->awaited && !is_whole(one)) return {};
        Explanation found{
            Cause::all_wait,
            {},
            {},
            "Every node waits for another one; their connections are whole, and nothing is on its "
            "way."};
        add_waits(found);
        return found;
    }

    Found retries() const {
        if (!any_goes_on()) return {};
        Explanation found{Cause::retries, {}, {}, "Nodes go on by themselves, and come to nothing new."};
        for (const auto& [name, waits] : facts_.waits)
            for (const ThreadFacts& thread : waits.waits)
                if (goes_on(thread)) {
                    found.evidence.push_back(name + ": " + text_of(thread));
                    break;
                }
        return found;
    }

    const Facts& facts_;
    std::vector<const NodeOutcome*> running_;
    std::vector<Connection> connections_;
};

}  // namespace

Explanation explain(const Facts& facts) {
    return Story(facts).explain();
}

}  // namespace netcut
