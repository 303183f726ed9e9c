// SPDX-License-Identifier: Apache-2.0
#include "recovery/datagram_flows.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace netcut {
namespace {

constexpr std::size_t most_flows = 4096, most_flows_listed = 40;

// Less than nothing where a NAT has hidden whose datagram it was that came.
std::int64_t lost_of(const FlowCounts& counts) {
    return static_cast<std::int64_t>(counts.up.came - counts.up.passed) +
           static_cast<std::int64_t>(counts.down.came - counts.down.passed);
}

std::uint64_t rebound_of(const FlowCounts& counts) {
    return counts.up.rebound + counts.down.rebound;
}

std::string flow_end_text(const IpAddress& address, std::uint16_t port) {
    return fmt::format("{} port {}", address.to_string(), port);
}

}  // namespace

std::map<ConversationKey, FlowCounts> flows_of(const std::set<IpAddress>& addresses,
                                               const DatagramCounts& counts) {
    std::map<ConversationKey, FlowCounts> flows;
    for (const auto& [way, count] : counts) {
        const auto& [source, source_port, destination, destination_port] = way;
        if (destination.is_multicast() || destination == boost::asio::ip::address_v4::broadcast()) continue;
        if (addresses.contains(source)) flows[way].up = count;
        if (addresses.contains(destination)) flows[turned(way)].down = count;
    }
    return flows;
}

void DatagramFlows::see(const FlowSample& sample) {
    for (const auto& [key, counts] : sample.flows) {
        auto found = tracked_.find(key);
        if (found == tracked_.end()) {
            if (tracked_.size() >= most_flows) continue;
            found = tracked_.emplace(key, Tracked{}).first;
            found->second.peer = sample.who(std::get<2>(key));
            found->second.could_be_hit = could_hit_(key, !fired_);
        }
        found->second.last = counts;
    }
    for (auto& [key, one] : tracked_) {
        one.was_held = std::exchange(one.held, sample.held.contains(std::get<1>(key)));
        if (!fired_ || !(one.held || one.was_held)) continue;
        sent_since_fire_ = sent_since_fire_ || one.last.up.arrived > one.fire.up.arrived;
        received_since_fire_ = received_since_fire_ || one.last.down.arrived > one.fire.down.arrived;
    }
}

void DatagramFlows::at_fire(const FlowSample& sample) {
    see(sample);
    fired_ = true;
    for (auto& [key, one] : tracked_) {
        one.at_fire = true;
        one.fire = one.last;
    }
}

void DatagramFlows::at_heal(const FlowSample& sample) {
    see(sample);
    healed_ = true;
    for (auto& [key, one] : tracked_) {
        one.heal = one.last;
        one.touched = one.could_be_hit && (lost_of(one.heal) > lost_of(one.fire) || has_to_rebind(one));
    }
}

// The heal gives it its old port again, which is a change like the first. One that its program has ended, having been
// answered, is not waited for.
bool DatagramFlows::has_to_rebind(const Tracked& one) {
    const bool was_answered = one.heal.down.rebound > one.fire.down.rebound;
    return rebound_of(one.heal) > rebound_of(one.fire) && (one.held || !was_answered);
}

void DatagramFlows::after(const FlowSample& sample, Nanoseconds since_heal) {
    see(sample);
    for (auto& [key, one] : tracked_) {
        // What comes to nobody is nobody's.
        const bool has_received = (one.held || one.was_held) && one.last.down.arrived > one.heal.down.arrived;
        if (!one.sent && one.last.up.arrived > one.heal.up.arrived) one.sent = since_heal;
        if (!one.received && has_received) one.received = since_heal;
        if (one.could_be_hit && one.sent && !sent_) sent_ = one.sent;
        if (one.could_be_hit && one.received && !received_) received_ = one.received;
    }
    for (auto& [key, one] : tracked_)
        if (one.touched && !resumed(one)) find_replacement(key, one);
}

// A way that has never carried anything is not waited for.
std::optional<Nanoseconds> DatagramFlows::resumed(const Tracked& one) {
    if (one.sent && one.received) return std::max(*one.sent, *one.received);
    if (one.sent && one.last.down.came == 0) return one.sent;
    if (one.received && one.last.up.came == 0) return one.received;
    return {};
}

void DatagramFlows::find_replacement(const ConversationKey& key, Tracked& one) {
    if (one.replaced) return;
    for (const auto& [other_key, other] : tracked_) {
        const bool same_service = other.peer == one.peer && (std::get<3>(other_key) == std::get<3>(key) ||
                                                             std::get<1>(other_key) == std::get<1>(key));
        const bool differs = other_key != key && !other.at_fire;
        if (!same_service || !differs || !other.sent || !other.received) continue;
        const Nanoseconds when = std::max(*other.sent, *other.received);
        if (!one.replaced || when < *one.replaced) one.replaced = when;
    }
}

bool DatagramFlows::all_went_on() const {
    return std::all_of(tracked_.begin(), tracked_.end(), [](const auto& entry) {
        return !entry.second.touched || resumed(entry.second) || entry.second.replaced;
    });
}

Conversation DatagramFlows::conclude(const ConversationKey& key, const Tracked& one) {
    using Outcome = Conversation::Outcome;
    const auto went_on = resumed(one);
    const bool tries = one.last.up.came > one.heal.up.came;
    const Outcome outcome = went_on        ? Outcome::resumed
                            : one.replaced ? Outcome::replaced
                            : !one.held    ? Outcome::given_up
                            : tries        ? Outcome::stuck
                                           : Outcome::silent;
    return {one.peer,
            flow_end_text(std::get<0>(key), std::get<1>(key)),
            flow_end_text(std::get<2>(key), std::get<3>(key)),
            outcome,
            went_on ? went_on : one.replaced,
            true};
}

std::vector<Conversation> DatagramFlows::list() const {
    std::vector<Conversation> all;
    for (const auto& [key, one] : tracked_)
        if (one.touched) all.push_back(conclude(key, one));
    std::stable_sort(all.begin(), all.end(), [](const auto& a, const auto& b) {
        return a.outcome != b.outcome ? a.outcome > b.outcome : a.after > b.after;
    });
    all.resize(std::min(all.size(), most_flows_listed));
    return all;
}

std::size_t DatagramFlows::others() const {
    return static_cast<std::size_t>(std::count_if(tracked_.begin(), tracked_.end(), [](const auto& entry) {
        return entry.second.at_fire && !entry.second.touched;
    }));
}

}  // namespace netcut
