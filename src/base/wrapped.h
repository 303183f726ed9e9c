// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

namespace netcut {

// Lines that are longer than `width` characters are broken at spaces, and go on below what they say: behind the name of a
// row ("why     because ..."), behind the time of an event, else four characters further in. A word that is longer than
// a line stays whole, and a line with escape sequences as it is. `width` 0: nothing is broken.
std::string wrapped(std::string_view text, std::size_t width);

}  // namespace netcut
