// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>

#include "base/time.h"
#include "fault/moments.h"
#include "fault/plan.h"
#include "record/run_state.h"
#include "scenario/fault_spec.h"
#include "scenario/plan.h"
#include "scenario/scenario.h"
#include "verify/captures.h"
#include "verify/verify.h"

namespace netcut {
namespace {

using Amount = MomentKind::Amount;

class MomentCheck {
  public:
    MomentCheck(const Captures& captures, const FaultSpec& spec, std::size_t fault, const FaultPlan& plan,
                const Tripped& moment, Check& check)
        : captures_(captures),
          spec_(spec),
          fault_(fault),
          plan_(plan),
          moment_(moment),
          trigger_(*plan.trigger),
          kind_(definition_of(trigger_.moment.kind)),
          check_(check) {}

    void run() {
        if (!find_tripped())
            return wrong(fmt::format("its packet is in no capture: {}", moment_.what.packet));
        if (!counts(*tripped_))
            return wrong("its packet is none of those that are waited for: " + moment_.what.packet);
        if (!spec_.when) return;  // it was armed again and again, and then counted from nothing
        if (kind_.amount == Amount::time) return check_silence();
        check_count();
    }

  private:
    void wrong(const std::string& why) {
        check_.disagreements.push_back(
            fmt::format("the moment of {} ({}): {}", spec_.name, moment_.what.when, why));
    }
    void found(const std::string& what) { check_.found += fmt::format("\n{}: {}", spec_.name, what); }

    bool find_tripped() {
        constexpr auto exactly = std::chrono::microseconds(2);  // the kernel tells of it in microseconds
        Nanoseconds nearest = edge;
        for (const SeenPacket& packet : captures_.seen) {
            const Nanoseconds distance = std::chrono::abs(packet.time - moment_.t);
            if (distance >= nearest || packet_text(packet.header) != moment_.what.packet) continue;
            nearest = distance;
            tripped_ = &packet;
        }
        return tripped_ != nullptr && nearest <= std::max<Nanoseconds>(exactly, edge);
    }

    bool goes(const SeenPacket& packet, bool up) const {
        if (!up && packet.crosses) return false;
        const std::optional<std::size_t> own = up ? packet.from : packet.to;
        const std::optional<std::size_t> other = up ? packet.to : packet.from ? packet.from : packet.source;
        return own == trigger_.node && (!trigger_.peer || packet.is_with(other, *trigger_.peer));
    }

    // Whether it has a number.
    bool counts(const SeenPacket& packet) const {
        const WireMoment& moment = trigger_.moment;
        const PacketHeader& header = packet.header;
        if (moment.port && header.source_port != *moment.port && header.destination_port != *moment.port)
            return false;
        const bool goes_its_way = (includes(kind_.way, Direction::up) && goes(packet, true)) ||
                                  (includes(kind_.way, Direction::down) && goes(packet, false));
        const auto flags = header.tcp ? header.tcp->flags : std::uint8_t{0};
        if (kind_.packets == MomentKind::Packets::syn)
            return goes_its_way && (flags & (tcp_flag::syn | tcp_flag::ack)) == tcp_flag::syn;
        if (kind_.packets == MomentKind::Packets::fin) return goes_its_way && (flags & tcp_flag::fin) != 0;
        return goes_its_way && is_data(header);  // which messages are no controls is not looked at here
    }

    // What a fault has lost that is written before this one never came to it.
    bool reached(const SeenPacket& packet) const {
        return !packet.lost_by || (!packet.lost_by_address && *packet.lost_by >= fault_);
    }

    // Those that count, from the arming to the end of the moment. `is_before`: it took its number earlier.
    template <typename Use>
    void for_each_before(Use use) const {
        for (const SeenPacket& packet : captures_.seen) {
            if (packet.time + fired_edge < moment_.armed) continue;
            if (packet.time > moment_.t + edge) break;
            if (&packet == tripped_ || !counts(packet) || !reached(packet)) continue;
            if (is_before(packet)) use(packet);
        }
    }

    // Packets come on several CPUs, so that times alone do not tell. What the fault loses it has met after
    // its moment, and what it would lose and did not, before.
    bool is_before(const SeenPacket& packet) const {
        if (packet.lost_by == fault_) return false;
        if (loses(plan_, packet) == true) return true;
        return packet.time <= tripped_->time;
    }

    void check_count() {
        const bool bytes = kind_.amount == Amount::bytes;
        std::uint64_t before = 0, unsure = 0;
        for_each_before([&](const SeenPacket& packet) {
            const std::uint64_t amount = bytes ? packet.header.length : 1;
            (packet.time <= moment_.armed_by ? unsure : before) += amount;
        });
        const std::uint64_t with_it = before + (bytes ? tripped_->header.length : 1);
        const std::uint64_t wanted = trigger_.moment.amount;
        const char* unit = bytes ? "bytes of data" : "packets";
        // Those that came while it was armed may have come before or after it.
        const bool agrees = bytes ? before < wanted && wanted <= with_it + unsure
                                  : with_it <= wanted && wanted <= with_it + unsure;
        if (agrees)
            found(fmt::format("its moment was packet '{}', by which {} {} had come", moment_.what.packet,
                              with_it, unit));
        else
            wrong(fmt::format("by the capture {} {} had come with it", with_it, unit));
    }

    void check_silence() {
        Nanoseconds last = moment_.armed;
        for_each_before([&](const SeenPacket& packet) { last = std::max(last, packet.time); });
        const Nanoseconds silent = tripped_->time - last;
        if (silent + edge < trigger_.moment.silence)
            wrong(fmt::format("there was silence for {} alone", duration_text(silent)));
        else
            found(fmt::format("its moment came after a silence of {:.3f} s",
                              std::chrono::duration<double>(silent).count()));
    }

    const Captures& captures_;
    const FaultSpec& spec_;
    const std::size_t fault_;  // its number
    const FaultPlan& plan_;
    const Tripped& moment_;
    const WireTrigger& trigger_;
    const MomentKind& kind_;
    Check& check_;
    const SeenPacket* tripped_ = nullptr;
};

}  // namespace

void check_moments(const Captures& captures, const RunState& state, const Scenario& scenario, Check& check) {
    for (const Firing& firing : state.firings()) {
        if (!firing.moment) continue;
        const FaultSpec& spec = *find_fault(scenario, firing.fault);
        const auto number = static_cast<std::size_t>(&spec - scenario.faults.data());
        const auto plan = plan_of(scenario, spec);
        if (plan && plan->trigger) MomentCheck(captures, spec, number, *plan, *firing.moment, check).run();
    }
}

}  // namespace netcut
