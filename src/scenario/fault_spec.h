// SPDX-License-Identifier: Apache-2.0
//
// A fault as a scenario has it.
#pragma once

#include <chrono>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/time.h"
#include "fault/plan.h"
#include "scenario/fault_kind.h"
#include "scenario/flap.h"
#include "scenario/triggers.h"

namespace netcut {

// A moment on the wire: "sent 64KiB node collaborator2 peer aggregator port 8080".
struct WhenSpec {
    WireMoment moment;
    std::string node;  // empty: the first node of the fault
    std::string peer;  // empty: any
};

struct FaultSpec {
    std::string name;  // unique; "cut" if there is one
    const FaultKind* kind = &fault_kinds().front();
    std::vector<std::string> nodes;  // empty: the last collaborator; "all" and "collaborators" are filled in
    std::map<std::string, KeyValue> values;    // what was given for keys, not all of which its kind may have
    std::map<std::string, std::string> files;  // the contents of what keys name, see FaultKey

    FaultTrigger trigger;
    std::optional<WhenSpec> when;
    std::optional<Nanoseconds> duration = std::chrono::seconds(20);  // none: never healed
    unsigned times = 1;
    std::optional<FlapSpec> flap;

    std::map<std::string, Place> places;  // where a key was given; "" is the fault itself
    bool given(const std::string& key) const { return places.contains(key); }

    // What it has for a key of its kind: what was given, else what is standard; empty if that is nothing, or if
    // only other kinds have such a key.
    std::string text(const std::string& key) const;
    const WordList& list(const std::string& key) const;
    const std::vector<WordList>& lists(const std::string& key) const;
};

}  // namespace netcut
