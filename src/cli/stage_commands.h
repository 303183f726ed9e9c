// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "cli/options.h"
#include "netcut/stage.h"

namespace netcut::cli {

// Brings what the scenario needs before a run up to date; nothing if it has no stages. 0, or the number of
// the signal that ended it.
Result<int> do_stages(const RunOptions& options, const Scenario& scenario, const User& user, bool quiet);

// `netcut-fl templates`, `prepare`, `workspace`, `certify`.
class StageApps {
  public:
    explicit StageApps(CLI::App& app);
    // The exit status, if one of them was asked for.
    std::optional<int> run() const;

  private:
    RunOptions options_;
    std::string name_, folder_;
    bool check_ = false;
    CLI::App *templates_, *status_;
    std::array<CLI::App*, stage_names.size()> stages_;
};

// `netcut-fl templates [NAME] [--check]`.
int templates_command(const std::string& name, bool check);

}  // namespace netcut::cli
