// SPDX-License-Identifier: Apache-2.0
#include "hold/hold_queue.h"

#include <algorithm>
#include <cmath>

namespace netcut {
namespace {

double rate_after(const Pace& pace, Nanoseconds since) {
    if (pace.grows <= Nanoseconds(0)) return pace.from;
    const double part = std::clamp(seconds(since) / seconds(pace.grows), 0.0, 1.0);
    return pace.from * std::pow(pace.to / pace.from, part);
}

Nanoseconds time_for(std::uint32_t bytes, double bits_per_second) {
    constexpr double a_second = 1e9;
    return Nanoseconds(static_cast<std::int64_t>(bytes * 8.0 / bits_per_second * a_second));
}

}  // namespace

HoldQueue::HoldQueue(std::vector<HoldSpec> streams, Exit exit) : exit_(std::move(exit)) {
    for (HoldSpec& spec : streams) {
        Stream& stream = streams_.emplace_back();
        for (const auto& [node, link] : spec.links) stream.links[node];
        stream.spec = std::move(spec);
    }
}

void HoldQueue::take(const HeldPacket& packet, const Steps& steps, Nanoseconds came) {
    ++waiting_;
    Entry entry;
    entry.packet = packet;
    entry.steps = &steps;
    advance(entry, came);
}

// Through all streams that do not hold it now.
void HoldQueue::advance(Entry entry, Nanoseconds now) {
    for (; entry.step < entry.steps->size(); ++entry.step) {
        const Fate fate = meet(streams_[(*entry.steps)[entry.step]], entry, now);
        if (fate == Fate::waits) return;
        if (fate == Fate::on) continue;
        --waiting_;
        return exit_.lose(entry.packet.handle);
    }
    --waiting_;
    exit_.pass(entry.packet.handle, entry.copies);
}

HoldQueue::Fate HoldQueue::meet(Stream& stream, Entry& entry, Nanoseconds now) {
    if (!stream.links.empty()) return meet_link(stream, entry, now);
    if (stream.spec.stalls) {
        if (now < stream.open_until) return Fate::on;
        stream.stalled.push_back(entry);
        return Fate::waits;
    }
    if (stream.spec.pace) {
        if (!stream.paced_since) stream.paced_since = now;
        Nanoseconds& free_at = stream.free_at[entry.packet.sender];
        const Nanoseconds begin = std::max(now, free_at);
        free_at =
            begin + time_for(entry.packet.bytes, rate_after(*stream.spec.pace, begin - *stream.paced_since));
        wait(entry, free_at);
        return Fate::waits;
    }
    const HoldDecision decision = stream.spec.list.at(++stream.packets);
    if (decision.copied) ++entry.copies;
    if (decision.flip) exit_.flip(entry.packet.handle, *decision.flip);
    if (decision.delay <= Nanoseconds(0)) return Fate::on;
    wait(entry, now + decision.delay);
    return Fate::waits;
}

// By the trace as it is when the packet comes. None overtakes those before it.
HoldQueue::Fate HoldQueue::meet_link(Stream& stream, Entry& entry, Nanoseconds now) {
    const std::uint64_t node = stream.spec.by_receiver ? entry.packet.receiver : entry.packet.sender;
    const auto found = stream.links.find(node);
    if (found == stream.links.end()) return Fate::on;
    if (!stream.links_since) stream.links_since = now;
    const LinkHold& spec = stream.spec.links.at(node);
    const TraceStep& step = step_at(spec.play, std::max(now - *stream.links_since, Nanoseconds(0)));
    Link& link = found->second;
    if (spec.losses.loses(++link.packets, step.loss)) {
        ++link.lost;
        return Fate::lost;
    }
    const Nanoseconds due = std::max(now + step.delay, link.last_due);
    if (due <= now) return Fate::on;
    link.last_due = due;
    wait(entry, due);
    return Fate::waits;
}

HeldCount HoldQueue::count(std::size_t stream, std::uint64_t node) const {
    const auto& links = streams_[stream].links;
    const auto found = links.find(node);
    if (found == links.end()) return {};
    return {found->second.packets, found->second.lost};
}

void HoldQueue::wait(Entry entry, Nanoseconds due) {
    entry.due = due;
    entry.order = next_order_++;
    heap_.push_back(entry);
    std::push_heap(heap_.begin(), heap_.end(), later);
}

void HoldQueue::pass_due(Nanoseconds now) {
    while (!heap_.empty() && heap_.front().due <= now) {
        std::pop_heap(heap_.begin(), heap_.end(), later);
        Entry entry = heap_.back();
        heap_.pop_back();
        ++entry.step;
        advance(entry, entry.due);  // not `now`: delays that follow each other do not add our lateness
    }
}

std::optional<Nanoseconds> HoldQueue::next() const {
    return heap_.empty() ? std::nullopt : std::optional(heap_.front().due);
}

void HoldQueue::begin(std::size_t stream, Nanoseconds now) {
    streams_[stream].open_until = Nanoseconds(0);
    streams_[stream].links_since = now;
}

// Those that wait in this stream for their time, in the order of their times.
std::vector<HoldQueue::Entry> HoldQueue::take_out(std::size_t stream) {
    const auto here = std::partition(
        heap_.begin(), heap_.end(), [&](const Entry& entry) { return (*entry.steps)[entry.step] != stream; });
    std::vector<Entry> taken(here, heap_.end());
    heap_.erase(here, heap_.end());
    std::make_heap(heap_.begin(), heap_.end(), later);
    std::sort(taken.begin(), taken.end(), [](const Entry& a, const Entry& b) { return later(b, a); });
    return taken;
}

void HoldQueue::end(std::size_t number, Nanoseconds now) {
    Stream& stream = streams_[number];
    stream.packets = 0;
    stream.open_until = now + late;
    stream.paced_since.reset();
    stream.free_at.clear();
    std::vector<Entry> freed(stream.stalled.begin(), stream.stalled.end());
    stream.stalled.clear();
    if (stream.spec.pace) freed = take_out(number);
    for (Entry& entry : freed) {
        ++entry.step;
        advance(entry, now);
    }
}

}  // namespace netcut
