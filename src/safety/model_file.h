// SPDX-License-Identifier: Apache-2.0
//
// The file that a run has left of its model. Nodes may have made anything of it, and of the folders on the way.
#pragma once

#include <cstddef>
#include <string>

#include "base/error.h"

namespace netcut {

// The one file that a path means in which `*` stands for any part of a name, as in "save/*_last.pbuf". An error if there is
// none, or more than one. A path without `*` is itself, whether there is a file or not.
Result<std::string> find_model_file(const std::string& path);

// A regular file of at most this.
inline constexpr std::size_t largest_model = std::size_t{1} << 30;  // bytes
Result<std::string> read_model_file(const std::string& path);

}  // namespace netcut
