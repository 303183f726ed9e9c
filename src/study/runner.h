// SPDX-License-Identifier: Apache-2.0
//
// Makes the runs of a study that are missing, together with other processes that work on the same store. One thread.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/time.h"
#include "explore/run_pool.h"
#include "kernel/task_use.h"
#include "study/claims.h"
#include "study/design.h"
#include "study/measure.h"
#include "study/packer.h"
#include "study/progress.h"
#include "study/store.h"

namespace netcut {

// Every Nth run, so that machines that share no folder can each make a part.
struct Shard {
    unsigned number = 1, of = 1;  // 1 to `of`
};

struct StudyRunOptions {
    std::optional<unsigned> jobs;  // runs at once; none: as many as fit
    std::optional<Shard> shard;
    Nanoseconds lease = std::chrono::minutes(2);
    std::function<bool(std::size_t cell)> wanted{};  // of a cell of the design; empty: all
};

class StudyRunner {
  public:
    // `tell`: is given a line for each run that has ended. All but `options` must outlive it.
    StudyRunner(const StudyDesign& design, StudyStore& store, RunPool& pool, const StudyRunOptions& options,
                std::function<void(const std::string&)> tell);
    ~StudyRunner();
    StudyRunner(const StudyRunner&) = delete;
    StudyRunner& operator=(const StudyRunner&) = delete;

    // Returns when no run is missing, or the budget is used. The number of the signal that ended it, else 0.
    Result<int> run();
    bool budget_is_used() const;
    // Runs that other processes are making now, as far as is known.
    std::size_t elsewhere() const { return elsewhere_; }

  private:
    struct UnderWay {
        StudyRunKey key{};
        Claim claim{};
        int process = 0;
        std::string started{};
        Clock::time_point begun{};
    };
    struct Open {
        StudyRunKey run{};
        std::string key{};
    };
    Result<void> refresh();
    Result<void> top_up();
    Result<bool> begin_one();
    Result<bool> try_to_begin(const Open& open);
    Result<void> finish(const std::string& id, const RunOutcome& outcome);
    Result<void> keep_row(const StudyRow& row, const UnderWay& run, const std::string& id);
    void remove_folder(const std::string& id) const;
    void look();
    void correct(RunPool::Progress& progress) const;
    void give_back();
    Result<bool> wait_for_others();
    void note(Result<void> result);

    const StudyDesign& design_;
    StudyStore& store_;
    RunPool& pool_;
    StudyRunOptions options_;
    std::function<void(const std::string&)> tell_;
    Claims claims_;
    CellProgress progress_;
    RunTimes times_;
    Packer packer_;
    TaskWatch tasks_;
    std::vector<Open> open_{};                     // runs without a row, in their order
    std::map<std::string, UnderWay> under_way_{};  // by the name of their folder
    std::set<std::string> learnt_{};               // keys of rows that the packer knows
    std::size_t elsewhere_ = 0;
    int waited_signal_ = 0;
    Clock::time_point begun_ = Clock::now(), refreshed_{}, looked_{}, touched_{};
    Nanoseconds look_took_{0};
    std::optional<Error> error_{};
};

}  // namespace netcut
