// SPDX-License-Identifier: Apache-2.0
//
// A number and its unit, as people write them: "20s", "20 s", "1.5 MiB".
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace netcut {

struct Quantity {
    double number = 0;  // may be NaN or infinite: compare it so that these are refused
    std::string unit;   // as written; empty if there is none
};

// Spaces at both ends and before the unit do not matter. Nothing, if the text does not begin with a number. There are no
// exponents: in "1e3s" the unit is "e3s".
std::optional<Quantity> read_quantity(std::string_view text);

// ASCII letters alone.
std::string lower_case(std::string_view text);

// The units of parse_duration.
std::vector<std::string_view> duration_units();

}  // namespace netcut
