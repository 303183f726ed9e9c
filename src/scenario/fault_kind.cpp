// SPDX-License-Identifier: Apache-2.0
#include "scenario/fault_kind.h"

#include <algorithm>

#include "scenario/words.h"

namespace netcut {

Result<const FaultKind*> parse_kind(const std::string& word) {
    std::vector<std::string> known;
    for (const FaultKind& kind : fault_kinds()) {
        if (word == kind.name) return &kind;
        known.emplace_back(kind.name);
    }
    return unknown_word(word, known, "kind of fault");
}

const FaultKind* fault_kind(const std::string& name) {
    return parse_kind(name).value();
}

namespace {

template <typename T>
const T* named(const std::vector<T>& all, const std::string& name) {
    const auto found = std::find_if(all.begin(), all.end(), [&](const T& one) { return one.name == name; });
    return found == all.end() ? nullptr : &*found;
}

}  // namespace

const FaultKey* FaultKind::key(const std::string& wanted) const {
    return named(keys, wanted);
}

const RefusedKey* FaultKind::refuses(const std::string& wanted) const {
    return named(refused, wanted);
}

const FaultKey* find_key(const FaultKind& kind, const std::string& name) {
    if (const FaultKey* own = kind.key(name)) return own;
    for (const FaultKind& other : fault_kinds())
        if (const FaultKey* key = other.key(name)) return key;
    return nullptr;
}

}  // namespace netcut
