// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>

namespace netcut {

// One way of a connection: what its receiver has had without a hole, and what was acknowledged.
struct CapturedWay {
    static constexpr std::size_t most_ahead = 1000;  // segments beyond a hole

    std::optional<std::uint32_t> next, acknowledged, last_sent;
    std::map<std::int32_t, std::uint32_t> ahead;  // beyond the next: how far, and where it ends
    bool any = false;

    static std::int32_t distance(std::uint32_t from, std::uint32_t to) {
        return static_cast<std::int32_t>(to - from);
    }
    // Whether new data has come in sequence.
    bool take_segment(std::uint32_t seq, std::uint32_t bytes) {
        const std::uint32_t end = seq + bytes;
        if (!next) next = seq;
        if (distance(*next, seq) > 0) {
            if (ahead.size() < most_ahead) ahead[distance(*next, seq)] = end;
            return false;
        }
        if (distance(*next, end) <= 0) return false;
        const std::uint32_t before = *next;
        next = end;
        std::map<std::int32_t, std::uint32_t> rest;
        for (const auto& [far, stop] : ahead) {
            const std::uint32_t begin = before + static_cast<std::uint32_t>(far);
            if (distance(*next, begin) > 0)
                rest[distance(*next, begin)] = stop;
            else if (distance(*next, stop) > 0)
                next = stop;
        }
        ahead = std::move(rest);
        return any = true;
    }
    void note_sent(std::uint32_t end) {
        if (!last_sent || distance(*last_sent, end) > 0) last_sent = end;
    }
    // Whether it acknowledges data that no acknowledgement before it did.
    bool take_acknowledgement(std::uint32_t ack) {
        if (acknowledged && distance(*acknowledged, ack) <= 0) return false;
        const bool is_first = !acknowledged.has_value();  // of the SYN
        acknowledged = ack;
        return !is_first;
    }
};

}  // namespace netcut
