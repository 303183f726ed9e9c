// SPDX-License-Identifier: Apache-2.0
#include "model.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <utility>

namespace netcut::reference {
namespace {

constexpr float learning_rate = 0.8F;

using Logits = std::array<float, classes>;

// y += a x
void add_scaled(float a, std::span<const float> x, std::span<float> y) {
    for (std::size_t i = 0; i < x.size(); ++i) y[i] += a * x[i];
}

// In eight lanes: fast, and the order of the additions stays fixed.
float dot(std::span<const float> x, std::span<const float> y) {
    std::array<float, 8> lanes{};
    std::size_t i = 0;
    for (; i + lanes.size() <= x.size(); i += lanes.size())
        for (std::size_t lane = 0; lane < lanes.size(); ++lane) lanes[lane] += x[i + lane] * y[i + lane];
    float sum = std::accumulate(lanes.begin(), lanes.end(), 0.0F);
    for (; i < x.size(); ++i) sum += x[i] * y[i];
    return sum;
}

// exp(x) for x <= 0 by plain arithmetic, because libm's last bit differs between machines.
double exp_of_negative(double x) {
    constexpr int halvings = 10;
    const double small = std::max(x, -80.0) / (1 << halvings);
    double term = 1;
    double result = 1;
    for (int n = 1; n <= 8; ++n) {
        term *= small / n;
        result += term;
    }
    for (int i = 0; i < halvings; ++i) result *= result;
    return result;
}

void softmax(Logits& logits) {
    const float largest = *std::max_element(logits.begin(), logits.end());
    double sum = 0;
    std::array<double, classes> powers{};
    for (std::size_t c = 0; c < classes; ++c)
        sum += powers[c] = exp_of_negative(double{logits[c]} - double{largest});
    for (std::size_t c = 0; c < classes; ++c) logits[c] = static_cast<float>(powers[c] / sum);
}

double cross_entropy(const Logits& probabilities, std::size_t label) {
    return -std::log(std::max(double{probabilities[label]}, 1e-12));
}

// Views of a model's tensors, by their roles.
template <typename Float>
struct Layers {
    std::span<Float> weights1, bias1, weights2, bias2;

    template <typename SomeModel>
    explicit Layers(SomeModel& model)
        : weights1(model.tensor("dense1/w")),
          bias1(model.tensor("dense1/b")),
          weights2(model.tensor("dense2/w")),
          bias2(model.tensor("dense2/b")) {}

    std::span<Float> from_input(std::size_t i) const {
        return weights1.subspan(i * bias1.size(), bias1.size());
    }
    std::span<Float> to_class(std::size_t c) const {
        return weights2.subspan(c * bias1.size(), bias1.size());
    }
};

// Leaves the hidden activations in `hidden` and returns the class probabilities.
template <typename Float>
Logits forward(const Layers<Float>& layers, const Sample& sample, std::vector<float>& hidden) {
    hidden.assign(layers.bias1.begin(), layers.bias1.end());
    for (std::size_t i = 0; i < inputs; ++i) add_scaled(sample.features[i], layers.from_input(i), hidden);
    for (float& activation : hidden) activation = std::max(activation, 0.0F);
    Logits outputs{};
    for (std::size_t c = 0; c < classes; ++c) outputs[c] = layers.bias2[c] + dot(layers.to_class(c), hidden);
    softmax(outputs);
    return outputs;
}

// One step of gradient descent. Each layer's step is divided by its fan-in, so that any width learns at one
// rate.
void descend(const Layers<float>& layers, const Sample& sample, const Logits& probabilities,
             const std::vector<float>& hidden, std::vector<float>& hidden_error) {
    const float step1 = learning_rate / static_cast<float>(inputs);
    const float step2 = learning_rate / static_cast<float>(hidden.size());
    std::fill(hidden_error.begin(), hidden_error.end(), 0.0F);
    for (std::size_t c = 0; c < classes; ++c) {
        const float error = probabilities[c] - (c == sample.label ? 1.0F : 0.0F);
        add_scaled(error, layers.to_class(c), hidden_error);
        add_scaled(-step2 * error, hidden, layers.to_class(c));
        layers.bias2[c] -= step2 * error;
    }
    for (std::size_t j = 0; j < hidden.size(); ++j) hidden_error[j] = hidden[j] > 0 ? hidden_error[j] : 0.0F;
    for (std::size_t i = 0; i < inputs; ++i)
        add_scaled(-step1 * sample.features[i], hidden_error, layers.from_input(i));
    add_scaled(-step1, hidden_error, layers.bias1);
}

std::vector<std::size_t> shuffled_order(std::size_t count, Random& random) {
    std::vector<std::size_t> order(count);
    std::iota(order.begin(), order.end(), std::size_t{0});
    for (std::size_t i = count; i > 1; --i) std::swap(order[i - 1], order[random.below(i)]);
    return order;
}

std::size_t parameter_count(std::size_t hidden) {
    return inputs * hidden + hidden + classes * hidden + classes;
}

// Where a tensor lies among the parameters.
std::pair<std::size_t, std::size_t> offset_and_count(std::string_view name, std::size_t hidden) {
    const std::array<std::size_t, 4> counts{inputs * hidden, hidden, classes * hidden, classes};
    std::size_t offset = 0;
    for (std::size_t i = 0; i < tensor_names.size(); offset += counts[i], ++i)
        if (tensor_names[i] == name) return {offset, counts[i]};
    return {0, 0};
}

}  // namespace

Model::Model(std::size_t hidden_width) : hidden_(hidden_width), parameters_(parameter_count(hidden_width)) {}

std::span<float> Model::tensor(std::string_view name) {
    const auto [offset, count] = offset_and_count(name, hidden_);
    return std::span(parameters_).subspan(offset, count);
}

std::span<const float> Model::tensor(std::string_view name) const {
    const auto [offset, count] = offset_and_count(name, hidden_);
    return std::span(parameters_).subspan(offset, count);
}

std::size_t hidden_width_for(std::size_t bytes) {
    const std::size_t fixed = parameter_count(0);
    const std::size_t per_unit = parameter_count(1) - fixed;
    const std::size_t available = bytes / sizeof(float);
    return available < fixed + per_unit ? 1 : (available - fixed) / per_unit;
}

Model make_initial_model(std::size_t hidden_width, std::uint64_t seed) {
    Model model(hidden_width);
    Random random(seed, Purpose::weights);
    const auto fill = [&random](std::span<float> weights, float deviation) {
        for (float& weight : weights) weight = deviation * random.normal();
    };
    // sqrt is exact on every machine, unlike libm's other functions.
    fill(model.tensor("dense1/w"), std::sqrt(2.0F / static_cast<float>(inputs)));
    fill(model.tensor("dense2/w"), std::sqrt(1.0F / static_cast<float>(hidden_width)));
    return model;
}

double train_epoch(Model& model, const Dataset& samples, Random random) {
    const Layers<float> layers(model);
    std::vector<float> hidden;
    std::vector<float> hidden_error(model.hidden_width());
    double loss = 0;
    for (const std::size_t i : shuffled_order(samples.size(), random)) {
        const Logits probabilities = forward(layers, samples[i], hidden);
        loss += cross_entropy(probabilities, samples[i].label);
        descend(layers, samples[i], probabilities, hidden, hidden_error);
    }
    return loss / static_cast<double>(samples.size());
}

Evaluation evaluate(const Model& model, const Dataset& samples) {
    const Layers<const float> layers(model);
    std::vector<float> hidden;
    std::size_t hits = 0;
    double loss = 0;
    for (const Sample& sample : samples) {
        const Logits probabilities = forward(layers, sample, hidden);
        loss += cross_entropy(probabilities, sample.label);
        const auto best =
            std::max_element(probabilities.begin(), probabilities.end()) - probabilities.begin();
        hits += static_cast<std::size_t>(best) == sample.label;
    }
    const auto count = static_cast<double>(samples.size());
    return {static_cast<double>(hits) / count, loss / count};
}

}  // namespace netcut::reference
