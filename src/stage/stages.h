// SPDX-License-Identifier: Apache-2.0
//
// What is done once, before any run: a base environment, the framework's workspace, certificates. A
// stage is repeated when something that it depends on has changed, and never otherwise.
//
// What is known of the stages is in the workspace, a folder that may be looked at, moved and deleted:
//     stages/N-NAME.json    the stage was finished, and on what it depended. It is written last, and to the disk.
//     stages/N-NAME.log     what its commands printed
//     workspace.json        the template and the parameters, for `netcut-fl workspace status`
// Commands run as the user, with the machine's network, one after another, each with a time limit; whatever a
// command has started ends with it. All of this is on the calling thread, which waits.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "base/error.h"
#include "scenario/scenario.h"
#include "user/user.h"

namespace netcut {

struct StageStatus {
    unsigned number = 0;  // from 1
    std::string name;
    bool up_to_date = false;
    std::string why;       // it is not, or when it was finished
    std::string log_file;  // empty if it was never begun
};

struct StageOptions {
    unsigned first = 0;  // begin with it, up to date or not; 0: what has to be
    unsigned last = static_cast<unsigned>(stage_names.size());  // and go as far as this one
};
// "3" and "certify" are the same; 4 is "run".
Result<unsigned> parse_stage(const std::string& word);

// The first stage that the two scenarios, of one template, do in different ways; empty if there is none. Many
// runs have one workspace, so that they must agree.
Result<std::string> stage_that_differs(const Scenario& one, const Scenario& other);

class Stages {
  public:
    // `scenario` has passed check() and has a workspace. `listener` is told, line by line, what is being
    // done.
    Stages(const Scenario& scenario, User user, std::function<void(const std::string&)> listener);

    // Nothing is changed; commands that tell a version are run.
    Result<std::vector<StageStatus>> status();
    // Does what has to be done. 0, or the number of the signal that ended it: SIGINT, SIGTERM or SIGHUP.
    Result<int> run(const StageOptions& options);
    // The needs that this machine does not meet, those of `needs:` in a template.
    Result<std::vector<NeedSpec>> missing_needs();

  private:
    class Lock;
    bool stopped(int signal);
    Result<bool> bring_up_to_date(const StageOptions& options);
    Result<bool> do_stage(const StageSpec& stage, const std::map<std::string, std::string>& dependencies);
    Result<void> check_needs();
    Result<void> remove_made(const StageSpec& stage);
    std::string not_made(const StageSpec& stage) const;
    Result<std::map<std::string, std::string>> dependencies(const StageSpec& stage,
                                                            const std::string& previous);
    Result<std::string> why_outdated(const StageSpec& stage, const std::map<std::string, std::string>& now);

    const Scenario& scenario_;
    User user_;
    std::function<void(const std::string&)> listener_;
    std::string program_folder_;
    int signal_ = 0;  // that was sent to us; nothing is begun any more
};

}  // namespace netcut
