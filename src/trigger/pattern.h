// SPDX-License-Identifier: Apache-2.0
//
// What is looked for in a line. Pure; a Pattern is immutable and may be shared by threads, a PatternInLine may be
// used by one at a time.
#pragma once

#include <cstddef>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/error.h"

namespace netcut {

// What a log line must look like:
//   round 2            the text occurs in the line
//   epoch * of 5       * stands for anything, also nothing (the old script's meaning)
//   lit:5 * 3          the text after lit: as it is, with its asterisk
//   re:loss=[0-9.]+    an RE2 regular expression that matches somewhere in the line
class Pattern {
  public:
    static Result<Pattern> parse(const std::string& text);

    const std::string& text() const { return text_; }
    // An RE2 expression that matches every text in which some line matches this pattern; none if it is not
    // known.
    std::optional<std::string> sieve() const;
    // Of a regular expression: how many groups it has, and the names of those that have one, (?P<name>...).
    std::size_t groups() const;
    std::vector<std::string> group_names() const;
    // What the named groups are in a whole line; those that take no part in the match are left out.
    std::map<std::string, std::string> named_in(std::string_view line) const;

    static constexpr std::size_t most_bytes = 16 * 1024;

  private:
    friend class PatternInLine;
    class Regex;
    std::string text_;
    std::vector<std::string> pieces_;  // to occur one after the other
    std::shared_ptr<const Regex> regex_;
};

// One pattern and one line, which comes piece by piece and of which only the end is kept, so that a line may
// be as long as it likes. `kept` in each call: that end, as far as the line has come; UTF-8.
class PatternInLine {
  public:
    explicit PatternInLine(Pattern pattern) : pattern_(std::move(pattern)) {}

    const Pattern& pattern() const { return pattern_; }
    bool is_certain(std::string_view kept);  // it matches, whatever may follow
    bool holds(std::string_view kept);       // it matches if the line ends here
    // Of a line that matches: what the first group of a regular expression is; none without a group.
    std::optional<std::string> first_group(std::string_view kept) const;

    // The first `bytes` of `kept` will be kept no longer. A match of a regular expression that begins in them is
    // found if it is over by the end of `kept`.
    void forget(std::string_view kept, std::size_t bytes);
    void begin_line() { line_ = {}; }

  private:
    struct Line {
        std::size_t pieces_found = 0;
        std::size_t from = 0;  // where the next piece may begin
        bool is_headless =
            false;  // its beginning is not kept: the first byte that is only tells what precedes
        bool found_before = false;         // in what is not kept
        std::optional<std::string> group;  // of that
    };
    std::size_t search_begin(std::string_view kept) const;
    bool find_pieces(std::string_view kept);

    Pattern pattern_;
    Line line_;
};

}  // namespace netcut
