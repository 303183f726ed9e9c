// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "record/event.h"
#include "scenario/scenario.h"
#include "trigger/pattern.h"

namespace netcut {

// Reads what log lines tell of updates, by the patterns of a scenario that was checked. Pure.
class CountedReader {
  public:
    explicit CountedReader(const Scenario& scenario);

    struct Line {
        CountedKind kind;
        Pattern pattern;
    };
    const std::vector<Line>& lines() const { return lines_; }
    // Whose log has these lines.
    const std::string& node() const { return node_; }
    // What a whole line tells that matches the pattern. A collaborator has its name here, if the line's is known.
    event::Counted read(const Line& line, std::string_view text) const;

  private:
    std::string node_;
    std::vector<Line> lines_;
    std::map<std::string, std::string> names_;  // of the application's
};

}  // namespace netcut
