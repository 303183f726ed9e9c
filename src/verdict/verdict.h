// SPDX-License-Identifier: Apache-2.0
//
// What a run is found to be. Pure.
#pragma once

#include <optional>
#include <string>

#include "base/error.h"
#include "node/exit_status.h"
#include "record/facts.h"
#include "scenario/judgement.h"

namespace netcut {

struct Verdict {
    Judgement judgement = Judgement::error;
    std::string reason;  // in words a colleague understands
    int exit_status = 0;
    // Of `crashed`: the node that is named first, and how it ended.
    std::string culprit = {};
    std::optional<ExitStatus> culprit_exit = {};

    std::string word() const { return word_of(judgement); }
};
// The exit status that goes with an error.
int exit_status_of(const Error& error);
Verdict judge(const Facts& facts);

}  // namespace netcut
