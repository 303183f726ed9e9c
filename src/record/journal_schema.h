// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

namespace netcut {

// JSON Schema (2020-12) of a line of journal.jsonl.
std::string journal_schema();

}  // namespace netcut
