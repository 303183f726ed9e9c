// SPDX-License-Identifier: Apache-2.0
//
// loss: a loss model and a seed become the list of the packets that are lost. Pure: no system call, no file.
// The list is what the kernel looks packets up in, and it is the evidence: the same model, seed and period
// give the same list on any machine. Everything here is a value and may be used on any thread.
//
// A list covers one period of packets, counted from 1, and repeats: packet period + 1 fares as packet 1 did.
//
//   iid P
//     Each packet is lost with probability P, whatever became of the others.
//   burst p r [1-h [1-k]]
//     Gilbert-Elliott; the numbers and their order are those of `loss gemodel` in tc-netem(8). p: good turns
//     bad; r: bad turns good; 1-h: loss in the bad state, 100% if not given; 1-k: loss in the good state, 0%
//     if not given. (h and k themselves are chances to arrive; what is written are losses.) The first packet
//     meets the good state; a packet's fate is decided before the state may change.
//   markov4 p13 [p31 [p32 [p23 [p14]]]]
//     Four states, as in `loss state` in tc-netem(8): 1 received in a gap, 2 received in a burst, 3 lost in a
//     burst, 4 lost alone in a gap. pXY is the chance to go from X to Y; 4 always returns to 1. Not given:
//     p31 = 100% - p13 (each packet is lost independently), p32 = 0%, p23 = 100%, p14 = 0%. It begins in 1,
//     and each packet moves it: the state arrived at is the packet's fate.
//   every N
//     Packets N, 2N, 3N and so on are lost. The period is N, or a multiple of it.
//   packets 3,17-19
//     These are lost, in each period.
//   trace FILE
//     As recorded: one character for each packet, 0 or . for one that passed, 1 or x for one that was lost.
//     Blanks and line ends mean nothing; # begins a comment, up to the end of its line. FILE is the rest of
//     the text and may have blanks in it. The period is the length of the trace.
//
// Probabilities are percentages from 0% to 100%, such as 0.5%.
//
// Literature: E. N. Gilbert, "Capacity of a burst-noise channel", Bell Syst. Tech. J. 39, 1960; E. O.
// Elliott, "Estimates of error rates for codes on burst-noise channels", Bell Syst. Tech. J. 42, 1963; S.
// Salsano, F. Ludovici, A. Ordine, "Definition of a general and intuitive loss model for packet networks and
// its implementation in the Netem module in the Linux kernel" (the four states).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "base/error.h"

namespace netcut {

inline constexpr std::uint32_t default_loss_period = 100'000;
inline constexpr std::uint32_t max_loss_period = 1U << 24U;  // 64 MiB of packet numbers when all are lost

// The models' parameters; probabilities from 0 to 1.
struct IndependentLoss {
    double rate = 0;
};
struct GilbertElliott {
    double p = 0, r = 0;
    double loss_bad = 1, loss_good = 0;  // 1-h and 1-k
};
struct FourStateMarkov {
    double p13 = 0, p31 = 1, p32 = 0, p23 = 1, p14 = 0;
};
struct EveryNth {
    std::uint32_t n = 1;
};
struct PacketRanges {
    struct Range {
        std::uint32_t first = 0, last = 0;
    };
    std::vector<Range> ranges;  // ascending by their first packets; they may overlap
};
struct LossTrace {
    std::string file;
    std::uint32_t length = 0;  // 0: not read yet
    std::vector<std::uint32_t> lost;
};
using LossParameters =
    std::variant<IndependentLoss, GilbertElliott, FourStateMarkov, EveryNth, PacketRanges, LossTrace>;

class LossModel {
  public:
    // The reason of an error begins with its place in the text: "at column 7: ...", counted in bytes from 1.
    static Result<LossModel> parse(const std::string& text);

    const std::string& text() const { return text_; }  // as written
    const LossParameters& parameters() const { return parameters_; }

    // FILE of a trace model, else empty. The caller reads it and hands its contents to read_trace; the reason
    // of an error begins with the place in them: "FILE:line:column: ...".
    const std::string& trace_file() const;
    Result<void> read_trace(const std::string& contents);

    // Numbers of the packets that are lost, ascending, from 1 to `period`. The seed matters to iid, burst and
    // markov4 alone. With one seed, packets that iid loses at some rate are also lost at every higher rate.
    Result<std::vector<std::uint32_t>> lost_packets(std::uint64_t seed, std::uint32_t period) const;

    // What the model comes to in the long run: the share of packets lost, and how many are lost in a row, on
    // average. Nothing where that is not defined: the rate of `packets` depends on the period, a trace must
    // have been read, and there are no bursts when nothing or everything is lost.
    std::optional<double> expected_rate() const;
    std::optional<double> expected_burst() const;

    // The period that the model brings with it: `every` and `trace`. Nothing when the caller is to choose.
    std::optional<std::uint32_t> natural_period() const;

  private:
    LossModel(std::string text, LossParameters parameters)
        : text_(std::move(text)), parameters_(std::move(parameters)) {}

    std::string text_;
    LossParameters parameters_;
};

}  // namespace netcut
