// SPDX-License-Identifier: Apache-2.0
#include "study/design.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <numeric>
#include <random>

#include "base/sha256.h"
#include "scenario/check.h"
#include "scenario/yaml.h"

namespace netcut {
namespace {

constexpr std::uint64_t seed_bits = (std::uint64_t{1} << 53) - 1;  // what a double holds exactly

// A number that follows from a text alone.
std::uint64_t number_of_text(const std::string& text) {
    const std::string hex = sha256_hex(text).substr(0, 16);
    std::uint64_t number = 0;
    std::from_chars(hex.data(), hex.data() + hex.size(), number, 16);
    return number;
}

// std::shuffle is another one in each C++ library.
void shuffle(std::vector<std::size_t>& values, std::mt19937_64& random) {
    for (std::size_t left = values.size(); left > 1; --left)
        std::swap(values[left - 1], values[random() % left]);
}

bool takes_seed(const FaultSpec& fault) {
    return !fault.values.contains("seed") &&
           std::any_of(fault.kind->keys.begin(), fault.kind->keys.end(),
                       [](const FaultKey& key) { return key.name == "seed"; });
}

}  // namespace

std::string StudyCell::text() const {
    std::vector<std::string> parts;
    for (const auto& [name, level] : factors) parts.push_back(fmt::format("{}={}", name, level));
    return fmt::format("{}", fmt::join(parts, ", "));
}

std::string StudyDesign::digest() const {
    Sha256 sum;
    sum.add(fmt::format("{}\n{}\n", name, seed));
    for (const StudyCell& cell : cells)
        sum.add(fmt::format("{}\n{}\n{}\n", cell.id, cell.text(), write_yaml(cell.scenario)));
    for (const StudyMeasure& one : measures)
        sum.add(fmt::format("{}\n{}\n{}\n{}\n{}\n", one.name, one.node, one.pattern, one.verdict,
                            word_of(one.take)));
    return sum.hex();
}

std::string key_text(const StudyDesign& design, StudyRunKey run) {
    return fmt::format("{}-r{:02}", design.cells[run.cell].id, run.repeat);
}

std::uint64_t seed_of(const StudyDesign& design, StudyRunKey run) {
    return number_of_text(fmt::format("{} {}", design.seed, key_text(design, run))) & seed_bits;
}

std::vector<StudyRunKey> order_of(const StudyDesign& design) {
    std::vector<StudyRunKey> order;
    order.reserve(design.cells.size() * design.most_repeats);
    std::vector<std::size_t> cells(design.cells.size());
    for (unsigned repeat = 1; repeat <= design.most_repeats; ++repeat) {
        std::mt19937_64 random(number_of_text(fmt::format("{} block {}", design.seed, repeat)));
        std::iota(cells.begin(), cells.end(), std::size_t{0});
        shuffle(cells, random);
        for (const std::size_t cell : cells) order.push_back({cell, repeat});
    }
    return order;
}

Scenario scenario_of(const StudyDesign& design, StudyRunKey run) {
    Scenario scenario = design.cells[run.cell].scenario;
    const std::string seed = std::to_string(seed_of(design, run));
    for (FaultSpec& fault : scenario.faults)
        if (takes_seed(fault)) fault.values["seed"] = seed;
    if (uses_parameter(scenario, run_seed_parameter)) scenario.parameters[run_seed_parameter] = seed;
    scenario.name = fmt::format("{} {}", design.name, key_text(design, run));
    return scenario;
}

}  // namespace netcut
