// SPDX-License-Identifier: Apache-2.0
//
// Events of record/event.h: lists of packets that are lost or held.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

namespace netcut::event {

struct LossList {
    std::string file{};
    std::uint64_t lost = 0;
};

struct LossLists {
    std::optional<LossList> up{}, down{};
};

struct LossListed {
    std::string model{};
    std::uint64_t seed = 0;
    std::uint32_t period = 0;
    LossLists lists{};
};

struct HoldListFile {
    std::string file{};
    std::uint64_t lines = 0;
};

struct HoldListFiles {
    std::optional<HoldListFile> up{}, down{};
};

struct HoldListed {
    std::uint64_t seed = 0;
    std::uint32_t period = 0;
    HoldListFiles lists{};
};

struct HoldMissed {
    std::uint64_t unread = 0, no_room = 0, unsent = 0;
};

// netcut-fl stood still for longer than packets are held without it.
struct HoldLapsed {
    std::uint64_t times = 0;
    double lasted_s = 0;  // in all
};

}  // namespace netcut::event
