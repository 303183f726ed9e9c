// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <string>

#include "record/journal.h"
#include "scenario/scenario.h"
#include "trigger/line_scanner.h"

namespace netcut {

// The lines that a scenario expects (`expect: logs`), as they came last.
class ExpectedLines {
  public:
    // Both must outlive it.
    ExpectedLines(const Scenario& scenario, Journal& journal) : scenario_(scenario), journal_(journal) {}

    // Of this node; `scanner` has one of its outputs.
    void watch(LineScanner& scanner, const std::string& node);
    // The journal has the last of each.
    void finish();

  private:
    struct Line {
        std::string node, value;
        unsigned changes = 0;
        bool noted = false;  // the journal has this value
    };
    void take(const std::string& node, std::size_t number, std::string value);
    void note(std::size_t number, Line& line);

    const Scenario& scenario_;
    Journal& journal_;
    std::map<std::size_t, Line> lines_;  // by their number
};

}  // namespace netcut
