// SPDX-License-Identifier: Apache-2.0
#include "federation.h"

#include <algorithm>
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

std::shared_ptr<const Model> Federation::model_for(unsigned collaborator, unsigned round) const {
    const std::lock_guard lock(mutex_);
    if (round != round_) return nullptr;
    return stale_ == collaborator ? model_before_ : model_;
}

Submission Federation::submit(unsigned collaborator, unsigned round, Update update) {
    const std::lock_guard lock(mutex_);
    if (round > round_) return Submission::premature;
    if (skipped_.erase({round, collaborator}) > 0) return Submission::late;
    if (round < round_ || !submitted_.insert(collaborator).second) return Submission::duplicate;
    update.base = stale_ == collaborator ? round - 1 : round;
    arrived_[collaborator] = Clock::now();
    updates_.emplace(collaborator, std::move(update));
    changed_.notify_all();
    return Submission::accepted;
}

void Federation::begin_round(unsigned round, Model model) {
    const std::lock_guard lock(mutex_);
    round_ = round;
    model_before_ = std::exchange(model_, std::make_shared<const Model>(std::move(model)));
    submitted_.clear();
    arrived_.clear();
}

// All but one are there, and that one is late.
bool Federation::goes_on_without() const {
    if (defect_.defect != Defect::skip_late || updates_.size() + 1 != collaborators_ || updates_.empty())
        return false;
    const auto last = std::max_element(arrived_.begin(), arrived_.end(),
                                       [](const auto& a, const auto& b) { return a.second < b.second; });
    return Clock::now() - last->second >= defect_.late_after;
}

std::optional<unsigned> Federation::late_one() const {
    if (updates_.size() < collaborators_) {
        for (unsigned i = 1; i <= collaborators_; ++i)
            if (!updates_.contains(i)) return i;
    }
    std::vector<std::pair<Clock::time_point, unsigned>> order;
    for (const auto& [collaborator, when] : arrived_) order.emplace_back(when, collaborator);
    std::sort(order.begin(), order.end());
    if (order.size() < 2) return std::nullopt;
    const auto& [last, who] = order.back();
    if (last - order[order.size() - 2].first < defect_.late_after) return std::nullopt;
    return who;
}

std::optional<RoundUpdates> Federation::wait_for_updates() {
    std::unique_lock lock(mutex_);
    const auto is_over = [this] {
        return stopped_ || updates_.size() == collaborators_ || goes_on_without();
    };
    // Nobody tells that the time has come.
    if (defect_.defect == Defect::skip_late)
        while (!is_over()) changed_.wait_for(lock, defect_.late_after / 10);
    else
        changed_.wait(lock, is_over);
    if (stopped_) return std::nullopt;
    const std::optional<unsigned> late = late_one();
    if (late && !updates_.contains(*late)) skipped_.insert({round_, *late});
    stale_ = defect_.defect == Defect::stale_model ? late : std::nullopt;
    return RoundUpdates{std::exchange(updates_, {}), late};
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
