// SPDX-License-Identifier: Apache-2.0
#include "verify/link_rules.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "link/pacer.h"

namespace netcut {
namespace {

// A bucket lets some packets pass at once, and is set a moment late; a window ends a moment after it was asked for.
constexpr double tolerance = 0.02;
constexpr double unpunctual_s = 0.25;
constexpr double frames_at_once = 4;
// A packet is judged when it comes, and counted when its holder has had its turn on a CPU.
constexpr Nanoseconds counted_late = std::chrono::milliseconds(500),
                      begun_late = std::chrono::milliseconds(50);
constexpr Nanoseconds inexact_delay = std::chrono::microseconds(1);

}  // namespace

std::string LinkRules::take(const std::string& node, const event::NodeLink& told) {
    const auto index = node_index(scenario_, node);
    if (!index) return "there is no such node";
    const auto plan = link_plan(scenario_, *index);
    if (!plan) return plan.error().text();
    for (const bool up : {true, false}) {
        const auto& wanted = up ? plan->up : plan->down;
        const auto& side = up ? told.up : told.down;
        if (wanted.has_value() != side.has_value()) return "its link is not that of scenario.yaml";
        if (!wanted) continue;
        const bool loses = wanted->play.trace->has_loss();
        if (side->what != wanted->what || side->sha256 != wanted->sha256 || side->file != wanted->file ||
            side->queue_bytes != wanted->queue_bytes || side->losses.has_value() != loses ||
            (loses && (side->loss_seed != wanted->loss_seed || side->losses->lost != wanted->losses.size())))
            return "its link is not that of scenario.yaml";
        sides_[node + (up ? " up" : " down")] = {*wanted, TraceCursor(wanted->play),
                                                 wanted->play.trace->peak()};
    }
    return {};
}

std::string LinkRules::take(const event::LinksSeen& seen, const std::string& name, Side& side,
                            const event::LinkFlow& flow) {
    const double could = side.cursor->advance(seen.to_ns - *begun_) / 8;
    const double capacity = static_cast<double>(flow.capacity);
    note(side, std::abs(could - capacity) - could * tolerance,
         fmt::format("{} could have carried {:.0f} bytes by its trace, and not {}", name, could,
                     flow.capacity));
    note(side, static_cast<double>(flow.delivered) - capacity * (1 + tolerance),
         fmt::format("{} carried more than it could: {} of {} bytes", name, flow.delivered, flow.capacity));
    return take_trace(seen, name, side, flow);
}

// Which packets are lost is exact, but for the moment at which one share follows another.
std::string LinkRules::take_trace(const event::LinksSeen& seen, const std::string& name, Side& side,
                                  const event::LinkFlow& flow) {
    const TracePlay& play = side.wanted.play;
    if (!side.wanted.holds()) return flow.numbered + flow.lost_by_trace > 0 ? name + " loses no packets" : "";
    const Nanoseconds from = seen.from_ns - *begun_, to = seen.to_ns - *begun_;
    const TraceSpan around = span_of(play, std::max(from - counted_late, Nanoseconds(0)), to + begun_late);
    if (flow.delay_ns < around.least_delay - inexact_delay ||
        flow.delay_ns > around.most_delay + inexact_delay)
        return fmt::format("{} has a delay of {} ns, which its trace has not", name, flow.delay_ns.count());
    const std::uint64_t first = side.numbered + 1;
    side.numbered += flow.numbered;
    if (flow.numbered > LossDraws::period * std::uint64_t{100}) return name + " had too many packets";
    const std::uint64_t least = side.wanted.losses.count(first, flow.numbered, around.least_loss),
                        most = side.wanted.losses.count(first, flow.numbered, around.most_loss);
    if ((flow.lost_by_trace < least || flow.lost_by_trace > most) && lost_otherwise_.empty())
        lost_otherwise_ = fmt::format("{} lost {} of packets {} to {}, and by its list {} to {}", name,
                                      flow.lost_by_trace, first, side.numbered, least, most);
    return {};
}

// How long the link may have had its best rate at a time when it should not, at least.
void LinkRules::note(const Side& side, double bytes, const std::string& what) {
    const double off =
        (bytes - frames_at_once * (scenario_.fabric.mtu + ethernet_header)) / std::max(side.peak / 8, 1.0);
    if (off <= off_s_) return;
    off_s_ = off;
    what_ = what;
}

std::string LinkRules::take(const event::LinksSeen& seen) {
    if (!begun_) return "no time has passed for links";
    if (seen.to_ns <= seen.from_ns || (last_ && *last_ != seen.from_ns))
        return "it does not begin where the one before it ended";
    last_ = seen.to_ns;
    for (const auto& [node, use] : seen.nodes)
        for (const bool up : {true, false}) {
            const auto& flow = up ? use.up : use.down;
            const std::string name = node + (up ? " up" : " down");
            const auto side = sides_.find(name);
            if (flow.has_value() != (side != sides_.end())) return name + " is not as its link";
            if (!flow) continue;
            if (std::string why = take(seen, name, side->second, *flow); !why.empty()) return why;
        }
    return {};
}

std::string LinkRules::finish() const {
    if (off_s_ > unpunctual_s + 2 * seconds(late_)) return what_;
    return stood_still_ ? "" : lost_otherwise_;
}

}  // namespace netcut
