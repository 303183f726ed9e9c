// SPDX-License-Identifier: Apache-2.0
#include "explore/cut_kind.h"

#include <fmt/format.h>

#include <vector>

#include "scenario/yaml.h"

namespace netcut {
namespace {

// The options of a cut, as keys of a fault.
const std::map<std::string, std::string>& options_of_a_cut() {
    static const std::map<std::string, std::string> options = {
        {"new-ip", "address: new"}, {"new-mac", "mac: new"}, {"no-announce", "announce: false"}};
    return options;
}

std::vector<std::string> words_between_commas(const std::string& text) {
    std::vector<std::string> words;
    for (std::size_t begin = 0; begin <= text.size();) {
        const std::size_t comma = std::min(text.find(',', begin), text.size());
        words.push_back(text.substr(begin, comma - begin));
        begin = comma + 1;
    }
    return words;
}

Result<std::string> key_of(const std::string& word) {
    if (const auto option = options_of_a_cut().find(word); option != options_of_a_cut().end())
        return option->second;
    const std::size_t equals = word.find('=');
    if (equals != std::string::npos && equals > 0 && word.find_first_of("{}[]:#\"'\n") == std::string::npos)
        return fmt::format("{}: {}", word.substr(0, equals), word.substr(equals + 1));
    return usage_failure("read '" + word + "' of a kind of cut",
                         "it is neither an option of a cut nor KEY=VALUE",
                         "write it like unplug(new-mac,no-announce) or drop(direction=up)");
}

}  // namespace

Result<CutKind> CutKind::parse(const std::string& text) {
    const std::size_t open = text.find('(');
    NETCUT_ASSIGN(const FaultKind* kind, parse_kind(text.substr(0, open)));
    CutKind cut(kind);
    if (open == std::string::npos) return cut;
    if (!text.ends_with(')'))
        return usage_failure("read the kind of cut '" + text + "'", "its parenthesis is not closed",
                             "write it like unplug(new-mac,no-announce)");
    cut.name = text;
    cut.keys = fmt::format("{{kind: {}", kind->name);
    for (const std::string& word : words_between_commas(text.substr(open + 1, text.size() - open - 2))) {
        NETCUT_ASSIGN(const std::string key, key_of(word));
        cut.keys += ", " + key;
    }
    cut.keys += "}";
    FaultSpec tried;
    NETCUT_TRY(cut.apply(tried));
    return cut;
}

Result<void> CutKind::apply(FaultSpec& fault) const {
    fault.kind = kind;
    return keys.empty() ? Result<void>() : read_fault_yaml(fault, keys, "the kind " + name);
}

}  // namespace netcut
