// SPDX-License-Identifier: Apache-2.0
// Synthetic data for classification: Gaussian clusters, several to a class, so that no linear model separates
// them.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

namespace netcut::reference {

inline constexpr std::size_t inputs = 32;
inline constexpr std::size_t classes = 10;

struct Sample {
    std::array<float, inputs> features;
    std::size_t label;
};

using Dataset = std::vector<Sample>;

// What one collaborator holds: never leaves it. Shards differ in size and content.
Dataset make_shard(std::uint64_t seed, unsigned collaborator);

// What the aggregator holds to validate the averaged model.
Dataset make_validation_set(std::uint64_t seed);

}  // namespace netcut::reference
