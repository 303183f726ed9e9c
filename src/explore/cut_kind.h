// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "base/error.h"
#include "scenario/fault_kind.h"
#include "scenario/fault_spec.h"

namespace netcut {

// A kind of cut and what it says beyond that: "unplug(new-mac,no-announce)".
struct CutKind {
    const FaultKind* kind = fault_kind("drop");
    std::string name = "drop";  // as it was given
    std::string keys;           // of a fault, as YAML: "{kind: unplug, mac: new, announce: false}"

    CutKind() = default;
    CutKind(const FaultKind* of) : kind(of), name(of->name) {}
    // In parentheses are keys of the kind, KEY=VALUE, or the options of a cut, without their dashes.
    static Result<CutKind> parse(const std::string& text);
    Result<void> apply(FaultSpec& fault) const;
};

}  // namespace netcut
