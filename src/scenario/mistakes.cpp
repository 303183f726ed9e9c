// SPDX-License-Identifier: Apache-2.0
#include "scenario/mistakes.h"

namespace netcut {

Place Reading::place_of(std::string key) const {
    for (;;) {
        if (const auto found = places.find(key); found != places.end()) return found->second;
        if (key.empty()) return {};
        const std::size_t dot = key.rfind('.');
        key.resize(dot == std::string::npos ? 0 : dot);
    }
}

bool Mistakes::add(const Result<void>& tried, const Place& place) {
    if (tried) return true;
    if (full()) return false;
    Error& error = found_.emplace_back(tried.error());
    if (error.place.file.empty()) error.place = place;
    return false;
}

}  // namespace netcut
