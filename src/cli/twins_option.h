// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <string>

#include "base/error.h"
#include "cli/options.h"
#include "scenario/scenario.h"
#include "user/user.h"

namespace netcut::cli {

// --twins N. Scenarios whose undisturbed runs would be the same share them. `options` must outlive it.
class TwinsOption {
  public:
    TwinsOption(const RunOptions& options, bool quiet) : options_(options), quiet_(quiet) {}

    // Makes what undisturbed runs of the scenario, whose stages are done, showed part of it; nothing without that option. 0, or
    // the number of the signal that ended them.
    Result<int> compare(Scenario& scenario, const User& user);

  private:
    const RunOptions& options_;
    bool quiet_;
    std::map<std::string, TwinFacts> known_{};  // by twin_key()
};

}  // namespace netcut::cli
