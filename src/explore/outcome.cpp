// SPDX-License-Identifier: Apache-2.0
#include "explore/outcome.h"

#include <fmt/format.h>

#include "record/proof.h"
#include "safety/safety.h"

namespace netcut {
namespace {

std::string names_of_unfinished(const Json& nodes) {
    std::vector<std::string> names;
    for (const Json& node : nodes)
        if (!node.at("finished").get<bool>()) names.push_back(node.at("node").get<std::string>());
    constexpr std::size_t most = 3;
    const std::size_t count = names.size();
    if (count > most) names.resize(most);
    return fmt::format("{}{}", fmt::join(names, ", "),
                       count > most ? fmt::format(" and {} more", count - most) : "");
}

// A cut that came later than its moment says something about another one.
std::string missed_text(const Json& verdict) {
    if (!verdict.contains("faults")) return {};
    unsigned missed = 0;
    for (const Json& fault : verdict.at("faults")) missed += fault.value("missed", 0U);
    if (missed == 0) return {};
    return missed == 1 ? "later: a reply had passed" : fmt::format("later: {} replies had passed", missed);
}

// A record of an older netcut-fl does not say.
std::string crash_of(const Json& verdict) {
    if (!verdict.contains("crashed")) return {};
    const Json& crashed = verdict.at("crashed");
    const std::string node = crashed.at("node").get<std::string>();
    return crashed.contains("ended") ? node + ", " + crashed.at("ended").get<std::string>() : node;
}

}  // namespace

Judgement RunOutcome::judgement() const {
    if (verdict.is_null()) return Judgement::error;
    return parse_word<Judgement>(verdict.at("verdict").get<std::string>()).value_or(Judgement::error);
}

std::string RunOutcome::word() const {
    return unnoticed() ? not_noticed : word_of(judgement());
}

bool RunOutcome::survived() const {
    return (judgement() == Judgement::recovered && !unnoticed()) || judgement() == Judgement::undisturbed;
}

bool RunOutcome::unnoticed() const {
    return judgement() == Judgement::recovered && !verdict.at("noticed").get<bool>();
}

bool RunOutcome::fatal() const {
    const Judgement found = judgement();
    return found == Judgement::crashed || found == Judgement::hung || found == Judgement::left;
}

std::string RunOutcome::hang_waited_for() const {
    const auto hang = verdict.is_object() ? verdict.find("hang") : verdict.end();
    if (judgement() != Judgement::hung || hang == verdict.end() || !hang->is_object()) return {};
    if (hang->value("proof", "") != word_of(Proof::waited)) return {};
    return hang->value("state", "");
}

std::optional<double> RunOutcome::seconds_to_recover() const {
    // What crashed later has continued, too, for a while.
    if (!survived() || verdict.at("time_to_recover_s").is_null()) return {};
    return verdict.at("time_to_recover_s").get<double>();
}

std::string RunOutcome::detail() const {
    const Judgement found = judgement();
    if (verdict.is_null()) return message;
    if (found == Judgement::error) return verdict.at("reason").get<std::string>();
    std::string text;
    if (const auto seconds = seconds_to_recover()) text = fmt::format("+{:.1f} s", *seconds);
    if (found == Judgement::crashed) text = crash_of(verdict);
    if (found == Judgement::hung || found == Judgement::left) text = names_of_unfinished(verdict.at("nodes"));
    for (const std::string& more : {late_text(), safety_text()})
        if (!more.empty()) text += (text.empty() ? "" : "; ") + more;
    return text;
}

std::string RunOutcome::safety_word() const {
    if (verdict.is_null() || !verdict.contains("safety")) return {};
    return verdict.at("safety").at("word").get<std::string>();
}

std::string RunOutcome::safety_text() const {
    if (!survived() || safety_word() != word_of(SafetyWord::but)) return {};
    return verdict.at("safety").at("text").get<std::string>();
}

std::string RunOutcome::late_text() const {
    return verdict.is_null() ? "" : missed_text(verdict);
}

}  // namespace netcut
