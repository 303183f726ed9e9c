// SPDX-License-Identifier: Apache-2.0
#include "defect.h"

#include <algorithm>

namespace netcut::reference {
namespace {

// The second half is what it was before the round.
void halve(Part& part, const Model& before) {
    const auto old = before.parameters();
    const auto now = part.update.model.parameters();
    const std::size_t half = now.size() / 2;
    std::copy(old.begin() + static_cast<std::ptrdiff_t>(half), old.end(),
              now.begin() + static_cast<std::ptrdiff_t>(half));
    part.bytes = half * sizeof(float);
}

}  // namespace

std::vector<Part> parts_of(const Updates& updates, const Model& before, Defect defect,
                           std::optional<unsigned> late) {
    std::vector<Part> parts;
    for (const auto& [collaborator, update] : updates) {
        const std::size_t bytes = update.model.size_in_bytes();
        const bool struck = late == collaborator;
        if (struck && defect == Defect::drop_update) continue;
        parts.push_back({collaborator, update, bytes, bytes});
        if (struck && defect == Defect::half_update) halve(parts.back(), before);
        if (struck && defect == Defect::count_twice) parts.push_back(parts.back());
    }
    return parts;
}

Model average_parts(const std::vector<Part>& parts, const Model& before) {
    if (parts.empty()) return before;
    std::vector<const Update*> updates;
    for (const Part& part : parts) updates.push_back(&part.update);
    return average(updates);
}

}  // namespace netcut::reference
