// SPDX-License-Identifier: Apache-2.0
#include "digest/near_miss.h"

#include <fmt/format.h>

#include <algorithm>
#include <sstream>

#include "base/utf8.h"

namespace netcut {
namespace {

constexpr std::size_t most_shown = 160;  // bytes of a line
constexpr std::size_t shortest_word = 3;

bool is_digit(char c) {
    return c >= '0' && c <= '9';
}

std::string unchanged(std::string_view text) {
    return std::string(text);
}

std::string without_case(std::string_view text) {
    std::string result(text);
    for (char& c : result)
        if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    return result;
}

std::string without_numbers(std::string_view text) {
    std::string result;
    for (const char c : text)
        if (!is_digit(c))
            result += c;
        else if (!result.ends_with('0'))
            result += '0';
    return result;
}

std::string without_spaces(std::string_view text) {
    std::string result;
    for (const char c : text)
        if (c != ' ' && c != '\t') result += c;
    return result;
}

bool matches(PatternInLine& pattern, std::string_view line) {
    pattern.begin_line();
    return pattern.holds(line);
}

std::vector<std::string> words_of(std::string text) {
    for (char& c : text)
        if (std::string_view("*:,.()[]{}\"'|+?\\^$").find(c) != std::string_view::npos) c = ' ';
    std::istringstream stream(without_case(text));
    std::vector<std::string> words;
    for (std::string word; stream >> word;)
        if (word.size() >= shortest_word) words.push_back(word);
    return words;
}

std::string times_text(std::size_t count) {
    return count == 1 ? "once" : count == 2 ? "twice" : fmt::format("{} times", count);
}

}  // namespace

NearMiss::NearMiss(const Pattern& pattern, std::string node, unsigned nth)
    : node_(std::move(node)), nth_(nth), exact_(pattern), words_(words_of(pattern.text())) {
    add_variants(pattern.text());
}

void NearMiss::add_variant(const std::string& pattern, std::string (*reduced)(std::string_view),
                           const char* hint) {
    if (auto parsed = Pattern::parse(pattern)) variants_.push_back({PatternInLine(*parsed), reduced, hint});
}

void NearMiss::add_variants(const std::string& text) {
    if (text.starts_with("re:"))
        return add_variant("re:(?i)" + text.substr(3), unchanged,
                           "A line differs in upper and lower case only: \"{}\".");
    if (text.find_first_of(".[\\+?|(") != std::string::npos)
        add_variant("re:" + text, unchanged,
                    "As a regular expression it matches \"{}\": write re: before the pattern.");
    add_variant(without_case(text), without_case, "A line differs in upper and lower case only: \"{}\".");
    add_variant(without_spaces(text), without_spaces, "A line differs in spaces only: \"{}\".");
    if (std::any_of(text.begin(), text.end(), is_digit))
        add_variant(without_numbers(text), without_numbers,
                    "A line differs in numbers only; the last one is \"{}\".");
}

void NearMiss::take(const std::string& node, std::string_view line) {
    if (node != node_) return take_of_other(node, line);
    ++lines_;
    if (matches(exact_, line)) ++matches_;
    for (Variant& variant : variants_)
        if (matches(variant.pattern, variant.reduced(line))) variant.nearest = line;
    if (!before_.empty() && wrapped_.empty() && matches(exact_, before_ + std::string(line)))
        wrapped_ = before_;
    before_ = line;
    look_for_words(line);
}

void NearMiss::take_of_other(const std::string& node, std::string_view line) {
    if (matches(exact_, line)) ++elsewhere_[node];
    if (!nearly_by_.empty()) return;
    const bool nearly = std::any_of(variants_.begin(), variants_.end(), [&](Variant& variant) {
        return matches(variant.pattern, variant.reduced(line));
    });
    if (!nearly) return;
    nearly_by_ = node;
    nearly_ = line;
}

void NearMiss::look_for_words(std::string_view line) {
    const std::string reduced = without_case(line);
    std::size_t found = 0;
    for (const std::string& word : words_)
        if (reduced.find(word) != std::string::npos) ++found;
    if (found < most_words_ || found == 0) return;
    most_words_ = found;
    most_alike_ = line;
}

std::vector<std::string> NearMiss::hints() const {
    std::vector<std::string> hints;
    if (matches_ > 0)
        hints.push_back(
            fmt::format("It matched {}, and match {} was waited for.", times_text(matches_), nth_));
    for (const auto& [node, count] : elsewhere_) {
        if (hints.size() >= 3) break;
        hints.push_back(fmt::format("{} printed it {}: watch that node (--watch {}, or node: {}).", node,
                                    times_text(count), node, node));
    }
    if (matches_ > 0) return hints;
    for (const Variant& variant : variants_)
        if (!variant.nearest.empty())
            hints.push_back(fmt::format(fmt::runtime(variant.hint), printable(variant.nearest, most_shown)));
    if (!wrapped_.empty())
        hints.push_back(fmt::format("It matches two lines put together, so the line may be wrapped: \"{}\".",
                                    printable(wrapped_, most_shown)));
    if (hints.empty() && !nearly_by_.empty())
        hints.push_back(fmt::format(
            "{0} printed what is nearly that: \"{1}\". Watch that node (--watch {0}, or node: {0}), and "
            "write it as it is there.",
            nearly_by_, printable(nearly_, most_shown)));
    if (hints.empty() && 2 * most_words_ >= words_.size() && most_words_ > 0)
        hints.push_back(fmt::format("The line most like it: \"{}\".", printable(most_alike_, most_shown)));
    return hints;
}

}  // namespace netcut
