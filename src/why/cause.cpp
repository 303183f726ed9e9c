// SPDX-License-Identifier: Apache-2.0
#include "why/cause.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/time.h"
#include "kernel/sockdiag.h"
#include "kernel/zero_window.h"
#include "why/seen.h"
#include "why/story.h"

namespace netcut {
namespace {

constexpr std::uint16_t port_of_names = 53;
constexpr unsigned attempts_of_a_dead_path = 2, attempts_beyond_loss = 3;
constexpr std::size_t most_evidence = 8;

using Found = std::optional<Explanation>;

using Connection = Story::Connection;

class Rules {
  public:
    explicit Rules(const Facts& facts) : story_(facts), facts_(facts) {}

    Explanation explain() const {
        for (const auto rule :
             {&Rules::stopped, &Rules::name_server, &Rules::stale_neighbour, &Rules::large_packets,
              &Rules::fault_on, &Rules::address_gone, &Rules::node_ended, &Rules::half_open,
              &Rules::zero_window, &Rules::resending, &Rules::no_socket, &Rules::all_wait, &Rules::retries})
            if (Found found = (this->*rule)()) return finished(beyond_proxies(std::move(*found)));
        Explanation unknown{.sentence = "None of the known causes fits what the nodes wait for."};
        story_.add_waits(unknown);
        return finished(std::move(unknown));
    }

  private:
    static Explanation finished(Explanation found) {
        found.remedy = remedy_of(found.cause);
        found.evidence.resize(std::min(found.evidence.size(), most_evidence));
        return found;
    }

    // Both far ends of a connection do not tell what the proxy between them has, or still waits for.
    Explanation beyond_proxies(Explanation found) const {
        static constexpr Cause of_two_ends[] = {Cause::reply_given_up, Cause::peer_gone, Cause::zero_window,
                                                Cause::large_packets, Cause::all_wait};
        const bool is_of_two =
            std::find(std::begin(of_two_ends), std::end(of_two_ends), found.cause) != std::end(of_two_ends);
        const bool is_relayed = facts_.relayed.contains(found.node) || facts_.relayed.contains(found.peer) ||
                                (found.node.empty() && !facts_.relayed.empty());
        if (!is_of_two || !is_relayed) return found;
        found.cause = Cause::unknown;
        found.sentence = found.node.empty() || found.peer.empty()
                             ? "Nodes wait for each other through a proxy, which may hold something for them."
                             : fmt::format(
                                   "{} and {} wait for each other, and the proxy between them may hold one "
                                   "end of a connection whose other end is gone.",
                                   found.node, found.peer);
        return found;
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
                    story_.add_waits(found);
                    return found;
                }
        return {};
    }

    Found fault_on() const {
        for (const FaultOutcome& fault : facts_.outcomes) {
            if (fault.healed || fault.losses.empty() || !met(fault) || lets_some_through(fault)) continue;
            Explanation found{Cause::fault_on,
                              first_met(fault)->first,
                              {},
                              fmt::format("{} is on to the end.", fault.fault)};
            if (fault.kind->on_lookups) {  // which nobody is seen to wait for between two of them
                found.cause = Cause::name_server;
                found.sentence = fmt::format(
                    "{} asks for names, and {}, which is on to the end, keeps the answers from it.",
                    found.node, fault.fault);
            }
            story_.add_waits(found);
            return found;
        }
        return {};
    }

    // The first node that lost something; the end: none did.
    static std::map<std::string, Losses>::const_iterator first_met(const FaultOutcome& fault) {
        return std::find_if(fault.losses.begin(), fault.losses.end(),
                            [](const auto& one) { return one.second.total() > 0; });
    }
    static bool met(const FaultOutcome& fault) { return first_met(fault) != fault.losses.end(); }
    // Though it was on, new data went both ways, or came to somebody on a connection of which both ends are there.
    bool lets_some_through(const FaultOutcome& fault) const {
        return std::any_of(fault.recovery.begin(), fault.recovery.end(),
                           [](const auto& one) { return one.second.exchanged; }) ||
               std::any_of(story_.connections().begin(), story_.connections().end(),
                           [&](const Connection& one) {
                               return fault.losses.contains(one.peer) && got_data_during(fault, one);
                           });
    }
    // From the other end, which has it, too: by what both have carried more than when the fault had begun. What was not
    // open then was opened since, and packets went both ways for that.
    static bool got_data_during(const FaultOutcome& fault, const Connection& one) {
        if (one.other == nullptr || !is_open(one.socket()) || !is_open(one.other->socket)) return false;
        if (const auto then = fault.carried.find(one.node); then != fault.carried.end()) {
            const auto before = then->second.find(connection_name(one.node, one.socket()));
            return before == then->second.end() || before->second.received != one.socket().bytes_received;
        }
        const auto then = fault.carried.find(one.peer);
        if (then == fault.carried.end()) return false;
        const auto before = then->second.find(connection_name(one.peer, one.other->socket));
        return before == then->second.end() || before->second.acked != one.other->socket.bytes_acked;
    }
    static bool was_opened_during(const FaultOutcome& fault, const HalfOpen& half) {
        const auto then = fault.carried.find(half.node);
        return then != fault.carried.end() && is_open(half.socket) &&
               !then->second.contains(connection_name(half.node, half.socket));
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
                found.evidence.push_back(half.node + ": " + name_of(half.socket, half.peer));
                story_.add_waits(found);
                return found;
            }
        const Connection* to_nobody = story_.find(
            [&](const Connection& one) { return !story_.former_owner_of(one.socket().remote).empty(); });
        if (to_nobody == nullptr) return {};
        const std::string peer = story_.former_owner_of(to_nobody->socket().remote);
        Explanation found{Cause::address_gone, to_nobody->node, peer,
                          fmt::format("{} still talks to {}, an address that {} has no more.",
                                      to_nobody->node, to_nobody->socket().remote.to_string(), peer)};
        story_.add_connection(found, *to_nobody);
        return found;
    }

    Found node_ended() const {
        for (const NodeOutcome& node : facts_.nodes) {
            if (!node.started || !node.exit || node.stopped_by_us || story_.running().empty()) continue;
            const bool has_failed = !node.exit->success() || node.killed_by_fault;
            if (!has_failed && !story_.met_a_fault(node.name)) continue;
            Explanation found{
                Cause::node_ended, story_.running().front()->name, node.name,
                fmt::format("{} has ended ({}), and {} still wait{} for it.", node.name, node.exit->text(),
                            story_.names_of_running(), story_.running().size() == 1 ? "s" : "")};
            story_.add_waits_for_others(found);
            return found;
        }
        return {};
    }
    // The end of who connected leaves a port that listens at the other.
    Found half_open() const {
        const HalfOpen* best = nullptr;
        for (const HalfOpen& half : facts_.half_open)
            if (best == nullptr || (story_.listens(half.peer, half.socket.remote_port) &&
                                    !story_.listens(best->peer, best->socket.remote_port)))
                best = &half;
        if (best == nullptr) return {};
        const bool of_server = story_.listens(best->node, best->socket.local_port) &&
                               !story_.listens(best->peer, best->socket.remote_port);
        Explanation found{of_server ? Cause::peer_gone : Cause::reply_given_up, best->node, best->peer};
        found.sentence =
            of_server ? fmt::format("{} waits for {}, whose end of the connection is gone without a word.",
                                    best->node, best->peer)
                      : fmt::format(
                            "{} waits for an answer of {}, which gave the connection up while nothing got "
                            "through; with nothing to send, {} never learns.",
                            best->node, best->peer, best->node);
        if (const Connection* connection = story_.find([&](const Connection& one) {
                return one.node == best->node && ends_of(one.socket()) == ends_of(best->socket);
            }))
            story_.add_connection(found, *connection);
        found.evidence.push_back(fmt::format("{}: has no trace of that connection", best->peer));
        story_.add_waits(found);
        return found;
    }

    Found zero_window() const {
        const Connection* full = story_.find(
            [](const Connection& one) { return is_window_full(one.socket(), one.facts->timers); });
        if (full == nullptr) return {};
        Explanation found{
            Cause::zero_window, full->node, full->peer,
            fmt::format("{} does not read what {} sends it: its buffer is full.",
                        full->peer.empty() ? full->socket().remote.to_string() : full->peer, full->node)};
        story_.add_connection(found, *full);
        if (full->other != nullptr)
            found.evidence.push_back(
                fmt::format("{}: {} bytes wait to be read", full->peer, full->other->socket.receive_queue));
        story_.add_waits(found);
        return found;
    }

    bool is_resending(const Connection& one) const {
        const TcpTimers& timers = one.facts->timers;
        if (could_not_leave(one.socket(), timers)) return true;
        return timers.timer == TcpTimer::retransmission &&
               (timers.attempts >= attempts_of_a_dead_path || one.socket().state == "SYN_SENT");
    }

    // On a bridge. The node that has the address must be there, or nobody can answer.
    Found stale_neighbour() const {
        for (const auto& [name, waits] : facts_.waits)
            for (const NeighbourFacts& one : waits.neighbours) {
                const auto owner = facts_.addresses.find(one.address);
                if (owner == facts_.addresses.end()) continue;
                const std::string& peer = owner->second;
                const auto real = facts_.link_addresses.find(peer);
                if (real == facts_.link_addresses.end() || story_.is_cut_off(peer) || story_.is_cut_off(name))
                    continue;
                if (one.resolved && one.mac == real->second) continue;
                Explanation found{Cause::stale_neighbour, name, peer};
                found.sentence = one.resolved ? fmt::format(
                                                    "{} sends what is for {} to the link address {}, and {} "
                                                    "has {} now.",
                                                    name, one.address, one.mac, peer, real->second)
                                              : fmt::format("{} finds no link address for {}, which {} has.",
                                                            name, one.address, peer);
                if (const Connection* connection = story_.find([&, &name = name](const Connection& c) {
                        return c.node == name && c.socket().remote.to_string() == one.address &&
                               is_resending(c);
                    }))
                    story_.add_connection(found, *connection);
                return found;
            }
        return {};
    }

    // What a list or a queue loses may be of any size.
    static bool may_be_by_size(const FaultOutcome& fault) {
        return !fault.healed && met(fault) && fault.list_period == 0 && !fault.queued;
    }

    // Since the fault began a connection between these nodes was given up that had lost packets.
    static bool gave_up_before(const FaultOutcome& fault, const Connection& one) {
        return std::any_of(fault.recovery.begin(), fault.recovery.end(), [&](const auto& node) {
            const std::string& peer = node.first == one.node ? one.peer : one.node;
            const auto& all = node.second.conversations;
            return (node.first == one.node || node.first == one.peer) &&
                   std::any_of(all.begin(), all.end(), [&](const Conversation& conversation) {
                       return conversation.peer == peer &&
                              conversation.outcome == Conversation::Outcome::given_up;
                   });
        });
    }

    // Both ends are there, and what is small came through, or there would be no connection. One that a program has opened
    // in place of another has not been tried as often.
    Found large_packets() const {
        const Connection* one = story_.find([this](const Connection& c) {
            return c.other != nullptr && c.socket().send_queue > 0 &&
                   std::any_of(facts_.outcomes.begin(), facts_.outcomes.end(), [&](const auto& fault) {
                       const bool often = is_resending(c) && c.facts->timers.attempts >= attempts_beyond_loss;
                       return may_be_by_size(fault) && lets_some_through(fault) &&
                              (often || gave_up_before(fault, c));
                   });
        });
        if (one == nullptr) return large_answer();
        Explanation found{
            Cause::large_packets, one->node, one->peer,
            fmt::format("What {} sends {} in large packets does not get through, though small ones "
                        "do.",
                        one->node, one->peer)};
        story_.add_connection(found, *one);
        return found;
    }

    // A connection came about while a fault was on, so that small packets pass each way, and then the other end gave up.
    Found large_answer() const {
        for (const HalfOpen& half : facts_.half_open) {
            if (half.socket.state != "ESTABLISHED") continue;
            const bool began_since =
                std::any_of(facts_.outcomes.begin(), facts_.outcomes.end(), [&](const FaultOutcome& fault) {
                    return may_be_by_size(fault) && was_opened_during(fault, half) &&
                           (fault.losses.contains(half.node) || fault.losses.contains(half.peer));
                });
            if (!began_since) continue;
            Explanation found{
                Cause::large_packets, half.node, half.peer,
                fmt::format("What {} sends {} in large packets does not get through, though small "
                            "ones do; it has given the connection up.",
                            half.peer, half.node)};
            found.evidence.push_back(fmt::format("{}: {} is {}, and was opened while a fault was on",
                                                 half.node, name_of(half.socket, half.peer),
                                                 half.socket.state));
            found.evidence.push_back(fmt::format("{}: has no trace of that connection", half.peer));
            return found;
        }
        return {};
    }

    Found resending() const {
        const Connection* one = story_.find([&](const Connection& c) { return is_resending(c); });
        if (one == nullptr) return {};
        const std::string peer = one->peer.empty() ? one->socket().remote.to_string() : one->peer;
        Explanation found{Cause::resending, one->node, one->peer};
        found.sentence =
            one->socket().state == "SYN_SENT"
                ? fmt::format("{} tries to connect to {}, and nobody answers.", one->node, peer)
            : could_not_leave(one->socket(), one->facts->timers)
                ? fmt::format(
                      "What {} sends {} cannot leave it, because it has no link or no route, and "
                      "its TCP tries again, each time after a longer wait.",
                      one->node, peer)
                : fmt::format(
                      "{} has sent {} what was not acknowledged, and its TCP sends it again, "
                      "each time after a longer wait.",
                      one->node, peer);
        story_.add_connection(found, *one);
        story_.add_waits(found);
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
                    story_.add_waits(found);
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
            for (const ThreadFacts& thread : waits.waits) story_.add_thread(found, name, thread);
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
        for (const Connection& one : story_.connections())
            if (one.facts->awaited && !is_whole(one)) return {};
        Explanation found{
            Cause::all_wait,
            {},
            {},
            "Every node waits for another one; their connections are whole, and nothing is on its "
            "way."};
        story_.add_waits(found);
        return found;
    }

    Found retries() const {
        if (!any_goes_on()) return {};
        Explanation found{Cause::retries, {}, {}, "Nodes go on by themselves, and come to nothing new."};
        for (const auto& [name, waits] : facts_.waits)
            for (const ThreadFacts& thread : waits.waits)
                if (goes_on(thread)) {
                    story_.add_thread(found, name, thread);
                    break;
                }
        return found;
    }

    const Story story_;
    const Facts& facts_;
};

}  // namespace

Explanation explain(const Facts& facts) {
    return Rules(facts).explain();
}

}  // namespace netcut
