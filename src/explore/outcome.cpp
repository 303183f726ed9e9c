// SPDX-License-Identifier: Apache-2.0
#include "explore/outcome.h"

#include <fmt/format.h>

#include "record/proof.h"

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

std::string RunOutcome::word() const {
    if (verdict.is_null()) return "error";
    const std::string word = verdict.at("verdict").get<std::string>();
    return word == "recovered" && !verdict.at("noticed").get<bool>() ? "not noticed" : word;
}

bool RunOutcome::survived() const {
    const std::string result = word();
    return result == "recovered" || result == "undisturbed";
}

bool RunOutcome::unnoticed() const {
    return word() == "not noticed";
}

bool RunOutcome::fatal() const {
    const std::string result = word();
    return result == "crashed" || result == "hung" || result == "left";
}

bool RunOutcome::judged() const {
    return word() != "error";
}

std::string RunOutcome::hang_waited_for() const {
    const auto hang = verdict.is_object() ? verdict.find("hang") : verdict.end();
    if (word() != "hung" || hang == verdict.end() || !hang->is_object()) return {};
    if (hang->value("proof", "") != word_of(Proof::waited)) return {};
    return hang->value("state", "");
}

std::optional<double> RunOutcome::seconds_to_recover() const {
    if (verdict.is_null() || verdict.at("time_to_recover_s").is_null()) return {};
    return verdict.at("time_to_recover_s").get<double>();
}

std::string RunOutcome::detail() const {
    const std::string result = word();
    if (verdict.is_null()) return message;
    if (result == "error") return verdict.at("reason").get<std::string>();
    std::string text;
    if (const auto seconds = seconds_to_recover(); seconds && result == "recovered")
        text = fmt::format("+{:.1f} s", *seconds);
    if (result == "crashed") text = crash_of(verdict);
    if (result == "hung" || result == "left") text = names_of_unfinished(verdict.at("nodes"));
    for (const std::string& more : {late_text(), safety_text()})
        if (!more.empty()) text += (text.empty() ? "" : "; ") + more;
    return text;
}

std::string RunOutcome::safety_text() const {
    if (verdict.is_null() || !survived() || !verdict.contains("safety")) return {};
    const Json& safety = verdict.at("safety");
    return safety.at("word") == "but" ? safety.at("text").get<std::string>() : "";
}

std::string RunOutcome::late_text() const {
    return verdict.is_null() ? "" : missed_text(verdict);
}

}  // namespace netcut
