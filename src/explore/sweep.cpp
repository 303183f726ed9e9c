// SPDX-License-Identifier: Apache-2.0
#include "explore/sweep.h"

#include <fmt/format.h>

#include "explore/outcome.h"
#include "fault/moments.h"
#include "fault/plan.h"
#include "scenario/triggers.h"

namespace netcut {
namespace {

std::string bytes_text(std::uint64_t bytes) {
    constexpr std::uint64_t kibibyte = 1024;
    return bytes % kibibyte == 0 ? fmt::format("{} KiB", bytes / kibibyte) : fmt::format("{} B", bytes);
}

bool reached(const std::vector<ExperimentCell>& row) {
    for (const ExperimentCell& cell : row)
        for (const RunOutcome& outcome : cell.repeats)
            if (outcome.judged() && outcome.judgement() != Judgement::not_triggered) return true;
    return false;
}

// Of its moment on the wire, or of its phase.
void set_bytes(ExperimentSpec& moment, std::uint64_t bytes) {
    if (moment.fault.when)
        moment.fault.when->moment.amount = bytes;
    else
        moment.fault.trigger.phase.bytes = bytes;
}

bool is_upload(const ExperimentSpec& moment) {
    if (moment.fault.when) return definition_of(moment.fault.when->moment.kind).way == Direction::up;
    return moment.fault.trigger.phase.kind == PhaseMoment::Kind::sending;
}

}  // namespace

Result<int> sweep(RunPool& pool, ExperimentTable& table, const Scenario& base, ExperimentSpec moment,
                  const SweepOptions& options, const std::function<void(const std::string&)>& tell) {
    const bool sent = is_upload(moment);
    std::uint64_t bytes = 0;
    for (;;) {
        const std::size_t first = table.rows.size();
        for (unsigned i = 0; i < options.steps_at_once; ++i) {
            bytes += options.step;
            set_bytes(moment, bytes);
            moment.name = bytes_text(bytes);
            moment.what = fmt::format("{} {}", moment.name, sent ? "sent" : "received");
            table.add_row(moment);
        }
        for (std::size_t row = first; row < table.rows.size(); ++row)
            NETCUT_TRY(table.submit_row(pool, row, base, options.repeats, tell));
        NETCUT_ASSIGN(const int signal, pool.run());
        if (signal != 0) return signal;
        // Beyond the end of the transfer there is nothing to cut; these rows say nothing.
        for (std::size_t row = first; row < table.rows.size(); ++row)
            if (!reached(table.cells[row])) {
                table.rows.resize(row);
                table.cells.resize(row);
                return 0;
            }
    }
}

}  // namespace netcut
