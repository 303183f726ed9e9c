// SPDX-License-Identifier: Apache-2.0
#include "explore/phase_moments.h"

#include "scenario/triggers.h"
#include "scenario/words.h"

namespace netcut {
namespace {

// More than a TLS handshake, a poll or a heartbeat; and the least upload of reply-lost when nothing is said.
constexpr std::uint64_t more_than_talk = 16 * 1024;

ExperimentSpec moment_of(PhaseMoment::Kind kind, std::string what) {
    ExperimentSpec moment;
    moment.name = phase_moment_name(kind);
    moment.what = std::move(what);
    FaultTrigger& trigger = moment.fault.trigger;
    trigger.kind = FaultTrigger::Kind::phase;
    trigger.phase.kind = kind;
    if (trigger.phase.on_the_wire()) trigger.phase.bytes = more_than_talk;
    // A program that is still loading computes, too.
    trigger.phase.after_exchange = kind == PhaseMoment::Kind::computing;
    return moment;
}

}  // namespace

std::vector<ExperimentSpec> phase_experiments() {
    using Kind = PhaseMoment::Kind;
    return {moment_of(Kind::computing, "it computes"), moment_of(Kind::waiting, "it waits for an answer"),
            moment_of(Kind::sending, "it is in the middle of an upload"),
            moment_of(Kind::reply_lost, "its upload is whole, and the reply is lost"),
            moment_of(Kind::receiving, "it is in the middle of a download")};
}

}  // namespace netcut
