// SPDX-License-Identifier: Apache-2.0
//
// What the faults of a scenario are to each other: who waits for whom, and who is in whose way. Of many
// faults it takes as long as they are many, not as there are pairs of them.
#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <map>

#include "base/error.h"
#include "base/time.h"
#include "fault/plan.h"
#include "scenario/fault_check.h"
#include "scenario/fault_kind.h"
#include "scenario/fault_spec.h"
#include "scenario/scenario.h"
#include "scenario/triggers.h"

namespace netcut {
namespace {

using Kind = FaultTrigger::Kind;

bool never_heals(const FaultSpec& fault) {
    return !fault.duration && !fault.flap;
}

// How often it begins, and ends.
std::uint64_t firings(const FaultSpec& fault) {
    return std::uint64_t{fault.times} * (fault.flap ? fault.flap->count : 1);
}

std::string times_text(const FaultSpec& fault) {
    return firings(fault) == 1 ? "once" : fmt::format("{} times", firings(fault));
}

bool changes_link(const FaultSpec& fault) {
    return fault.kind->link != LinkChange::none;
}

bool pauses(const FaultSpec& fault) {
    return fault.kind->processes == ProcessEffect::pause;
}

class Order {
  public:
    explicit Order(const std::vector<FaultSpec>& faults) : faults_(faults), awaited_(faults.size()) {
        for (std::size_t i = 0; i < faults.size(); ++i) numbers_[faults[i].name] = i;
    }

    Result<void> check() {
        for (std::size_t i = 0; i < faults_.size(); ++i) NETCUT_TRY(find_awaited(i));
        NETCUT_TRY(check_circles());
        for (std::size_t i = 0; i < faults_.size(); ++i) depths_.push_back(depth_of(i));
        NETCUT_TRY(check_each_node(changes_link, [this](const auto& group) {
            return check_turns(group, "the fault '{}' takes the link of {} away too");
        }));
        NETCUT_TRY(check_each_node(pauses, [this](const auto& group) {
            return check_turns(group, "the fault '{}' pauses {} too");
        }));
        return check_each_node([](const FaultSpec& fault) { return fault.kind->acts_on_processes(); },
                               [this](const auto& group) { return check_moments(group); });
    }

  private:
    struct Group {
        std::string node;
        std::vector<std::size_t> faults;
    };
    using CheckGroup = std::function<Result<void>(const Group&)>;

    Result<void> find_awaited(std::size_t number) {
        const FaultSpec& fault = faults_[number];
        if (fault.trigger.kind != Kind::after && fault.trigger.kind != Kind::together) return {};
        const auto found = numbers_.find(fault.trigger.fault);
        if (found == numbers_.end())
            return fault_failure(fault, "on", fmt::format("there is no fault '{}'", fault.trigger.fault), "",
                                 Mistake::unknown_name);
        const FaultSpec& other = faults_[found->second];
        if (fault.trigger.kind == Kind::after && never_heals(other))
            return fault_failure(fault, "on", fmt::format("the fault '{}' never heals", other.name),
                                 fmt::format("write on: {{with: {}, delay: 5s}}", other.name),
                                 Mistake::conflict);
        if (fault.trigger.nth > firings(other))
            return fault_failure(fault, "on",
                                 fmt::format("the fault '{}' happens {}", other.name, times_text(other)));
        awaited_[number] = found->second;
        return {};
    }

    Result<void> check_circles() const {
        std::vector<std::size_t> walks(faults_.size());  // by which walk a fault was come by first
        for (std::size_t walk = 1; walk <= faults_.size(); ++walk) {
            std::optional<std::size_t> at = walk - 1;
            for (; at && walks[*at] == 0; at = awaited_[*at]) walks[*at] = walk;
            if (at && walks[*at] == walk)
                return fault_failure(faults_[*at], "on", "a fault cannot wait for itself", "",
                                     Mistake::conflict);
        }
        return {};
    }

    // The fault after whose last end it begins.
    std::optional<std::size_t> before(std::size_t number) const {
        const FaultTrigger& trigger = faults_[number].trigger;
        if (trigger.kind != Kind::after || trigger.nth < firings(faults_[*awaited_[number]])) return {};
        return awaited_[number];
    }

    // How many faults end for the last time before it begins.
    std::size_t depth_of(std::size_t number) {
        std::vector<std::size_t> way;
        std::optional<std::size_t> at = number;
        for (; at && !known_depths_.contains(*at); at = before(*at)) way.push_back(*at);
        std::size_t depth = at ? known_depths_.at(*at) + 1 : 0;
        for (auto next = way.rbegin(); next != way.rend(); ++next) known_depths_[*next] = depth++;
        return known_depths_.at(number);
    }

    bool follows(std::size_t number, std::size_t other) const {
        std::optional<std::size_t> at = number;
        while (at && depths_[*at] > depths_[other]) at = before(*at);
        return at && *at == other && number != other;
    }

    Result<void> check_each_node(const std::function<bool(const FaultSpec&)>& concerned,
                                 const CheckGroup& check_group) const {
        std::map<std::string, std::vector<std::size_t>> nodes;
        for (std::size_t i = 0; i < faults_.size(); ++i)
            if (concerned(faults_[i]))
                for (const std::string& node : faults_[i].nodes) nodes[node].push_back(i);
        for (auto& [node, faults] : nodes)
            if (faults.size() > 1) NETCUT_TRY(check_group({node, std::move(faults)}));
        return {};
    }

    // All of them take turns if each follows the one before it in that order.
    Result<void> check_turns(Group group, const char* why) const {
        std::stable_sort(group.faults.begin(), group.faults.end(),
                         [this](std::size_t a, std::size_t b) { return depths_[a] < depths_[b]; });
        for (std::size_t i = 1; i < group.faults.size(); ++i) {
            const std::size_t other = group.faults[i - 1], one = group.faults[i];
            if (!follows(one, other))
                return contradiction(one, other, [&](const FaultSpec& fault) {
                    return fmt::format(fmt::runtime(why), fault.name, group.node);
                });
        }
        return {};
    }

    Result<void> check_moments(const Group& group) const {
        std::map<std::string, std::size_t> moments;
        for (const std::size_t one : group.faults) {
            const auto [other, is_new] = moments.emplace(moment_of(one), one);
            if (is_new) continue;
            return contradiction(one, other->second, [&](const FaultSpec& fault) {
                return fmt::format("the fault '{}' ({}) acts on the processes of {} at the same moment",
                                   fault.name, fault.kind->name, group.node);
            });
        }
        return {};
    }

    // Equal of faults that begin at the same moment.
    std::string moment_of(std::size_t number) const {
        for (;;) {
            const FaultSpec& fault = faults_[number];
            const bool with_another =
                fault.trigger.kind == Kind::together && fault.trigger.delay == Nanoseconds(0) && !fault.when;
            if (!with_another) return begin_text(fault);
            number = *awaited_[number];
        }
    }

    // The later one in the scenario is the one to be changed.
    Result<void> contradiction(std::size_t a, std::size_t b,
                               const std::function<std::string(const FaultSpec&)>& why) const {
        const FaultSpec& one = faults_[std::max(a, b)];
        const FaultSpec& other = faults_[std::min(a, b)];
        const std::string nth = firings(other) > 1 ? fmt::format(", nth: {}", firings(other)) : "";
        return fault_failure(one, "nodes", why(other),
                             fmt::format("let it begin after that: on: {{after: {}{}}}; or repeat one with "
                                         "times: N",
                                         other.name, nth),
                             Mistake::conflict);
    }

    const std::vector<FaultSpec>& faults_;
    std::map<std::string, std::size_t> numbers_;
    std::vector<std::optional<std::size_t>> awaited_;  // of `after` and `with`
    std::map<std::size_t, std::size_t> known_depths_;
    std::vector<std::size_t> depths_;
};

}  // namespace

Result<void> check_order(const Scenario& scenario) {
    return Order(scenario.faults).check();
}

}  // namespace netcut
