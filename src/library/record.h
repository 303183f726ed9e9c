// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "netcut/netcut.h"
#include "record/event.h"
#include "verdict/verdict.h"

namespace netcut::v1 {

// None: it is no event.
std::optional<Event> event_of(std::string_view line);

// Of verdict.json in the folder; none: there is no such file, or it is something else.
std::optional<Verdict> read_verdict(const std::string& folder);

}  // namespace netcut::v1
