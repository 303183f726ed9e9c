// SPDX-License-Identifier: Apache-2.0
#include "run/run_progress.h"

#include "record/event.h"
#include "record/rounds.h"
#include "trigger/pattern.h"

namespace netcut {

// Patterns were checked with the scenario, so that parsing them again cannot fail.
void RunProgress::watch(LineScanner& scanner, std::size_t node) {
    const Scenario& scenario = run_.scenario;
    const auto when = [&scanner](const std::string& pattern, std::function<void()> work) {
        scanner.watch(
            {Pattern::parse(pattern).value(), [work = std::move(work)](std::string_view) { work(); }});
    };
    if (node == 0 && !scenario.ready.empty()) when(scenario.ready, [this] { course_.ready(); });
    if (node == 0 && !scenario.end.empty() && scenario.end != end_with_collaborators) {
        when(scenario.end, [this] { course_.end_line_begun(); });
        scanner.watch_whole(
            {Pattern::parse(scenario.end).value(), [this](auto, const auto&) { course_.end_line(); }});
    }
    expected_.watch(scanner, run_.nodes[node]);
    if (scenario.progress.empty()) return;
    // A round's number may go on: it is taken when the line is whole.
    const Pattern progress = Pattern::parse(scenario.progress).value();
    scanner.watch({progress, [this](std::string_view) { course_.progressed(); }, true});
    scanner.watch_whole({progress, [this, node](std::string_view, const std::optional<std::string>& round) {
                             on_progress(node, round);
                         }});
}

void RunProgress::on_output() {
    if (run_.scenario.progress.empty()) course_.progressed();
}

void RunProgress::on_progress(std::size_t node, const std::optional<std::string>& round) {
    course_.progressed();
    if (!round) return;
    // First, since the journal has what fires a fault before what it fires.
    if (record_.rounds().is_new(run_.nodes[node], *round)) on_round(node, *round);
    faults_.on_progress(*round);
}

// What nodes print has no end, and the journal must have one.
void RunProgress::on_round(std::size_t node, const std::string& round) {
    const std::string& name = run_.nodes[node];
    const Nanoseconds now = run_.journal.now();
    if (record_.rounds().count(name) < most_rounds) {
        run_.journal.add_at(now, event::Progress{round}, {.node = name});
        faults_.on_round(node);
    } else {
        run_.journal.add_at(now, event::ProgressFull{most_rounds}, {.node = name});
    }
    run_.check_journal();
}

}  // namespace netcut
