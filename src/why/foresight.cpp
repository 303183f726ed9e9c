// SPDX-License-Identifier: Apache-2.0
#include "why/foresight.h"

#include <fmt/format.h>

#include <algorithm>

#include "kernel/socket_facts.h"
#include "kernel/zero_window.h"
#include "why/giving_up.h"
#include "why/seen.h"

namespace netcut {
namespace {

// What ends sooner has ended many times while nothing went on, and will again.
constexpr Nanoseconds shortest_foreseen = std::chrono::seconds(1);

class NodeForesight {
  public:
    NodeForesight(const std::string& node, const TcpTries& tries, std::vector<Foreseen>& found)
        : node_(node), tries_(tries), found_(found) {}

    void take(const ThreadFacts& thread) {
        if (thread.doing == ThreadDoing::waits && thread.end == WaitEnd::in_time &&
            thread.ends_in >= shortest_foreseen)
            add(ForeseenKind::wait_ends, name_of(thread), *thread.ends_in);
    }

    void take(const ConnectionFacts& connection) {
        if (connection.holders.empty()) return;  // no program hears of it
        const TcpTimers& timers = connection.timers;
        const Nanoseconds expires = std::chrono::milliseconds(timers.expires_ms);
        const std::string ends = ends_of(connection.socket);
        const bool sends_again =
            timers.timer == TcpTimer::retransmission || could_not_leave(connection.socket, timers);
        if (sends_again) add(ForeseenKind::sends_again, ends, expires);
        if (timers.timer == TcpTimer::keepalive) add(ForeseenKind::probes, ends, expires);
        if (is_window_full(connection.socket, timers)) add(ForeseenKind::asks_for_room, ends, expires);
        if (const auto in = gives_up_in(connection, tries_)) add(ForeseenKind::gives_up, ends, *in);
    }

  private:
    void add(ForeseenKind kind, std::string what, Nanoseconds in) {
        const auto same = std::find_if(found_.begin(), found_.end(), [&](const Foreseen& other) {
            return other.kind == kind && other.node == node_;
        });
        if (same == found_.end())
            found_.push_back({kind, node_, std::move(what), in});
        else if (in < same->in)
            *same = {kind, node_, std::move(what), in};
    }

    const std::string& node_;
    const TcpTries tries_;
    std::vector<Foreseen>& found_;
};

std::optional<Nanoseconds> last_heal(const Facts& facts) {
    std::optional<Nanoseconds> last;
    for (const FaultOutcome& fault : facts.outcomes)
        if (fault.healed) last = std::max(last.value_or(*fault.healed), *fault.healed);
    return last;
}

}  // namespace

std::vector<Foreseen> foresee(const Facts& facts) {
    std::vector<Foreseen> all;
    for (const auto& [name, waits] : facts.waits) {
        std::vector<Foreseen> found;
        NodeForesight node(name, waits.tries.value_or(TcpTries{}), found);
        for (const ThreadFacts& thread : waits.waits) node.take(thread);
        for (const ConnectionFacts& connection : waits.connections) node.take(connection);
        all.insert(all.end(), found.begin(), found.end());
    }
    const auto is_wait = [](const Foreseen& one) { return one.kind == ForeseenKind::wait_ends; };
    std::stable_partition(all.begin(), all.end(), [&](const Foreseen& one) { return !is_wait(one); });
    all.resize(std::min(all.size(), most_foreseen));
    std::stable_sort(all.begin(), all.end(), [](const auto& a, const auto& b) { return a.in < b.in; });
    if (const auto healed = last_heal(facts); healed && facts.looked_at >= *healed)
        for (Foreseen& one : all) one.after_heal = facts.looked_at - *healed + one.in;
    return all;
}

std::string text_of(const Foreseen& foreseen) {
    const auto [before, after] = [&]() -> std::pair<const char*, const char*> {
        switch (foreseen.kind) {
            case ForeseenKind::wait_ends:
                return {"", " ends within"};
            case ForeseenKind::sends_again:
                return {"TCP sends again on ", " in"};
            case ForeseenKind::gives_up:
                return {"TCP gives ", " up in"};
            case ForeseenKind::probes:
                return {"a keepalive probe on ", " in"};
            case ForeseenKind::asks_for_room:
                return {"TCP asks for room on ", " in"};
        }
        return {"", ""};
    }();
    const std::string since_heal =
        foreseen.after_heal && foreseen.kind != ForeseenKind::wait_ends
            ? fmt::format(", {:.1f} s after the heal", seconds(*foreseen.after_heal))
            : std::string();
    return fmt::format("{}: {}{}{} {:.1f} s{}", foreseen.node, before, foreseen.what, after,
                       seconds(foreseen.in), since_heal);
}

}  // namespace netcut
