// SPDX-License-Identifier: Apache-2.0
//
// Many runs. Each is a process of its own, `netcut-fl run`, so that runs disturb each other no more than separate
// machines of the same speed would. Threads: a RunPool lives on one thread.
#pragma once

#include <boost/asio/io_context.hpp>
#include <cstddef>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/error.h"
#include "base/time.h"
#include "explore/outcome.h"
#include "folder/folder.h"
#include "scenario/scenario.h"

namespace netcut {

struct RunRequest {
    std::string id;  // the name of its folder below runs/, unique
    Scenario scenario;
    bool afresh = false;                       // also if it was made before
    std::function<void(Scenario&)> prepare{};  // right before it starts: what is known by then
};

// Runs as many at once as it may. A request whose run is there already, from the same scenario and judged, is
// not repeated: so what was stopped goes on where it was.
class RunPool {
  public:
    // `program`: netcut-fl itself. `jobs`: runs at once. `local`: without the daemon, even if there is one.
    RunPool(const RunFolder& folder, std::string program, unsigned jobs, bool local = false);
    ~RunPool();
    RunPool(const RunPool&) = delete;
    RunPool& operator=(const RunPool&) = delete;

    // `done` may submit more. It is not called for runs that stop() ended.
    void submit(RunRequest request, std::function<void(const RunOutcome&)> done);
    // Returns when nothing is left to do. A signal (SIGINT, SIGTERM) ends the runs in order; its number is
    // then the result, else 0. An error means that runs cannot be started or files not be written.
    Result<int> run();

    struct Progress {
        std::size_t done = 0, under_way = 0, waiting = 0;
        // Until all that is known of has ended, from how long the runs took that were made; none before the first.
        std::optional<Nanoseconds> left;
        bool stopping = false;  // by a signal; a second one is passed on as well
    };
    Progress progress() const;
    // Called several times a second while run() runs, and at a signal.
    void on_tick(std::function<void()> tick) { tick_ = std::move(tick); }

    // For who submits runs one by one, and knows more of them than the pool does. `started` is given the process of a run;
    // `look` is called twenty times a second, and may submit; `correct` makes of the pool's progress that of the whole.
    struct Manager {
        std::function<void(const std::string& id, int process)> started;
        std::function<void()> look;
        std::function<void(Progress&)> correct;
    };
    void manage(Manager manager) { manager_ = std::move(manager); }
    // Words before the command of each run, of a program that makes it elsewhere and waits for it: srun. A run that leaves
    // no verdict is then made again, for its machine may have died.
    void launch_by(std::vector<std::string> words) { launcher_ = std::move(words); }

  private:
    struct Child;
    Result<void> start_next();
    void fill();
    void on_end(Child& child, int exit_status);
    std::optional<RunOutcome> outcome_of_earlier(const std::string& id,
                                                 const std::vector<std::string>& yamls) const;
    RunOutcome read_outcome(const std::string& id, int exit_status) const;
    void stop(int signal);
    Nanoseconds time_left() const;  // of what the pool knows of; at least one run was made

    struct Waiting {
        RunRequest request;
        std::function<void(const RunOutcome&)> done;
        unsigned tries = 0;
    };
    const RunFolder& folder_;
    std::string program_;
    unsigned jobs_;
    bool local_;
    boost::asio::io_context io_;
    std::deque<Waiting> waiting_;
    std::vector<std::unique_ptr<Child>> children_;
    std::optional<Error> error_;
    int signal_ = 0;
    std::function<void()> tick_;
    Manager manager_;
    std::vector<std::string> launcher_;
    std::size_t done_ = 0, made_ = 0;  // made: not taken from before
    Nanoseconds made_in_{0};           // all of these together
};

// "7 of 48 runs, 2 under way, about 3 min left". `open_ended`: more runs may follow from those that are known of.
std::string progress_text(const RunPool::Progress& progress, bool open_ended);

}  // namespace netcut
