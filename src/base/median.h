// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <vector>

namespace netcut {

// Of at least one value; of an even number of them the mean of the two in the middle.
template <typename T>
T median(std::vector<T> values) {
    std::sort(values.begin(), values.end());
    const std::size_t middle = values.size() / 2;
    if (values.size() % 2 > 0) return values[middle];
    return values[middle - 1] + (values[middle] - values[middle - 1]) / 2;
}

}  // namespace netcut
