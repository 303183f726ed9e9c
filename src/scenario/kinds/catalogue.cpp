// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <stdexcept>

#include "scenario/kinds/kinds.h"

namespace netcut {

const std::vector<FaultKind>& fault_kinds() {
    static const std::vector<FaultKind> all = [] {
        std::vector<FaultKind> kinds;
        for (const auto& family : {packet_kinds(), link_kinds(), loss_kinds(), queue_kinds(),
                                   middlebox_kinds(), name_kinds(), process_kinds()})
            kinds.insert(kinds.end(), family.begin(), family.end());
        return kinds;
    }();
    return all;
}

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

namespace {

// A definition that asks for a key which no kind has is wrong.
const KeyValue* given_value(const FaultSpec& fault, const std::string& name) {
    if (find_key(*fault.kind, name) == nullptr)
        throw std::logic_error("no kind of fault has the key " + name);
    const auto given = fault.values.find(name);
    return given == fault.values.end() || fault.kind->key(name) == nullptr ? nullptr : &given->second;
}

template <typename T>
const T& listed(const FaultSpec& fault, const std::string& name) {
    static const T none;
    const KeyValue* given = given_value(fault, name);
    return given == nullptr ? none : std::get<T>(*given);
}

}  // namespace

std::string FaultSpec::text(const std::string& name) const {
    if (const KeyValue* given = given_value(*this, name)) return std::get<std::string>(*given);
    const FaultKey* key = kind->key(name);
    return key == nullptr ? "" : key->standard;
}

const WordList& FaultSpec::list(const std::string& name) const {
    return listed<WordList>(*this, name);
}

const std::vector<WordList>& FaultSpec::lists(const std::string& name) const {
    return listed<std::vector<WordList>>(*this, name);
}

}  // namespace netcut
