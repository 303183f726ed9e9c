// SPDX-License-Identifier: Apache-2.0
//
// From what a link could carry in each stretch of time to the token bucket that lets as much pass. Pure.
#pragma once

#include <cstdint>
#include <optional>

#include "base/time.h"
#include "link/rate.h"

namespace netcut {

// As a token bucket has it: bytes a second, and bytes that may pass at once.
struct BucketRate {
    std::uint64_t bytes_per_second = 0;
    std::uint32_t burst = 0;
    bool operator==(const BucketRate&) const = default;
    // At the least rate that there is: what waits does so until the next change.
    bool holds() const { return bytes_per_second <= 1; }
};

// The bucket is full whenever it is changed, and what overflows is lost. So of n packets that are to pass in a stretch,
// a tenth may pass at its beginning, and the rate is such that the others follow evenly until its end, half a
// packet's time before which the last one is due: then a change that is late lets no packet too many pass. What does
// not make a whole packet is left for the next stretch.
class LinkPacer {
  public:
    // `mtu` of the link, in bytes.
    explicit LinkPacer(unsigned mtu) : frame_(mtu + ethernet_header) {}

    // For a stretch of this length, of which `late` is over, and in which so many bits are to pass; nothing if the bucket is to
    // stay as it is. While the same is to pass in stretches of the same length, the bucket has that rate, however late they are.
    std::optional<BucketRate> step(double bits, Nanoseconds length, Nanoseconds late = Nanoseconds(0));
    // Bytes of a whole frame.
    unsigned frame() const { return frame_; }

  private:
    bool change(double bits, Nanoseconds length, Nanoseconds rest);
    void set(const BucketRate& rate);
    void pass(double due, Nanoseconds length);
    std::uint32_t burst(double packets) const;

    unsigned frame_;
    double owed_ = 0;             // bytes that were not let pass yet; less than 0: that were too many
    double tokens_ = 0;           // of the bucket, in bytes
    std::optional<double> last_;  // bits a second
    std::optional<BucketRate> now_;
    bool is_steady_ = false;
};

}  // namespace netcut
