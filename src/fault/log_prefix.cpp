// SPDX-License-Identifier: Apache-2.0
#include "fault/log_prefix.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

namespace netcut {

std::string fault_prefix(std::size_t number) {
    return fmt::format("f{}", number);
}

std::optional<LossPlace> loss_place(const std::string& prefix) {
    LossPlace place;
    const char* begin = prefix.data() + std::min<std::size_t>(1, prefix.size());
    const char* end = prefix.data() + prefix.size();
    const auto [after, error] = std::from_chars(begin, end, place.fault);
    if (error != std::errc()) return {};
    const std::string where(after, end);
    place.up = where.starts_with("_up");
    place.by_address = where == "_gone";
    place.counted = !where.ends_with("_uncounted");
    return place;
}

}  // namespace netcut
