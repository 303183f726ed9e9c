// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <string>

#include "base/words.h"

namespace netcut {

// What the daemon knows of a run that it holds, in GET /runs.
enum class HeldRun {
    starting,  // its worker has not said yet whether it can be done
    running,
    ended,  // with a verdict, or with an error
    lost    // the daemon or the worker died under it; its journal tells how far it came
};
inline constexpr std::array<EnumWord<HeldRun>, 4> held_run_words = {{
    {HeldRun::starting, "starting"},
    {HeldRun::running, "running"},
    {HeldRun::ended, "ended"},
    {HeldRun::lost, "lost"},
}};
constexpr const auto& words_of(HeldRun) {
    return held_run_words;
}

constexpr bool is_over(HeldRun run) {
    return run == HeldRun::ended || run == HeldRun::lost;
}

}  // namespace netcut
