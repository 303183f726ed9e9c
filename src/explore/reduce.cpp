// SPDX-License-Identifier: Apache-2.0
#include "explore/reduce.h"

namespace netcut {
namespace {

std::vector<ItemSet> split(const ItemSet& items, std::size_t parts) {
    std::vector<ItemSet> result;
    std::size_t begin = 0;
    for (std::size_t i = 0; i < parts; ++i) {
        const std::size_t end = begin + (items.size() - begin) / (parts - i);
        result.emplace_back(items.begin() + static_cast<std::ptrdiff_t>(begin),
                            items.begin() + static_cast<std::ptrdiff_t>(end));
        begin = end;
    }
    return result;
}

ItemSet without(const ItemSet& items, const ItemSet& left_out) {
    ItemSet rest;
    for (const std::size_t item : items)
        if (std::find(left_out.begin(), left_out.end(), item) == left_out.end()) rest.push_back(item);
    return rest;
}

}  // namespace

Result<ItemSet> reduce_to_smallest(std::size_t count, const SetOracle& fails) {
    ItemSet items(count);
    for (std::size_t i = 0; i < count; ++i) items[i] = i;
    std::size_t parts = 2;
    while (items.size() > 1) {
        parts = std::min(parts, items.size());
        const std::vector<ItemSet> subsets = split(items, parts);
        std::vector<ItemSet> candidates = subsets;
        if (parts > 2)  // of two halves, each is the other's complement
            for (const ItemSet& subset : subsets) candidates.push_back(without(items, subset));
        NETCUT_ASSIGN(const std::vector<bool> failed, fails(candidates));
        const auto first = std::find(failed.begin(), failed.end(), true);
        if (first != failed.end()) {
            const auto index = static_cast<std::size_t>(first - failed.begin());
            items = candidates[index];
            parts = index < subsets.size() ? 2 : parts - 1;
        } else if (parts == items.size()) {
            break;
        } else {
            parts = parts * 2;
        }
    }
    return items;
}

}  // namespace netcut
