// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <string>
#include <string_view>

#include "base/error.h"

namespace netcut {

// What lies in a ZIP archive, by name, as its directory has it. The bytes are the archive's own. An error if an entry is
// compressed or encrypted, or is not whole.
Result<std::map<std::string, std::string_view>> zip_entries(std::string_view archive);

}  // namespace netcut
