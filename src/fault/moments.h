// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "fault/plan.h"

namespace netcut {

// A kind of moment on the wire is one definition. `when:` and `--when`, the plan, its rules, `verify`, `replay` and the
// table in docs/faults/moments.md go by it.
struct MomentKind {
    enum class Amount { none, bytes, packets, time };
    enum class Packets { data, messages, syn, fin };

    WireMoment::Kind kind;
    const char* name;  // in `when:`; none: only phases compile to it
    Amount amount;     // what is counted or measured until it comes
    Direction way;     // of the packets that count
    Packets packets;   // which of them
    // The packet that is the moment is the last to pass; else it is the first to meet the fault.
    bool passes = false;
    // What is sent once more is not another one: it is of the same flow, and nothing has come the other way since.
    bool once_a_flow = false;
    bool until_asked_again = false;  // a message up ends the wait for it
    const char* packet = "";         // which one trips it, in Markdown
    const char* also = "";           // what else there is to say of it

    bool is_of_flags() const { return packets == Packets::syn || packets == Packets::fin; }
    bool is_told_by_packet() const { return amount != Amount::time; }
    // "sent BYTES"
    std::string form() const;
};

const std::vector<MomentKind>& moment_kinds();
// Of those that have a name.
std::vector<std::string> moment_forms();
const MomentKind& definition_of(WireMoment::Kind kind);

}  // namespace netcut
