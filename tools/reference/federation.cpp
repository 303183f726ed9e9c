// SPDX-License-Identifier: Apache-2.0
#include "federation.h"

#include <utility>

namespace netcut::reference {

bool Federation::join(unsigned collaborator) {
    const std::lock_guard lock(mutex_);
    return joined_.insert(collaborator).second;
}

Task Federation::next_task(unsigned collaborator) {
    const std::lock_guard lock(mutex_);
    if (finished_) {
        told_to_leave_.insert(collaborator);
        changed_.notify_all();
        return LeaveFederation{};
    }
    if (round_ > 0 && !submitted_.contains(collaborator)) return TrainRound{round_};
    return WaitForRound{round_ < rounds_ ? round_ + 1 : 0};
}

std::shared_ptr<const Model> Federation::model_of(unsigned round) const {
    const std::lock_guard lock(mutex_);
    return round == round_ ? model_ : nullptr;
}

Submission Federation::submit(unsigned collaborator, unsigned round, Update update) {
    const std::lock_guard lock(mutex_);
    if (round > round_) return Submission::premature;
    if (round < round_ || !submitted_.insert(collaborator).second) return Submission::duplicate;
    updates_.emplace(collaborator, std::move(update));
    changed_.notify_all();
    return Submission::accepted;
}

void Federation::begin_round(unsigned round, Model model) {
    const std::lock_guard lock(mutex_);
    round_ = round;
    model_ = std::make_shared<const Model>(std::move(model));
    submitted_.clear();
}

std::optional<Updates> Federation::wait_for_updates() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return stopped_ || updates_.size() == collaborators_; });
    if (stopped_) return std::nullopt;
    return std::exchange(updates_, {});
}

void Federation::finish() {
    const std::lock_guard lock(mutex_);
    finished_ = true;
}

std::set<unsigned> Federation::wait_for_departures(std::chrono::milliseconds grace) {
    std::unique_lock lock(mutex_);
    changed_.wait_for(lock, grace, [this] { return stopped_ || told_to_leave_.size() == collaborators_; });
    std::set<unsigned> missing;
    for (unsigned i = 1; i <= collaborators_; ++i)
        if (!told_to_leave_.contains(i)) missing.insert(i);
    return missing;
}

void Federation::stop() {
    const std::lock_guard lock(mutex_);
    stopped_ = true;
    changed_.notify_all();
}

}  // namespace netcut::reference
