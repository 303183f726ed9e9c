// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "record/event.h"

namespace netcut {

// What was counted of one collaborator in one round.
struct UpdateCount {
    unsigned averaged = 0, refused = 0, late = 0;
    std::optional<std::uint64_t> samples;  // the last
    bool in_part = false;                  // less of it was there than the whole
    std::uint64_t received = 0, whole = 0;
    std::string base;  // the round whose model it was trained from, if that was said
};

struct RoundCount {
    std::string round;
    unsigned begun = 0, done = 0;
    std::map<std::string, UpdateCount> updates;              // by collaborator
    std::optional<std::uint64_t> results, failures, wanted;  // of all together
};

// What the application said of whose updates it counted, round by round in the order in which they were first named.
class Counting {
  public:
    void take(const event::Counted& counted);
    // Nothing after this is known.
    void close() { is_full_ = true; }

    const std::vector<RoundCount>& rounds() const { return rounds_; }
    bool is_full() const { return is_full_; }
    bool empty() const { return rounds_.empty(); }
    // How many rounds there are to be, if that was said.
    std::optional<std::uint64_t> announced() const { return announced_; }

  private:
    RoundCount& at(const std::string& round);

    std::vector<RoundCount> rounds_;
    std::map<std::string, std::size_t> numbers_;
    std::string current_;
    std::optional<std::uint64_t> announced_;
    bool is_full_ = false;
};

}  // namespace netcut
