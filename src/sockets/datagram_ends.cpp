// SPDX-License-Identifier: Apache-2.0
#include "sockets/datagram_ends.h"

#include <netinet/in.h>

#include <utility>

namespace netcut {
namespace {

// Less than the shortest time after which a router forgets.
constexpr Nanoseconds remembered = std::chrono::milliseconds(500);

struct HiddenWay {
    std::size_t site;
    bool sends;  // the public end does
};

void add_count(DatagramCount& sum, const DatagramCount& now, const DatagramCount& before) {
    sum.came += now.came - before.came;
    sum.passed += now.passed - before.passed;
    sum.rebound += now.rebound - before.rebound;
    sum.arrived += now.arrived - before.arrived;
}

bool differ(const DatagramCount& one, const DatagramCount& other) {
    return one.came != other.came || one.passed != other.passed || one.rebound != other.rebound ||
           one.arrived != other.arrived;
}

DatagramWay with_own_end(const DatagramWay& way, bool sends, const SiteRouter::End& own) {
    const auto& [source, source_port, destination, destination_port] = way;
    return sends ? DatagramWay{own.address, own.port, destination, destination_port}
                 : DatagramWay{source, source_port, own.address, own.port};
}

}  // namespace

void DatagramEnds::note_forgotten(unsigned times) {
    if (std::exchange(times_forgotten_, times) == times) return;
    for (auto& [way, last] : last_) last.grown = {};
}

DatagramCounts DatagramEnds::reveal(const DatagramCounts& seen, Clock::time_point now,
                                    const std::function<std::optional<std::size_t>(const IpAddress&)>& behind,
                                    const std::function<Opener(std::size_t site)>& learn) {
    DatagramCounts all;
    std::map<std::size_t, Opener> learned;
    const auto opener_of = [&](const HiddenWay& hidden, const DatagramWay& way) {
        auto found = learned.find(hidden.site);
        if (found == learned.end()) found = learned.emplace(hidden.site, learn(hidden.site)).first;
        const auto& [source, source_port, destination, destination_port] = way;
        const SiteRouter::End from{source, source_port}, to{destination, destination_port};
        return hidden.sends ? found->second(from, to) : found->second(to, from);
    };
    for (const auto& [way, count] : seen) {
        const auto sender = behind(std::get<0>(way));
        const auto receiver = sender ? sender : behind(std::get<2>(way));
        if (!receiver) {
            all[way] = count;
            continue;
        }
        Last& last = last_[way];
        if (!differ(count, last.count)) continue;
        const HiddenWay hidden{*receiver, sender.has_value()};
        auto own = last.own;
        if (!own || now - last.grown > remembered) {
            const auto opener = opener_of(hidden, way);
            own = opener ? std::optional(with_own_end(way, hidden.sends, *opener)) : std::nullopt;
        }
        const bool is_same = !last.own || last.own == own;  // else some may be of one, and some of the other
        if (own && is_same) add_count(revealed_[*own], count, last.count);
        last = {count, own, now};
    }
    for (const auto& [way, count] : revealed_) add_count(all[way], count, {});
    return all;
}

Result<DatagramCounts> reveal_ends(Sites* sites, DatagramEnds& ends, DatagramCounts seen) {
    if (sites == nullptr) return seen;
    unsigned times_forgotten = 0;
    for (std::size_t site = 0; site < sites->size(); ++site)
        times_forgotten += (*sites)[site].times_forgotten();
    ends.note_forgotten(times_forgotten);
    Result<void> learned;
    DatagramCounts revealed = ends.reveal(
        seen, Clock::now(), [&](const IpAddress& address) { return sites->behind(address); },
        [&](std::size_t site) -> DatagramEnds::Opener {
            if (auto done = (*sites)[site].learn_flows(); !done) learned = std::move(done);
            return [sites, site](const SiteRouter::End& seen_end, const SiteRouter::End& other) {
                const auto* own = (*sites)[site].opener_of(IPPROTO_UDP, seen_end, other);
                return own == nullptr ? std::nullopt : std::optional(*own);
            };
        });
    NETCUT_TRY(std::move(learned));
    return revealed;
}

void undo_flips(DatagramCounts& counts, const PortFlips& flips) {
    for (auto at = counts.begin(); at != counts.end();) {
        const auto [own, port, other, other_port] = at->first;
        const auto of_node = flips.find(own);
        std::optional<DatagramWay> turned;
        if (of_node != flips.end() &&
            at->second.rebound == 0)  // else it is the port of one that is turned itself
            for (const std::uint16_t flip : of_node->second) {
                const DatagramWay way{own, static_cast<std::uint16_t>(port ^ flip), other, other_port};
                if (const auto sent = counts.find(way); sent != counts.end() && sent->second.rebound > 0)
                    turned = way;
            }
        if (!turned) {
            ++at;
            continue;
        }
        add_count(counts[*turned], at->second, {});
        if (const auto back = counts.find({other, other_port, own, port}); back != counts.end()) {
            DatagramCount& down = counts[{other, other_port, own, std::get<1>(*turned)}];
            down.came += std::exchange(back->second.came, 0);
            down.passed += std::exchange(back->second.passed, 0);
        }
        at = counts.erase(at);
    }
}

}  // namespace netcut
