// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "base/json.h"

namespace netcut {

// A page for people: one HTML file that asks the network for nothing. `data` has a `title` and a `kind`:
//   run          what run_page_data makes of a run's folder
//   experiments  a table of outcomes: columns, and rows of cells with outcome, detail and repeats
//   map          a resilience map: rows (phases) of cells (kinds) with the longest outage survived and the
//   shortest fatal
// (src/page/web/README.md has their form). Texts in it may come from anywhere; none of them becomes
// markup.
std::string html_page(const Json& data);

}  // namespace netcut
