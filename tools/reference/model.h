// SPDX-License-Identifier: Apache-2.0
// A multilayer perceptron with one hidden layer, trained by stochastic gradient descent on the cross entropy.
// All arithmetic has a fixed order: the same inputs give the same bits.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "data.h"
#include "random.h"

namespace netcut::reference {

inline constexpr std::array<std::string_view, 4> tensor_names{"dense1/w", "dense1/b", "dense2/w", "dense2/b"};

class Model {
  public:
    explicit Model(std::size_t hidden_width);

    std::size_t hidden_width() const { return hidden_; }
    std::size_t size_in_bytes() const { return parameters_.size() * sizeof(float); }

    // Every tensor one after the other, in the order of tensor_names.
    std::span<float> parameters() { return parameters_; }
    std::span<const float> parameters() const { return parameters_; }

    // dense1/w is [inputs][hidden], dense2/w is [classes][hidden]. Empty for an unknown name.
    std::span<float> tensor(std::string_view name);
    std::span<const float> tensor(std::string_view name) const;

    bool operator==(const Model&) const = default;

  private:
    std::size_t hidden_;
    std::vector<float> parameters_;
};

// The hidden width whose parameters fill at most `bytes`, but at least 1.
std::size_t hidden_width_for(std::size_t bytes);

Model make_initial_model(std::size_t hidden_width, std::uint64_t seed);

// One pass over the samples in an order drawn from `random`; returns the mean loss.
double train_epoch(Model& model, const Dataset& samples, Random random);

struct Evaluation {
    double accuracy;
    double loss;
};

Evaluation evaluate(const Model& model, const Dataset& samples);

}  // namespace netcut::reference
