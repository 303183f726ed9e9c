// SPDX-License-Identifier: Apache-2.0
//
// Random numbers by a seed, the same on every machine: the standard fixes what mt19937_64 yields, and not what a
// distribution makes of it.
#pragma once

#include <cstdint>
#include <random>

namespace netcut {

class Random {
  public:
    explicit Random(std::uint64_t seed) : engine_(seed) {}
    // From 0 to below 1, in steps of 2^-53: the top bits, which a double holds exactly.
    double next() {
        constexpr unsigned unused_bits = 64 - 53;
        return static_cast<double>(engine_() >> unused_bits) * 0x1.0p-53;
    }
    // From `least` to below `most`.
    double next(double least, double most) { return least + (most - least) * next(); }

  private:
    std::mt19937_64 engine_;
};

}  // namespace netcut
