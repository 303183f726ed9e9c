// SPDX-License-Identifier: Apache-2.0
#include "fault/moments.h"

namespace netcut {

const std::vector<MomentKind>& moment_kinds() {
    using Kind = WireMoment::Kind;
    using Amount = MomentKind::Amount;
    using Packets = MomentKind::Packets;
    static const std::vector<MomentKind> kinds = {
        {.kind = Kind::sent,
         .name = "sent",
         .amount = Amount::bytes,
         .way = Direction::up,
         .packets = Packets::data,
         .passes = true,
         .packet = "reaches this number of bytes of data packets up, IP headers included"},
        {.kind = Kind::received,
         .name = "received",
         .amount = Amount::bytes,
         .way = Direction::down,
         .packets = Packets::data,
         .passes = true,
         .packet = "the same, down"},
        {.kind = Kind::sent_packets,
         .name = "sent-packets",
         .amount = Amount::packets,
         .way = Direction::up,
         .packets = Packets::data,
         .passes = true,
         .packet = "the N-th data packet up"},
        {.kind = Kind::received_packets,
         .name = "received-packets",
         .amount = Amount::packets,
         .way = Direction::down,
         .packets = Packets::data,
         .passes = true,
         .packet = "the N-th data packet down"},
        {.kind = Kind::request,
         .name = "request",
         .amount = Amount::none,
         .way = Direction::up,
         .packets = Packets::data,
         .passes = true,
         .once_a_flow = true,
         .packet = "the first data packet up"},
        {.kind = Kind::reply,
         .name = "reply",
         .amount = Amount::none,
         .way = Direction::down,
         .packets = Packets::data,
         .once_a_flow = true,
         .packet = "the first data packet down"},
        {.kind = Kind::answer,
         .name = "answer",
         .amount = Amount::none,
         .way = Direction::down,
         .packets = Packets::messages,
         .once_a_flow = true,
         .packet = "the first data packet down of more than 72 bytes of payload"},
        {.kind = Kind::syn,
         .name = "syn",
         .amount = Amount::none,
         .way = Direction::both,
         .packets = Packets::syn,
         .once_a_flow = true,
         .packet = "the first SYN, either way"},
        {.kind = Kind::fin,
         .name = "fin",
         .amount = Amount::none,
         .way = Direction::both,
         .packets = Packets::fin,
         .once_a_flow = true,
         .packet = "the first FIN, either way"},
        {.kind = Kind::silence,
         .name = "silence",
         .amount = Amount::time,
         .way = Direction::both,
         .packets = Packets::data,
         .packet = "the first data packet after T without one",
         .also = "; without one it begins after T"},
        {.kind = Kind::last_answer,
         .name = nullptr,
         .amount = Amount::none,
         .way = Direction::down,
         .packets = Packets::messages,
         .until_asked_again = true},
    };
    return kinds;
}

const MomentKind& definition_of(WireMoment::Kind kind) {
    for (const MomentKind& one : moment_kinds())
        if (one.kind == kind) return one;
    return moment_kinds().front();  // each has one
}

std::vector<std::string> moment_forms() {
    std::vector<std::string> forms;
    for (const MomentKind& kind : moment_kinds())
        if (kind.name != nullptr) forms.push_back(kind.form());
    return forms;
}

std::string MomentKind::form() const {
    constexpr const char* parameters[] = {"", " BYTES", " N", " T"};
    return std::string(name) + parameters[static_cast<std::size_t>(amount)];
}

}  // namespace netcut
