// SPDX-License-Identifier: Apache-2.0
//
// Between which two versions an outcome changed: which version to try next, and what came of each. Pure.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "base/words.h"
#include "statistics/sequential.h"

namespace netcut {

// What is known of a version.
enum class VersionWord { untried, good, bad, untestable };
inline constexpr std::array<EnumWord<VersionWord>, 4> version_words = {{
    {VersionWord::untried, "untried"},
    {VersionWord::good, "good"},              // it fails seldom
    {VersionWord::bad, "bad"},                // it fails often
    {VersionWord::untestable, "untestable"},  // it could not be prepared, or its runs say nothing
}};
constexpr const auto& words_of(VersionWord) {
    return version_words;
}

// When a version is called good or bad, and how sure the whole answer is.
struct VersionSearchOptions {
    double seldom = 0.1,
           often = 0.75;  // shares of runs that fail, of good versions at most and of bad ones at least
    double wrong = 0.01;  // the probability that the answer is wrong, at most
};

// The versions in their order, of which the first is one of good and bad and the last is the other. It asks for the two ends
// first, and then halves what is between them.
class VersionSearch {
  public:
    VersionSearch(std::vector<std::string> versions, bool first_is_good, VersionSearchOptions options);

    struct Version {
        std::string name;
        VersionWord word = VersionWord::untried;
        std::string why{};  // it is untestable
        SequentialTest test;
    };
    const std::vector<Version>& versions() const { return versions_; }
    // Which to try next, by its place; none when nothing is left to try.
    std::optional<std::size_t> next() const;
    // A run of a version failed or not. Its word follows when the runs are enough.
    void take(std::size_t version, bool failed);
    void give_up(std::size_t version, std::string why);

    // The two ends turned out to be what they were said to be.
    bool ends_agree() const;
    // The last version that is as the first one, and the first that is as the last one; those between them are untestable.
    std::size_t last_as_first() const;
    std::size_t first_as_last() const;
    // One sentence for people.
    std::string answer() const;

  private:
    VersionWord wanted(std::size_t end) const;

    std::vector<Version> versions_;
    bool first_is_good_;
    VersionSearchOptions options_;
};

}  // namespace netcut
