// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

namespace netcut::cli {

// `netcut-fl report DIR`: makes report.html again in the folder of an earlier run; returns the exit status.
int report_command(const std::string& folder);

}  // namespace netcut::cli
