// SPDX-License-Identifier: Apache-2.0
//
// What became of each node that met a fault. Pure.
#pragma once

#include <string>
#include <vector>

#include "record/facts.h"

namespace netcut {

// Of a node that met a fault, by what it did after the last one that it met. A node that crashed, or that a
// fault has killed, has none.
struct Conclusion {
    enum class Kind {
        took_part,  // what was stopped went on
        waits,      // it still ran at the end, and that had not
        half_open,  // it waits, and holds a connection whose other end is gone
        cut_off,    // it still ran at the end, and the fault had not healed
        left        // its program ended by itself with exit code 0, and what was stopped had not gone on
    };
    std::string node;
    Kind kind = Kind::took_part;
    std::string text;  // "left with exit 0 after cut, before it healed"

    // It still ran when the federation's work was done, without being part of it.
    bool stuck() const { return kind == Kind::waits || kind == Kind::half_open || kind == Kind::cut_off; }
};
// In the order of the nodes.
std::vector<Conclusion> conclude(const Facts& facts);

// It ended by itself with exit code 0, and did not leave.
bool has_finished(const NodeOutcome& node, const std::vector<Conclusion>& conclusions);

}  // namespace netcut
