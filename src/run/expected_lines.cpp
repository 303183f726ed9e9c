// SPDX-License-Identifier: Apache-2.0
#include "run/expected_lines.h"

#include <utility>

#include "record/event.h"
#include "trigger/pattern.h"

namespace netcut {

void ExpectedLines::watch(LineScanner& scanner, const std::string& node) {
    for (std::size_t number = 0; number < scenario_.expect.logs.size(); ++number) {
        const LogExpectation& expected = scenario_.expect.logs[number];
        if (expected.node != node) continue;
        scanner.watch_whole(
            {Pattern::parse(expected.pattern).value(),
             [this, node, number](std::string_view line, const std::optional<std::string>& group) {
                 take(node, number, group.value_or(std::string(line)));
             }});
    }
}

// Of a value that changes very often the journal has the first ones, and at the end the last.
void ExpectedLines::take(const std::string& node, std::size_t number, std::string value) {
    constexpr unsigned most_noted = 1000;
    Line& line = lines_[number];
    if (line.changes > 0 && line.value == value) return;
    line.node = node;
    line.value = std::move(value);
    line.noted = false;
    if (++line.changes <= most_noted) note(number, line);
}

void ExpectedLines::note(std::size_t number, Line& line) {
    if (std::exchange(line.noted, true)) return;
    journal_.add(event::ExpectedLine{number, line.value}, {.node = line.node});
}

void ExpectedLines::finish() {
    for (auto& [number, line] : lines_) note(number, line);
}

}  // namespace netcut
