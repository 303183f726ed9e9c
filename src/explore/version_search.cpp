// SPDX-License-Identifier: Apache-2.0
#include "explore/version_search.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace netcut {
namespace {

// The two ends, and each halving of what is between them. A version that cannot be tested takes no decision.
double decisions(std::size_t versions) {
    return 2 + std::ceil(std::log2(std::max<double>(1, static_cast<double>(versions) - 1)));
}

}  // namespace

VersionSearch::VersionSearch(std::vector<std::string> versions, bool first_is_good,
                             VersionSearchOptions options)
    : first_is_good_(first_is_good), options_(options) {
    const double error = options.wrong / decisions(versions.size());
    for (std::string& name : versions)
        versions_.push_back(
            {.name = std::move(name), .test = SequentialTest(options.seldom, options.often, error)});
}

VersionWord VersionSearch::wanted(std::size_t end) const {
    return (end == 0) == first_is_good_ ? VersionWord::good : VersionWord::bad;
}

bool VersionSearch::ends_agree() const {
    return versions_.front().word == wanted(0) && versions_.back().word == wanted(versions_.size() - 1);
}

std::size_t VersionSearch::last_as_first() const {
    std::size_t last = 0;
    for (std::size_t i = 0; i < versions_.size(); ++i)
        if (versions_[i].word == wanted(0)) last = i;
    return last;
}

std::size_t VersionSearch::first_as_last() const {
    std::size_t first = versions_.size() - 1;
    while (first > last_as_first() + 1) {
        const auto found =
            std::find_if(versions_.begin() + static_cast<std::ptrdiff_t>(last_as_first()) + 1,
                         versions_.begin() + static_cast<std::ptrdiff_t>(first),
                         [&](const Version& one) { return one.word == wanted(versions_.size() - 1); });
        const auto place = static_cast<std::size_t>(found - versions_.begin());
        if (place == first) break;
        first = place;
    }
    return first;
}

std::optional<std::size_t> VersionSearch::next() const {
    for (const std::size_t end : {std::size_t{0}, versions_.size() - 1}) {
        if (versions_[end].word == VersionWord::untried) return end;
        if (versions_[end].word != wanted(end)) return {};
    }
    // The untried one that is nearest to the middle.
    const std::size_t from = last_as_first(), to = first_as_last();
    std::optional<std::size_t> best;
    const auto off = [&](std::size_t i) { return i > from + to - i ? 2 * i - from - to : from + to - 2 * i; };
    for (std::size_t i = from + 1; i < to; ++i)
        if (versions_[i].word == VersionWord::untried && (!best || off(i) < off(*best))) best = i;
    return best;
}

void VersionSearch::take(std::size_t version, bool failed) {
    Version& one = versions_[version];
    if (one.word != VersionWord::untried) return;
    one.test.take(failed);
    if (one.test.answer() == SequentialTest::Answer::fails_often) one.word = VersionWord::bad;
    if (one.test.answer() == SequentialTest::Answer::fails_seldom) one.word = VersionWord::good;
}

void VersionSearch::give_up(std::size_t version, std::string why) {
    versions_[version].word = VersionWord::untestable;
    versions_[version].why = std::move(why);
}

std::string VersionSearch::answer() const {
    for (const std::size_t end : {std::size_t{0}, versions_.size() - 1}) {
        const Version& one = versions_[end];
        if (one.word == VersionWord::untestable)
            return fmt::format("{} cannot be tested: {}", one.name, one.why);
        if (one.word == VersionWord::untried)
            return fmt::format("not known yet whether {} is {}", one.name, word_of(wanted(end)));
        if (one.word != wanted(end))
            return fmt::format("{} is not {}: {} of {} runs failed", one.name, word_of(wanted(end)),
                               one.test.failed(), one.test.runs());
    }
    const Version& before = versions_[last_as_first()];
    const Version& after = versions_[first_as_last()];
    std::string text = fmt::format("the outcome changed between {} ({}) and {} ({})", before.name,
                                   word_of(before.word), after.name, word_of(after.word));
    std::size_t untried = 0, untestable = 0;
    for (std::size_t i = last_as_first() + 1; i < first_as_last(); ++i)
        ++(versions_[i].word == VersionWord::untried ? untried : untestable);
    if (untried > 0) text += fmt::format("; {} between them not tried yet", untried);
    if (untestable > 0) text += fmt::format("; {} between them cannot be tested", untestable);
    return text;
}

}  // namespace netcut
