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

namespace netcut::reference {

struct TrainRound {
    unsigned round;
};
struct WaitForRound {
    unsigned round;  // 0: no round is to come
};
struct LeaveFederation {};
using Task = std::variant<TrainRound, WaitForRound, LeaveFederation>;

enum class Submission { accepted, duplicate, premature };

class Federation {
  public:
    Federation(unsigned collaborators, unsigned rounds) : collaborators_(collaborators), rounds_(rounds) {}

    unsigned collaborators() const { return collaborators_; }
    unsigned rounds() const { return rounds_; }

    // For the service. Collaborators count from 1.
    bool join(unsigned collaborator);  // true the first time
    Task next_task(unsigned collaborator);
    std::shared_ptr<const Model> model_of(unsigned round) const;  // null unless it is the current round
    Submission submit(unsigned collaborator, unsigned round, Update update);

    // For the aggregator's loop.
    void begin_round(unsigned round, Model model);
    std::optional<Updates> wait_for_updates();  // of every collaborator; nothing if stopped
    void finish();
    // Returns those that were not told to leave within the grace time.
    std::set<unsigned> wait_for_departures(std::chrono::milliseconds grace);
    void stop();  // ends both waits

  private:
    const unsigned collaborators_;
    const unsigned rounds_;

    mutable std::mutex mutex_;
    std::condition_variable changed_;
    unsigned round_ = 0;
    std::shared_ptr<const Model> model_;
    Updates updates_;
    std::set<unsigned> joined_, submitted_, told_to_leave_;
    bool finished_ = false;
    bool stopped_ = false;
};

}  // namespace netcut::reference
