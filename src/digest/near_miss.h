// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "trigger/pattern.h"

namespace netcut {

// Why a pattern matched no line of a node: looks for lines that nearly match, and for other nodes that printed it.
// Pure.
class NearMiss {
  public:
    // `nth`: the match that was waited for, from 1.
    NearMiss(const Pattern& pattern, std::string node, unsigned nth);

    // The lines of one node come in their order.
    void take(const std::string& node, std::string_view line);

    std::size_t lines() const { return lines_; }  // of the node that was watched
    // Sentences, the most helpful first; none if no line is like it.
    std::vector<std::string> hints() const;

  private:
    // The pattern as if one thing about it did not matter.
    struct Variant {
        PatternInLine pattern;
        std::string (*reduced)(std::string_view text);  // what is done to a line before it is compared
        const char* hint;                               // "{}" is the line
        std::string nearest{};                          // the last line that matched
    };
    void add_variant(const std::string& pattern, std::string (*reduced)(std::string_view), const char* hint);
    void add_variants(const std::string& text);
    void take_of_other(const std::string& node, std::string_view line);
    void look_for_words(std::string_view line);

    std::string node_;
    unsigned nth_;
    PatternInLine exact_;
    std::vector<Variant> variants_;
    std::size_t lines_ = 0, matches_ = 0;
    std::map<std::string, std::size_t> elsewhere_;  // matches by other nodes
    std::string nearly_by_, nearly_;                // another node, and its line that a variant matches
    std::string before_;                            // the line before
    std::string wrapped_;                           // two lines that match as one
    std::vector<std::string> words_;
    std::size_t most_words_ = 0;  // of the pattern, in one line
    std::string most_alike_;
};

}  // namespace netcut
