// SPDX-License-Identifier: Apache-2.0
//
// A node's processes stop, end, or lose their machine.
#include "base/error.h"
#include "fault/plan.h"
#include "scenario/fault_kind.h"
#include "scenario/fault_spec.h"
#include "scenario/kinds/keys.h"
#include "scenario/scenario.h"
#include "scenario/words.h"

namespace netcut {
namespace {

constexpr RefusedKey no_flap = {"flap", "it cannot be taken back, so it cannot flap", "use times"};

FaultKey signal(const char* meaning) {
    return {"signal", text_type(parse_signal, R"({"type": ["integer", "string"]})"), meaning, "KILL"};
}

Result<void> plan_signal(const Scenario&, const FaultSpec& fault, FaultPlan& plan) {
    plan.signal = parse_signal(fault.text("signal")).value();
    return {};
}

}  // namespace

std::vector<FaultKind> process_kinds() {
    return {
        {.name = "pause",
         .summary = "the node's processes stand still, and go on",
         .example = "--fault '{kind: pause, on: {log: \"round 2: training\"}, for: 1s}'",
         .processes = ProcessEffect::pause,
         .action = leave_alone},
        {.name = "kill",
         .summary = "a signal to all of the node's processes",
         .example = "--fault '{kind: kill, on: {log: \"round 2: training\"}}' --hang-after 5s",
         .keys = {signal("by name (`TERM`, `SIGTERM`) or number")},
         .refused = {{"for", "what was killed does not come back", "use the kind restart"}, no_flap},
         .processes = ProcessEffect::kill,
         .action = leave_alone,
         .plan = plan_signal},
        {.name = "restart",
         .summary = "kills the node's processes and starts it again",
         .example = "--fault '{kind: restart, on: {log: \"round 2: training\"}, for: 500ms}'",
         .keys = {signal("by name (`TERM`) or number; a node that still runs when `for` is over gets KILL")},
         .refused = {no_flap},
         .processes = ProcessEffect::restart,
         .action = leave_alone,
         .plan = plan_signal},
        {.name = "power-off",
         .summary = "the node's machine loses its power and boots again: no FIN, and nothing of it is left",
         .example = "--fault '{kind: power-off, on: {log: \"round 2: training\"}, for: 500ms}'",
         .refused = {no_flap},
         .link = LinkChange::reboot,
         .processes = ProcessEffect::restart},
    };
}

}  // namespace netcut
