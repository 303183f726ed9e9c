// SPDX-License-Identifier: Apache-2.0
// The aggregator's state: which round it is, who has sent results, who knows that it is over. No network in
// here. Thread-safe: the service calls from gRPC's threads, the aggregator's loop from its own.
#pragma once

#include <chrono>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <variant>

#include "average.h"
#include "defect.h"

namespace netcut::reference {

struct TrainRound {
    unsigned round;
};
struct WaitForRound {
    unsigned round;  // 0: no round is to come
};
struct LeaveFederation {};
using Task = std::variant<TrainRound, WaitForRound, LeaveFederation>;

enum class Submission { accepted, duplicate, premature, late };

// What a round has come to.
struct RoundUpdates {
    Updates updates;
    std::optional<unsigned> late;  // who came long after all others, or has not come
};

class Federation {
  public:
    Federation(unsigned collaborators, unsigned rounds, DefectOptions defect = {})
        : collaborators_(collaborators), rounds_(rounds), defect_(defect) {}

    unsigned collaborators() const { return collaborators_; }
    unsigned rounds() const { return rounds_; }

    // For the service. Collaborators count from 1.
    bool join(unsigned collaborator);  // true the first time
    Task next_task(unsigned collaborator);
    std::shared_ptr<const Model> model_of(unsigned round) const;  // null unless it is the current round
    // The one that this collaborator is given: the same, but for a defect.
    std::shared_ptr<const Model> model_for(unsigned collaborator, unsigned round) const;
    Submission submit(unsigned collaborator, unsigned round, Update update);

    // For the aggregator's loop.
    void begin_round(unsigned round, Model model);
    // Of every collaborator, but for a defect; nothing if stopped.
    std::optional<RoundUpdates> wait_for_updates();
    void finish();
    // Returns those that were not told to leave within the grace time.
    std::set<unsigned> wait_for_departures(std::chrono::milliseconds grace);
    void stop();  // ends both waits

  private:
    using Clock = std::chrono::steady_clock;
    bool goes_on_without() const;
    std::optional<unsigned> late_one() const;

    const unsigned collaborators_;
    const unsigned rounds_;
    const DefectOptions defect_;

    mutable std::mutex mutex_;
    std::condition_variable changed_;
    unsigned round_ = 0;
    std::shared_ptr<const Model> model_, model_before_;
    Updates updates_;
    std::map<unsigned, Clock::time_point> arrived_;    // in this round
    std::optional<unsigned> stale_;                    // who is given the model before
    std::set<std::pair<unsigned, unsigned>> skipped_;  // rounds, and who was not waited for
    std::set<unsigned> joined_, submitted_, told_to_leave_;
    bool finished_ = false;
    bool stopped_ = false;
};

}  // namespace netcut::reference
