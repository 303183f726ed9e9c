// SPDX-License-Identifier: Apache-2.0
#include "library/record.h"

#include <cmath>

#include "base/json.h"
#include "library/journal_tail.h"
#include "scenario/judgement.h"

namespace netcut::v1 {
namespace {

constexpr std::size_t longest_verdict = std::size_t{64} << 20;  // bytes

// Nodes can reach the folder of a run, so that anything may stand in its files.
Json parsed(std::string_view text) {
    if (depth_of_json(text) > deepest_json) return nullptr;
    return Json::parse(text, nullptr, false);
}

template <typename T>
T member(const Json& object, std::string_view key, T otherwise) {
    const auto found = object.is_object() ? object.find(key) : object.end();
    if (found == object.end()) return otherwise;
    if constexpr (std::is_same_v<T, std::string>) {
        if (found->is_string()) return found->template get<T>();
    } else if constexpr (std::is_same_v<T, bool>) {
        if (found->is_boolean()) return found->template get<T>();
    } else {
        if (found->is_number()) return found->template get<T>();
    }
    return otherwise;
}

std::string text_in(const Json& object, std::string_view key) {
    return member(object, key, std::string());
}

const Json& list_in(const Json& object, std::string_view key) {
    static const Json none = Json::array();
    const auto found = object.is_object() ? object.find(key) : object.end();
    return found != object.end() && found->is_array() ? *found : none;
}

// Of seconds; none if it is no number, or if no run lasts as long.
std::optional<std::chrono::nanoseconds> time_in(const Json& object, std::string_view key) {
    const double seconds = member(object, key, std::nan(""));
    if (!(std::abs(seconds) < 1e9)) return {};
    return std::chrono::round<std::chrono::nanoseconds>(std::chrono::duration<double>(seconds));
}

Verdict::Word word_of_text(const std::string& text) {
    switch (netcut::parse_word<Judgement>(text).value_or(Judgement::error)) {
        case Judgement::recovered:
            return Verdict::Word::recovered;
        case Judgement::crashed:
            return Verdict::Word::crashed;
        case Judgement::hung:
            return Verdict::Word::hung;
        case Judgement::left:
            return Verdict::Word::left;
        case Judgement::undisturbed:
            return Verdict::Word::undisturbed;
        case Judgement::not_triggered:
            return Verdict::Word::not_triggered;
        case Judgement::error:
            break;
    }
    return Verdict::Word::error;
}

Judgement judgement_of(Verdict::Word word) {
    switch (word) {
        case Verdict::Word::recovered:
            return Judgement::recovered;
        case Verdict::Word::crashed:
            return Judgement::crashed;
        case Verdict::Word::hung:
            return Judgement::hung;
        case Verdict::Word::left:
            return Judgement::left;
        case Verdict::Word::undisturbed:
            return Judgement::undisturbed;
        case Verdict::Word::not_triggered:
            return Judgement::not_triggered;
        case Verdict::Word::error:
            break;
    }
    return Judgement::error;
}

}  // namespace

std::optional<std::string> Event::detail(std::string_view key) const {
    const Json all = parsed(json);
    const auto details = all.is_object() ? all.find("details") : all.end();
    if (details == all.end() || !details->is_object()) return {};
    const auto found = details->find(key);
    if (found == details->end()) return {};
    return found->is_string() ? found->get<std::string>()
                              : found->dump(-1, ' ', false, Json::error_handler_t::replace);
}

std::optional<Event> event_of(std::string_view line) {
    const Json json = parsed(line);
    Event event;
    event.name = text_in(json, "event");
    if (event.name.empty()) return {};
    event.time = std::chrono::nanoseconds(member(json, "t_ns", std::int64_t{0}));
    event.node = text_in(json, "node");
    event.fault = text_in(json, "fault");
    event.json = line;
    return event;
}

std::optional<Verdict> read_verdict(const std::string& folder) {
    const auto text = read_file_of_run(folder + "/verdict.json", longest_verdict);
    if (!text) return {};
    const Json json = parsed(*text);
    if (!json.is_object() || !json.contains("verdict")) return {};
    Verdict verdict;
    verdict.word = word_of_text(text_in(json, "verdict"));
    verdict.reason = text_in(json, "reason");
    if (json.contains("passed")) verdict.passed = member(json, "passed", false);
    verdict.exit_status = member(json, "exit_status", verdict.exit_status);
    verdict.packets_lost = member(json, "packets_lost", std::uint64_t{0});
    verdict.time_to_recover = time_in(json, "time_to_recover_s");
    for (const Json& node : list_in(json, "nodes"))
        verdict.nodes.push_back(
            {text_in(node, "node"), text_in(node, "ended"), member(node, "finished", false)});
    for (const Json& fault : list_in(json, "faults"))
        verdict.firings.push_back({text_in(fault, "fault"), text_in(fault, "kind"),
                                   time_in(fault, "fired_s").value_or(std::chrono::nanoseconds(0)),
                                   time_in(fault, "healed_s")});
    verdict.json = *text;
    return verdict;
}

const char* to_string(Verdict::Word word) noexcept {
    return netcut::word_of(judgement_of(word));
}

Record read_record(const std::string& folder) {
    JournalTail journal(folder);
    if (!journal.is_there())
        throw Error(Error::Kind::usage, "cannot read " + folder + ": there is no journal.jsonl in it");
    Record record;
    while (auto event = journal.next()) record.events.push_back(std::move(*event));
    record.verdict = read_verdict(folder);
    return record;
}

}  // namespace netcut::v1
