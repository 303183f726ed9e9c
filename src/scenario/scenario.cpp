// SPDX-License-Identifier: Apache-2.0
#include "scenario/scenario.h"

#include <fmt/format.h>

#include <charconv>

namespace netcut {

std::string collaborator_name(unsigned index) {
    return fmt::format("collaborator{}", index);
}

std::vector<std::string> node_names(const Scenario& scenario) {
    std::vector<std::string> names{aggregator_name};
    for (unsigned i = 1; i <= scenario.collaborators; ++i) names.push_back(collaborator_name(i));
    return names;
}

std::optional<std::size_t> node_index(const Scenario& scenario, const std::string& name) {
    if (name == aggregator_name) return 0;
    const std::size_t digits = name.find_first_of("123456789");
    unsigned index = 0;
    if (digits == std::string::npos ||
        std::from_chars(name.data() + digits, name.data() + name.size(), index).ec != std::errc())
        return {};
    if (index > scenario.collaborators || name != collaborator_name(index)) return {};
    return index;
}

std::vector<std::size_t> node_indices(const Scenario& scenario, const WordList& names) {
    std::vector<std::size_t> all;
    all.reserve(names.size());
    for (const std::string& name : names) all.push_back(node_index(scenario, name).value());
    return all;
}

}  // namespace netcut
