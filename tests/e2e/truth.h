// SPDX-License-Identifier: Apache-2.0
//
// Small federations whose programs log what really happened to them, against what the tool says of it.
#pragma once

#include <string>
#include <vector>

#include "e2e/tool.h"

namespace netcut::test {

struct Federation {
    const char* name;
    const char* aggregator;    // a Python script, with all of programs/truth.py
    const char* collaborator;  // likewise
    const char* rest;          // YAML: faults, and what differs from the usual
    const char* verdict;
    std::vector<const char*> said = {};      // parts of the verdict's reason
    std::vector<const char*> not_said = {};  // and what must not be in it
    // Of the collaborator that was cut last.
    enum class Recovery {
        any,
        measured,  // from the heal to the next answer that the collaborator logs
        none       // it did not recover
    };
    Recovery recovery = Recovery::any;
    int exit_status = -1;  // -1: the verdict's own
};

inline constexpr auto measured = Federation::Recovery::measured;
inline constexpr auto none = Federation::Recovery::none;
// The usual aggregator: whoever asks is answered.
inline constexpr const char* answers_all = "serve(9000); listening(60)";

// Leaves the run in `folder`.
Finished run_federation(const Federation& federation, const std::string& folder);
// Runs all of them, several at once, and compares.
void expect_truth(const std::vector<Federation>& federations);

}  // namespace netcut::test
