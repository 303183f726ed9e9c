// SPDX-License-Identifier: Apache-2.0
#include "average.h"

namespace netcut::reference {

Model average(const std::vector<const Update*>& updates) {
    Model mean(updates.front()->model.hidden_width());
    std::vector<double> sums(mean.parameters().size());
    double total = 0;
    for (const Update* update : updates) {
        const auto weight = static_cast<double>(update->samples);
        const auto parameters = update->model.parameters();
        for (std::size_t i = 0; i < sums.size(); ++i) sums[i] += weight * double{parameters[i]};
        total += weight;
    }
    for (std::size_t i = 0; i < sums.size(); ++i) mean.parameters()[i] = static_cast<float>(sums[i] / total);
    return mean;
}

Model average(const Updates& updates) {
    std::vector<const Update*> all;
    for (const auto& [collaborator, update] : updates) all.push_back(&update);
    return average(all);
}

}  // namespace netcut::reference
