// SPDX-License-Identifier: Apache-2.0
#include "why/story.h"

#include <algorithm>

#include "why/seen.h"

namespace netcut {
namespace {

bool runs(const NodeOutcome& node) {
    return node.started && (!node.exit || node.stopped_by_us);
}

int rank(const ThreadFacts& thread) {
    const bool on_socket = std::any_of(thread.on.begin(), thread.on.end(), [](const WaitTarget& target) {
        return target.object == WaitObject::connection;
    });
    return (on_socket ? 2 : 0) + (thread.end == WaitEnd::never ? 1 : 0);
}

}  // namespace

Story::Story(const Facts& facts) : facts_(facts) {
    for (const NodeOutcome& node : facts.nodes)
        if (runs(node)) running_.push_back(&node);
    for (const auto& [name, waits] : facts.waits)
        for (const ConnectionFacts& one : waits.connections)
            connections_.push_back({name, &one, owner_of(one.socket.remote), other_end(name, one.socket)});
}

bool Story::has_ended(const std::string& node) const {
    return std::none_of(running_.begin(), running_.end(),
                        [&](const NodeOutcome* one) { return one->name == node; });
}

std::string Story::names_of_running() const {
    std::string text;
    for (const NodeOutcome* node : running_) text += (text.empty() ? "" : ", ") + node->name;
    return text;
}

const Story::Connection* Story::find(const std::function<bool(const Connection&)>& wanted) const {
    const auto found = std::find_if(connections_.begin(), connections_.end(), wanted);
    return found == connections_.end() ? nullptr : &*found;
}

std::string Story::owner_of(const IpAddress& address) const {
    const auto found = facts_.addresses.find(address.to_string());
    return found == facts_.addresses.end() ? std::string() : found->second;
}

std::string Story::former_owner_of(const IpAddress& address) const {
    const auto found = facts_.former_addresses.find(address.to_string());
    return found == facts_.former_addresses.end() || !owner_of(address).empty() ? std::string()
                                                                                : found->second;
}

// Each node has loopback addresses of its own.
const ConnectionFacts* Story::other_end(const std::string& node, const TcpSocket& socket) const {
    for (const auto& [name, waits] : facts_.waits)
        for (const ConnectionFacts& other : waits.connections)
            if ((name == node || !socket.remote.is_loopback()) && other.socket.local == socket.remote &&
                other.socket.remote == socket.local && other.socket.local_port == socket.remote_port &&
                other.socket.remote_port == socket.local_port)
                return &other;
    return nullptr;
}

bool Story::listens(const std::string& node, std::uint16_t port) const {
    const auto found = facts_.waits.find(node);
    if (found == facts_.waits.end()) return false;
    const auto& all = found->second.listening;
    return std::any_of(all.begin(), all.end(), [&](const ListeningFacts& one) { return one.port == port; });
}

bool Story::is_cut_off(const std::string& node) const {
    return std::any_of(facts_.outcomes.begin(), facts_.outcomes.end(), [&](const FaultOutcome& fault) {
        return !fault.healed && fault.losses.contains(node);
    });
}

bool Story::met_a_fault(const std::string& node) const {
    return std::any_of(facts_.outcomes.begin(), facts_.outcomes.end(), [&](const FaultOutcome& fault) {
        const auto found = fault.losses.find(node);
        return found != fault.losses.end() && found->second.total() > 0;
    });
}

void Story::add_waits(Explanation& found) const {
    add_waits(found, [](const ThreadFacts&) { return true; });
}

void Story::add_waits_for_others(Explanation& found) const {
    add_waits(found, [](const ThreadFacts& thread) {
        return thread.doing != ThreadDoing::waits || target_of(thread) != nullptr;
    });
}

void Story::add_waits(Explanation& found, bool (*wanted)(const ThreadFacts&)) const {
    for (const auto& [name, waits] : facts_.waits) {
        if (!found.node.empty() && name != found.node && name != found.peer) continue;
        if (has_ended(name)) continue;
        const ThreadFacts* best = nullptr;
        for (const ThreadFacts& thread : waits.waits)
            if (wanted(thread) && (best == nullptr || rank(thread) > rank(*best))) best = &thread;
        if (best != nullptr) add_thread(found, name, *best);
    }
}

void Story::add_thread(Explanation& found, const std::string& node, const ThreadFacts& thread) const {
    found.evidence.push_back(node + ": " + text_of(thread, peer_of(node, thread)));
}

std::string Story::peer_of(const std::string& node, const ThreadFacts& thread) const {
    const WaitTarget* target = target_of(thread);
    if (target == nullptr || target->object != WaitObject::connection) return {};
    const Connection* one = find([&](const Connection& connection) {
        return connection.node == node && ends_of(connection.socket()) == target->what;
    });
    return one == nullptr ? std::string() : one->peer;
}

void Story::add_connection(Explanation& found, const Connection& connection) const {
    const TcpTries tries = facts_.waits.at(connection.node).tries.value_or(TcpTries{});
    for (std::string& line : lines_of(connection.node, connection.peer, *connection.facts, tries))
        found.evidence.push_back(std::move(line));
}

}  // namespace netcut
