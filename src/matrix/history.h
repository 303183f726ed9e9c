// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "base/json.h"
#include "user/user.h"

namespace netcut {

// Earlier results of a matrix: of the folders beside `folder` those whose result.json has this title and began before
// `started`, the last `most_history` of them, the earliest first; as history_entry() makes them. Read with the user's
// rights; what cannot be read is left out.
inline constexpr std::size_t most_history = 30;
Json find_history(const std::string& folder, const std::string& title, const std::string& started,
                  const User& user);

}  // namespace netcut
