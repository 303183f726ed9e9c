// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/io.h"
#include "base/json.h"
#include "report/annotations.h"

namespace netcut::cli {

// What a command tells the CI that it runs in: GitHub's, by $GITHUB_ACTIONS, or one that takes the same commands. While it
// lives, such a CI takes no commands from what is printed, since nodes write much of it.
class CiOutput {
  public:
    // `asked`: by --annotate and --no-annotate; else the environment decides. `json`: standard output is for a
    // program, so that only the summary is written.
    explicit CiOutput(std::optional<bool> asked, bool json = false);
    ~CiOutput();
    CiOutput(const CiOutput&) = delete;
    CiOutput& operator=(const CiOutput&) = delete;

    void tell_run(const Json& verdict, const std::string& folder);
    void tell_table(const Json& table, const std::string& folder);
    void tell_error(const Error& error);
    void tell_warning(const std::string& title, const std::string& text);

  private:
    void tell(const std::vector<Annotation>& annotations, const std::string& summary);
    void resume_commands();

    const bool summarizes_, annotates_;
    // Opened at once: when the run is over this process may have fewer rights.
    std::optional<Result<Fd>> job_summary_;
    std::string token_;  // empty: commands are taken
};

}  // namespace netcut::cli
