// SPDX-License-Identifier: Apache-2.0
//
// Traces of links as text. Two forms are read, and told apart by their first line:
//   Mahimahi's: in each line the millisecond in which 1,500 bytes may pass; as many lines for one millisecond as
//     there are such packets in it. The last line is the length of the trace.
//   CSV: seconds, Mbit/s and, where they are given, milliseconds of delay and the share of packets lost; of each
//     line up to the next one. The last one lasts as long as the one before it. A first line may name the columns:
//     t,mbit,delay_ms,loss. Lines that begin with # are comments.
#pragma once

#include <cstddef>
#include <string>

#include "base/error.h"
#include "link/trace.h"

namespace netcut {

inline constexpr std::size_t most_trace_text = std::size_t{64} << 20;  // bytes
inline constexpr unsigned mahimahi_packet = 1500;  // bytes from the IP header on: its frame has 14 more

// `name` of the text is for errors, which are of the kind `usage` and have their line and column.
Result<LinkTrace> parse_trace(const std::string& text, const std::string& name);

// Whole packets alone: what is left of one is in the next millisecond that has room for all of it.
std::string mahimahi_text(const LinkTrace& trace);
std::string csv_text(const LinkTrace& trace);

}  // namespace netcut
