// SPDX-License-Identifier: Apache-2.0
#include "report/annotations.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/utf8.h"
#include "scenario/judgement.h"

namespace netcut {
namespace {

// More of one step are not shown: https://docs.github.com/rest/checks/runs, "annotations".
constexpr std::size_t most_annotations = 10;  // of each level
constexpr std::size_t most_annotation_text = 2000;

const char* command_of(Annotation::Level level) {
    return level == Annotation::Level::error ? "error" : "warning";
}

// In a property a colon and a comma would end it.
std::string command_text(const std::string& text, bool property) {
    std::string escaped;
    for (const char c : text) {
        const bool special = c == '%' || c == '\r' || c == '\n' || (property && (c == ':' || c == ','));
        escaped += special ? fmt::format("%{:02X}", static_cast<unsigned char>(c)) : std::string(1, c);
    }
    return escaped;
}

bool proves_nothing(const Json& verdict) {
    return verdict.at("verdict") == word_of(Judgement::recovered) && verdict.value("noticed", true) == false;
}

Annotation unmet(const Json& expected, const std::string& reason) {
    const std::string found = expected.at("found").get<std::string>();
    return {Annotation::Level::error, "not met: " + expected.at("what").get<std::string>(),
            found == reason ? found : fmt::format("{} ({})", found, reason)};
}

// What is worst in a cell decides; a cell without runs says nothing.
std::optional<Annotation::Level> level_of(const Json& cell) {
    std::optional<Annotation::Level> worst;
    for (const Json& repeat : cell.at("repeats")) {
        const std::string outcome = repeat.at("outcome").get<std::string>();
        const auto judged = parse_word<Judgement>(outcome);
        const bool survived =
            outcome == not_noticed || judged == Judgement::recovered || judged == Judgement::undisturbed;
        if (repeat.value("failed", !survived)) return Annotation::Level::error;
        if (outcome == not_noticed) worst = Annotation::Level::warning;
    }
    return worst;
}

// Those that are shown, errors first.
std::vector<Annotation> few(const std::vector<Annotation>& all) {
    std::vector<Annotation> shown;
    for (const auto level : {Annotation::Level::error, Annotation::Level::warning}) {
        std::vector<Annotation> ones;
        std::copy_if(all.begin(), all.end(), std::back_inserter(ones),
                     [level](const Annotation& one) { return one.level == level; });
        if (ones.size() > most_annotations) {
            const std::size_t left = ones.size() - most_annotations + 1;
            ones.resize(most_annotations - 1);
            ones.push_back({level, fmt::format("and {} more", left), "the summary has all of them"});
        }
        shown.insert(shown.end(), ones.begin(), ones.end());
    }
    return shown;
}

}  // namespace

std::string workflow_command(const Annotation& annotation) {
    const std::string text = printable_lines(annotation.text).substr(0, most_annotation_text);
    return fmt::format("::{} title={}::{}", command_of(annotation.level),
                       command_text("netcut-fl: " + printable(annotation.title), true),
                       command_text(as_utf8(text), false));
}

std::vector<Annotation> annotations_of_run(const Json& verdict) {
    std::vector<Annotation> all;
    const std::string word = verdict.at("verdict").get<std::string>();
    const std::string reason = verdict.at("reason").get<std::string>();
    for (const Json& one : verdict.value("expected", Json::array()))
        if (!one.at("met").get<bool>()) all.push_back(unmet(one, word + ": " + reason));
    if (all.empty() && verdict.at("exit_status") != 0)
        all.push_back({Annotation::Level::error, word, reason});
    if (proves_nothing(verdict))
        all.push_back({Annotation::Level::warning, "this run proves nothing",
                       reason + ". Let the fault last longer, or begin while data is exchanged"});
    return few(all);
}

std::vector<Annotation> annotations_of_table(const Json& table) {
    std::vector<Annotation> all;
    if (table.at("kind") != "experiments") return all;
    for (const Json& row : table.at("rows"))
        for (const Json& cell : row.at("cells"))
            if (const auto level = level_of(cell))
                all.push_back({*level,
                               fmt::format("{} {}", row.at("name").get<std::string>(),
                                           cell.at("column").get<std::string>()),
                               cell.at("text").get<std::string>()});
    return few(all);
}

Annotation annotation_of(const Error& error) {
    return {Annotation::Level::error, "no run", error.text()};
}

}  // namespace netcut
