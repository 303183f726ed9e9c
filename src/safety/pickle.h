// SPDX-License-Identifier: Apache-2.0
//
// Reads Python's pickle as data. Nothing that it names is looked up or called: what a pickle would call is a value, too.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "base/error.h"

namespace netcut {

// All values of one pickle. They refer to each other by their places in `values`, and their texts are the pickle's own bytes.
class Pickle {
  public:
    enum class Kind { none, number, text, global, tuple, list, dict, call, persistent };
    using Place = std::uint32_t;
    struct Value {
        Kind kind = Kind::none;
        std::string_view text{};    // of a text; of a global, its name
        std::string_view module{};  // of a global
        std::int64_t number = 0;
        // Of a dict, keys and values in turn; of a call, what is called and its arguments; of what is persistent, its name.
        std::vector<Place> items{};
    };

    // An error if it has operations that are not known, or that do not fit.
    static Result<Pickle> read(std::string_view bytes);

    const Value& at(Place place) const { return values_[place]; }
    Place root() const { return root_; }
    std::size_t size() const { return values_.size(); }
    bool is_global(Place place, std::string_view module, std::string_view name) const {
        const Value& value = at(place);
        return value.kind == Kind::global && value.module == module && value.text == name;
    }

  private:
    friend class PickleReader;
    std::vector<Value> values_;
    Place root_ = 0;
};

}  // namespace netcut
