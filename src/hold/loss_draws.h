// SPDX-License-Identifier: Apache-2.0
//
// Which packets are lost where the share that is lost changes over time. Pure. Each packet of a period has a number and a draw:
// it is lost if the draw is less than the share at that time. So the same seed gives the same list on any machine, whatever
// comes when; to change the order of the draws is to change every list that was ever recorded.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace netcut {

class LossDraws {
  public:
    static constexpr std::uint32_t period = 100'000;  // packets, counted from 1; then it begins anew

    LossDraws() = default;  // loses nothing
    // Of packets of which no larger share than `most` is ever lost.
    LossDraws(double most, std::uint64_t seed);

    bool loses(std::uint64_t number, double share) const;
    // How many of the packets from this number on are lost at that share.
    std::uint64_t count(std::uint64_t first, std::uint64_t packets, double share) const;
    // A line of each packet that may be lost: its number, and the share above which it is.
    std::string text() const;
    std::size_t size() const { return draws_.size(); }

  private:
    std::vector<std::pair<std::uint32_t, double>> draws_;  // numbers, ascending
};

}  // namespace netcut
