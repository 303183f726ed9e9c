// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>

#include "report/captures.h"
#include "report/journal_fields.h"

namespace netcut {
namespace {

using Kind = WireMoment::Kind;

// An arming and what came of it.
struct Armed {
    std::size_t fault = 0;
    Nanoseconds begun{0}, done{0};
    Nanoseconds tripped{0};
    std::string when, packet;
};

std::vector<Armed> moments_of(const std::vector<Event>& events, const Scenario& scenario) {
    std::vector<Armed> moments;
    std::map<std::string, Armed> armed;
    for (const Event& event : events) {
        if (event.name == "fault.armed") {
            armed[event.fault] = {0,  event.t, event.t + microseconds_field(event.details.at("took_us")),
                                  {}, {},      {}};
        }
        if (event.name != "trigger.tripped") continue;
        Armed& moment = armed[event.fault];
        for (std::size_t i = 0; i < scenario.faults.size(); ++i)
            if (scenario.faults[i].name == event.fault) moment.fault = i;
        moment.tripped = event.t;
        moment.when = event.details.at("when").get<std::string>();
        moment.packet = event.details.at("packet").get<std::string>();
        moments.push_back(moment);
    }
    return moments;
}

class MomentCheck {
  public:
    MomentCheck(const Captures& captures, const Scenario& scenario, const FaultPlan& plan, const Armed& armed,
                Check& check)
        : captures_(captures),
          spec_(scenario.faults[armed.fault]),
          plan_(plan),
          armed_(armed),
          trigger_(*plan.trigger),
          check_(check) {}

    void run() {
        if (!find_tripped()) return wrong(fmt::format("its packet is in no capture: {}", armed_.packet));
        if (!counts(*tripped_))
            return wrong("its packet is none of those that are waited for: " + armed_.packet);
        if (!spec_.when) return;  // it was armed again and again, and then counted from nothing
        if (trigger_.moment.kind == Kind::silence) return check_silence();
        check_count();
    }

  private:
    void wrong(const std::string& why) {
        check_.disagreements.push_back(
            fmt::format("the moment of {} ({}): {}", spec_.name, armed_.when, why));
    }
    void found(const std::string& what) { check_.found += fmt::format("\n{}: {}", spec_.name, what); }

    bool find_tripped() {
        constexpr auto exactly = std::chrono::microseconds(2);  // the kernel tells of it in microseconds
        Nanoseconds nearest = edge;
        for (const SeenPacket& packet : captures_.seen) {
            const Nanoseconds distance = std::chrono::abs(packet.time - armed_.tripped);
            if (distance >= nearest || packet_text(packet.header) != armed_.packet) continue;
            nearest = distance;
            tripped_ = &packet;
        }
        return tripped_ != nullptr && nearest <= std::max<Nanoseconds>(exactly, edge);
    }

    bool goes(const SeenPacket& packet, bool up) const {
        const std::optional<std::size_t> own = up ? std::optional(packet.from) : packet.to;
        const std::optional<std::size_t> other = up ? packet.to : std::optional(packet.from);
        return own == trigger_.node && (!trigger_.peer || other == trigger_.peer);
    }

    // Whether it has a number.
    bool counts(const SeenPacket& packet) const {
        const WireMoment& moment = trigger_.moment;
        const PacketHeader& header = packet.header;
        if (moment.port && header.source_port != *moment.port && header.destination_port != *moment.port)
            return false;
        const auto flags = header.tcp ? header.tcp->flags : std::uint8_t{0};
        switch (moment.kind) {
            case Kind::sent:
            case Kind::sent_packets:
            case Kind::request:
                return goes(packet, true) && is_data(header);
            case Kind::received:
            case Kind::received_packets:
            case Kind::reply:
            case Kind::answer:  // of a phase: which messages are no controls is not looked at here
                return goes(packet, false) && is_data(header);
            case Kind::silence:
                return (goes(packet, true) || goes(packet, false)) && is_data(header);
            case Kind::syn:
                return (goes(packet, true) || goes(packet, false)) &&
                       (flags & (tcp_flag::syn | tcp_flag::ack)) == tcp_flag::syn;
            case Kind::fin:
                return (goes(packet, true) || goes(packet, false)) && (flags & tcp_flag::fin) != 0;
        }
        return false;
    }

    // What a fault has lost that is written before this one never came to it.
    bool reached(const SeenPacket& packet) const {
        return !packet.lost_by || (!packet.lost_by_address && *packet.lost_by >= armed_.fault);
    }

    // Those that count, from the arming to the end of the moment. `is_before`: it took its number earlier.
    template <typename Use>
    void for_each_before(Use use) const {
        for (const SeenPacket& packet : captures_.seen) {
            if (packet.time + fired_edge < armed_.begun) continue;
            if (packet.time > armed_.tripped + edge) break;
            if (&packet == tripped_ || !counts(packet) || !reached(packet)) continue;
            if (is_before(packet)) use(packet);
        }
    }

    // Packets come on several CPUs, so that times alone do not tell. What the fault loses it has met after
    // its moment, and what it would lose and did not, before.
    bool is_before(const SeenPacket& packet) const {
        if (packet.lost_by == armed_.fault) return false;
        if (loses(plan_, packet) == true) return true;
        return packet.time <= tripped_->time;
    }

    void check_count() {
        const bool bytes = trigger_.moment.kind == Kind::sent || trigger_.moment.kind == Kind::received;
        std::uint64_t before = 0, unsure = 0;
        for_each_before([&](const SeenPacket& packet) {
            const std::uint64_t amount = bytes ? packet.header.length : 1;
            (packet.time <= armed_.done ? unsure : before) += amount;
        });
        const std::uint64_t with_it = before + (bytes ? tripped_->header.length : 1);
        const std::uint64_t wanted = trigger_.moment.amount;
        const char* unit = bytes ? "bytes of data" : "packets";
        // Those that came while it was armed may have come before or after it.
        const bool agrees = bytes ? before < wanted && wanted <= with_it + unsure
                                  : with_it <= wanted && wanted <= with_it + unsure;
        if (agrees)
            found(fmt::format("its moment was packet '{}', by which {} {} had come", armed_.packet, with_it,
                              unit));
        else
            wrong(fmt::format("by the capture {} {} had come with it", with_it, unit));
    }

    void check_silence() {
        Nanoseconds last = armed_.begun;
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
    const FaultPlan& plan_;
    const Armed& armed_;
    const WireTrigger& trigger_;
    Check& check_;
    const SeenPacket* tripped_ = nullptr;
};

}  // namespace

void check_moments(const Captures& captures, const std::vector<Event>& events, const Scenario& scenario,
                   Check& check) {
    for (const Armed& armed : moments_of(events, scenario)) {
        const auto plan = plan_of(scenario, scenario.faults[armed.fault]);
        if (plan && plan->trigger) MomentCheck(captures, scenario, *plan, armed, check).run();
    }
}

}  // namespace netcut
