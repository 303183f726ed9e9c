// SPDX-License-Identifier: Apache-2.0
#include "average.h"

#include <vector>

namespace netcut::reference {

Model average(const Updates& updates) {
    Model mean(updates.begin()->second.model.hidden_width());
    std::vector<double> sums(mean.parameters().size());
    double total = 0;
    for (const auto& [collaborator, update] : updates) {
        const auto weight = static_cast<double>(update.samples);
        const auto parameters = update.model.parameters();
        for (std::size_t i = 0; i < sums.size(); ++i) sums[i] += weight * double{parameters[i]};
        total += weight;
    }
    for (std::size_t i = 0; i < sums.size(); ++i) mean.parameters()[i] = static_cast<float>(sums[i] / total);
    return mean;
}

}  // namespace netcut::reference
