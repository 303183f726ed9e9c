// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "folder/folder.h"

namespace netcut {

// What a node has printed last, on either stream; empty if it is nothing, or cannot be read.
std::string last_line_of(const RunFolder& folder, const std::string& node);

}  // namespace netcut
