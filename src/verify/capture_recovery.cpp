// SPDX-License-Identifier: Apache-2.0
//
// When new data went each way after a heal, by the captures alone: against what the journal says that sockets
// told.
#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "base/time.h"
#include "fault/plan.h"
#include "kernel/address.h"
#include "record/event.h"
#include "record/facts.h"
#include "record/run_state.h"
#include "recovery/conversations.h"
#include "recovery/first_work.h"
#include "scenario/fault_spec.h"
#include "scenario/plan.h"
#include "scenario/scenario.h"
#include "scenario/site.h"
#include "verify/captures.h"
#include "verify/follower.h"
#include "verify/verify.h"

namespace netcut {
namespace {

// A record cannot make these wider.
constexpr Nanoseconds recovery_tolerance = std::chrono::milliseconds(250);
constexpr double recovery_tolerance_share = 0.05;

std::optional<Nanoseconds> later(const std::optional<Nanoseconds>& a, const std::optional<Nanoseconds>& b) {
    return a && b ? std::optional(std::max(*a, *b)) : std::nullopt;
}

bool agree(Nanoseconds told, Nanoseconds found) {
    const auto share = std::chrono::duration_cast<Nanoseconds>(found * recovery_tolerance_share);
    return std::chrono::abs(told - found) <= std::max(recovery_tolerance, share);
}

std::string end_text_of(const IpAddress& address, std::uint16_t port) {
    return fmt::format("{} port {}", address.to_string(), port);
}

class RecoveryCheck {
  public:
    RecoveryCheck(const Captures& captures, const std::vector<Event>& events, const Scenario& scenario,
                  Check& check)
        : captures_(captures), scenario_(scenario), check_(check) {
        for (const Event& event : events) {
            if (event.is<event::RunStopping>()) stopping_ = event.t;
            if (event.is<event::NodeExited>()) exited_[event.node] = event.t;
            if (event.is<event::NodeStarted>()) exited_.erase(event.node);
        }
        for (const SeenPacket& packet : captures.seen)
            if (!packet.lost_by && !packet.beginning.empty()) opened_.take(packet.beginning, packet.time);
    }

    void take(const Event& event, const Recovery& told, const Firing& firing, const FaultSpec& spec) {
        const auto plan = plan_of(scenario_, spec);
        const auto node = node_index(scenario_, event.node);
        if (!plan || !node || !firing.healed) return;
        if (is_beyond_a_proxy(event.node)) {
            note_unchecked(fmt::format(
                "recovery of {}: when what a proxy has passed on arrived is in no capture", event.node));
            return;
        }
        // What a kernel still does for a program that is gone is no recovery.
        const auto exited = exited_.find(event.node);
        const Nanoseconds end =
            std::min({exited == exited_.end() ? stopping_ : exited->second, stopping_, event.t});
        end_ = end;
        const auto names = node_names(scenario_);
        const auto hides = [&](std::size_t one) { return is_translated(site_of(scenario_, names.at(one))); };
        const Followeds found = Follower(captures_, *node, *firing.healed, end, hides).all();
        const std::string what = fmt::format("{} after {}", event.node, firing_name(firing, spec));
        is_coarse_ = told.largest_gap > recovery_tolerance;
        compare_network(told, found, *plan, firing, what);
        for (const Conversation& one : told.conversations) compare(one, found, firing, what);
    }
    std::size_t compared() const { return compared_; }

  private:
    // Whether one of its connections may be two.
    bool is_beyond_a_proxy(const std::string& node) const {
        const auto& sites = scenario_.fabric.sites;
        const SiteSpec* own = site_of(scenario_, node);
        return std::any_of(sites.begin(), sites.end(), [&](const SiteSpec& site) {
            return site.relays() && (own == &site || node == aggregator_name);
        });
    }
    void note_unchecked(const std::string& why) {
        if (std::find(check_.unchecked.begin(), check_.unchecked.end(), why) == check_.unchecked.end())
            check_.unchecked.push_back(why);
    }

    void wrong(const std::string& what, const std::string& why) {
        check_.disagreements.push_back(fmt::format("recovery of {}: {}", what, why));
    }

    // Another time than the record's. Where that says itself that it was not looked often enough, it is no evidence
    // of a time, but no more than that: what never was is wrong all the same.
    void differs(const std::string& what, const std::string& why) {
        if (!is_coarse_) return wrong(what, why);
        check_.unchecked.push_back(
            fmt::format("recovery of {}: its node was not looked at often enough: {}", what, why));
    }

    // The first new data each way is that of one of the connections that the fault could hit: it need not be the first of
    // all, since a kernel also takes what comes for a connection that its program has given up.
    void compare_network(const Recovery& told, const Followeds& found, const FaultPlan& plan,
                         const Firing& firing, const std::string& what) {
        // Which connections were there before is not followed.
        using Connections = PacketFilter::Connections;
        if (plan.filter.only == Connections::fresh || plan.filter.only == Connections::established) return;
        std::vector<Nanoseconds> sent, received, worked, hidden;
        bool any = false;
        for (const auto& [key, one] : found) {
            if (!acts_on(plan, one.node, one.peer, std::get<1>(key), std::get<3>(key))) continue;
            any = true;
            if (one.sent) sent.push_back(*one.sent);
            if (one.received) received.push_back(*one.received);
            for (const auto& left : {one.hidden_sent, one.hidden_received})
                if (left) hidden.push_back(*left);
            add_work(key, one, firing, worked, what);
        }
        if (!any) return;
        compare_way("sent", told.sent, sent, hidden, what);
        compare_way("received", told.received, received, hidden, what);
        compare_way("worked with", told.worked, worked, hidden, what);
    }

    // What came out of a NAT cannot have arrived before it left.
    bool may_be_hidden(Nanoseconds told, Nanoseconds left, const std::string& what) {
        if (told + recovery_tolerance < left) return false;
        const std::string why = fmt::format(
            "recovery of {}: when datagrams that came out of a NAT arrived is in no capture", what);
        if (std::find(check_.unchecked.begin(), check_.unchecked.end(), why) == check_.unchecked.end())
            check_.unchecked.push_back(why);
        return true;
    }

    // Times at which it may have worked both ways.
    void add_work(const ConversationKey& key, const Followed& one, const Firing& firing,
                  std::vector<Nanoseconds>& times, const std::string& what) {
        const FirstWork* opened = one.udp || one.begun < firing.fired ? nullptr : opened_.find(key);
        if (is_told_by_packets(opened, end_text_of(std::get<0>(key), std::get<1>(key)), what)) {
            if (const auto work = work_since(*opened, firing)) times.push_back(*work);
            return;
        }
        if (one.sent) times.push_back(*one.sent);
        if (one.received) times.push_back(*one.received);
    }

    void compare_way(const char* way, const std::optional<Nanoseconds>& told,
                     const std::vector<Nanoseconds>& found, const std::vector<Nanoseconds>& hidden,
                     const std::string& what) {
        if (!told) return;
        ++compared_;
        if (std::any_of(found.begin(), found.end(), [&](Nanoseconds time) { return agree(*told, time); }))
            return;
        if (std::any_of(hidden.begin(), hidden.end(),
                        [&](Nanoseconds left) { return may_be_hidden(*told, left, what); }))
            return;
        if (found.empty())
            return wrong(
                what, fmt::format("it {} data {:.3f} s after the heal, and by the captures no new data", way,
                                  seconds(*told)));
        differs(what,
                fmt::format("it {} data {:.3f} s after the heal, and by the captures new data {:.3f} s", way,
                            seconds(*told), seconds(*std::min_element(found.begin(), found.end()))));
    }

    void compare(const Conversation& told, const Followeds& found, const Firing& firing,
                 const std::string& what) {
        using Outcome = Conversation::Outcome;
        for (const auto& [key, one] : found) {
            if (told.udp != one.udp || end_text_of(std::get<0>(key), std::get<1>(key)) != told.local ||
                end_text_of(std::get<2>(key), std::get<3>(key)) != told.remote)
                continue;
            if (told.outcome == Outcome::resumed)
                return compare_resumed(told, one, one.begun < firing.fired ? nullptr : opened_.find(key),
                                       firing, what);
            if (told.outcome == Outcome::connected) return compare_connected(told, key, found, firing, what);
            if (told.outcome == Outcome::replaced) return compare_replaced(told, key, found, firing, what);
            if (told.outcome == Outcome::stuck && one.awaits_sent && later(one.sent, one.received))
                wrong(what, fmt::format("{} is said to be stuck, and by the captures data went both ways",
                                        told.local));
            return;
        }
        if (told.outcome == Outcome::resumed) wrong(what, fmt::format("{} is in no capture", told.local));
    }

    // `opened`: how it began, if that was after the firing.
    void compare_resumed(const Conversation& told, const Followed& one, const FirstWork* opened,
                         const Firing& firing, const std::string& what) {
        ++compared_;
        // Its own data may have been waiting where no capture is: without a link.
        std::vector<std::optional<Nanoseconds>> possible = {later(one.sent, one.received)};
        if (!one.awaits_sent) possible.push_back(one.received);
        if (!one.down.any) possible.push_back(one.sent);
        if (is_told_by_packets(opened, told.local, what)) possible = {work_since(*opened, firing)};
        const bool is_one = std::any_of(possible.begin(), possible.end(),
                                        [&](const auto& time) { return time && agree(*told.after, *time); });
        if (is_one) return;
        if (one.hidden() &&
            may_be_hidden(*told.after,
                          std::max({one.sent.value_or(Nanoseconds(0)), one.received.value_or(Nanoseconds(0)),
                                    one.hidden_sent.value_or(Nanoseconds(0)),
                                    one.hidden_received.value_or(Nanoseconds(0))}),
                          what))
            return;
        const std::string why =
            fmt::format("{} is said to have gone on {:.3f} s after the heal, and by the captures {}",
                        told.local, seconds(*told.after),
                        possible.front() ? fmt::format("{:.3f} s", seconds(*possible.front()))
                                         : "no new data went both ways");
        const bool any =
            std::any_of(possible.begin(), possible.end(), [](const auto& time) { return time.has_value(); });
        any ? differs(what, why) : wrong(what, why);
    }

    void compare_replaced(const Conversation& told, const ConversationKey& key, const Followeds& found,
                          const Firing& firing, const std::string& what) {
        ++compared_;
        const auto& [local, local_port, remote, remote_port] = key;
        const std::optional<std::size_t> peer = found.at(key).peer;
        if (!told.after) return;  // the record does not know when
        bool any = false;
        for (const auto& [other_key, other] : found) {
            const bool same_service =
                other.udp == told.udp && other.peer == peer &&
                (std::get<1>(other_key) == local_port || std::get<3>(other_key) == remote_port);
            auto both = later(other.sent, other.received);
            if (!same_service || other.begun < firing.fired || !both) continue;
            if (const FirstWork* opened = opened_.find(other_key);
                is_told_by_packets(opened, told.local, what))
                both = work_since(*opened, firing);
            if (!both) continue;
            if (agree(*told.after, *both)) return;
            any = true;
        }
        const std::string why = fmt::format(
            "{} is said to be replaced {:.3f} s after the heal, and the captures have no such connection",
            told.local, seconds(*told.after));
        any ? differs(what, why) : wrong(what, why);
    }

    // Of connections of TLS and HTTP/2, whose set-up is no work.
    bool is_told_by_packets(const FirstWork* opened, const std::string& local, const std::string& what) {
        if (opened == nullptr || opened->state() == WorkState::any_data) return false;
        if (opened->is_sure() && opened->state() != WorkState::unclear) return true;
        const std::string why = fmt::format(
            "recovery of {}: too little of each packet was captured, or too many connections were, to tell "
            "work from set-up on the connection of {} (--pcap-snap 2048 is enough)",
            what, local);
        if (std::find(check_.unchecked.begin(), check_.unchecked.end(), why) == check_.unchecked.end())
            check_.unchecked.push_back(why);
        return false;
    }

    static std::optional<Nanoseconds> work_since(const FirstWork& opened, const Firing& firing) {
        if (opened.state() != WorkState::work) return {};
        return std::max(Nanoseconds(0), opened.when() - *firing.healed);
    }

    void compare_connected(const Conversation& told, const ConversationKey& key, const Followeds& found,
                           const Firing& firing, const std::string& what) {
        ++compared_;
        for (const auto& [other_key, other] : found) {
            const bool same_service =
                other.peer == found.at(key).peer &&
                (std::get<1>(other_key) == std::get<1>(key) || std::get<3>(other_key) == std::get<3>(key));
            if (!same_service || other.begun < firing.fired) continue;
            const FirstWork* opened = opened_.find(other_key);
            if (opened != nullptr && opened->state() == WorkState::work && opened->when() <= end_)
                wrong(what, fmt::format("what came after {} is said to have been set-up alone, and by the "
                                        "captures it carried work",
                                        told.local));
        }
    }

    const Captures& captures_;
    const Scenario& scenario_;
    Check& check_;
    OpenedConnections opened_;
    Nanoseconds end_{0};
    std::map<std::string, Nanoseconds> exited_;
    Nanoseconds stopping_ = Nanoseconds::max();
    bool is_coarse_ = false;
    std::size_t compared_ = 0;
};

}  // namespace

void check_recoveries(const Captures& captures, const std::vector<Event>& events, const RunState& state,
                      const Scenario& scenario, Check& check) {
    RecoveryCheck compare(captures, events, scenario, check);
    // By the order of the lines: a recovery may be told a moment after the fault was fired again.
    std::map<std::string, const Firing*> last;
    std::size_t fired = 0;
    const auto look = [&](const Event& event, const Recovery& told) {
        const auto firing = last.find(event.fault);
        const FaultSpec* spec = find_fault(scenario, event.fault);
        if (firing != last.end() && spec != nullptr) compare.take(event, told, *firing->second, *spec);
    };
    for (const Event& event : events) {
        const auto& firings = state.firings();
        if (event.is<event::FaultFired>() && fired < firings.size() && firings[fired].fault == event.fault)
            last[event.fault] = &firings[fired++];
        if (const auto* recovered = event.as<event::NodeRecovered>()) look(event, recovered->recovery);
        if (const auto* unrecovered = event.as<event::NodeUnrecovered>()) look(event, unrecovered->recovery);
    }
    if (compare.compared() > 0)
        check.found +=
            fmt::format("\n{} times of recovery are those of new data in sequence", compare.compared());
}

}  // namespace netcut
