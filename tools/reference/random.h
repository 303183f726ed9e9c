// SPDX-License-Identifier: Apache-2.0
// Random numbers that are the same on every machine: the standard's distributions and libm are not.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <random>

namespace netcut::reference {

// Each purpose draws from a stream of its own, so that more numbers for one do not change another.
enum class Purpose : std::uint32_t { weights, clusters, shard, validation, shuffle };

class Random {
  public:
    Random(std::uint64_t seed, Purpose purpose, std::uint32_t a = 0, std::uint32_t b = 0,
           std::uint32_t c = 0) {
        std::seed_seq sequence{static_cast<std::uint32_t>(seed),
                               static_cast<std::uint32_t>(seed >> 32),
                               static_cast<std::uint32_t>(purpose),
                               a,
                               b,
                               c};
        engine_.seed(sequence);
    }

    double uniform() { return static_cast<double>(engine_() >> 11) * 0x1p-53; }

    // Near enough to a Gaussian: the sum of twelve uniform numbers has variance 1.
    float normal() {
        double sum = -6;
        for (int i = 0; i < 12; ++i) sum += uniform();
        return static_cast<float>(sum);
    }

    std::size_t below(std::size_t limit) { return static_cast<std::size_t>(engine_() % limit); }

  private:
    std::mt19937_64 engine_;
};

}  // namespace netcut::reference
