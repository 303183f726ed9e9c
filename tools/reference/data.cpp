// SPDX-License-Identifier: Apache-2.0
#include "data.h"

#include "random.h"

namespace netcut::reference {
namespace {

constexpr std::size_t clusters_per_class = 3;
constexpr std::size_t smallest_shard = 32;
constexpr std::size_t largest_shard = 64;
constexpr std::size_t validation_samples = 250;
constexpr float spread = 0.8F;  // of the clusters' centres
constexpr float noise = 0.6F;   // of the samples around a centre

using Centres = std::array<std::array<std::array<float, inputs>, clusters_per_class>, classes>;

Centres make_centres(std::uint64_t seed) {
    Random random(seed, Purpose::clusters);
    Centres centres;
    for (auto& of_class : centres)
        for (auto& centre : of_class)
            for (float& coordinate : centre) coordinate = spread * random.normal();
    return centres;
}

Dataset draw(const Centres& centres, std::size_t count, Random& random) {
    Dataset samples(count);
    for (Sample& sample : samples) {
        sample.label = random.below(classes);
        const auto& centre = centres[sample.label][random.below(clusters_per_class)];
        for (std::size_t i = 0; i < inputs; ++i) sample.features[i] = centre[i] + noise * random.normal();
    }
    return samples;
}

}  // namespace

Dataset make_shard(std::uint64_t seed, unsigned collaborator) {
    Random random(seed, Purpose::shard, collaborator);
    const std::size_t count = smallest_shard + random.below(largest_shard - smallest_shard + 1);
    return draw(make_centres(seed), count, random);
}

Dataset make_validation_set(std::uint64_t seed) {
    Random random(seed, Purpose::validation);
    return draw(make_centres(seed), validation_samples, random);
}

}  // namespace netcut::reference
