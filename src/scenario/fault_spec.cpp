// SPDX-License-Identifier: Apache-2.0
#include "scenario/fault_spec.h"

#include <stdexcept>

namespace netcut {

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
