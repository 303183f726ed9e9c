// SPDX-License-Identifier: Apache-2.0
//
// trigger: decides when. Pure: no system call, no clock; bytes go in, matches come out.
// Threads: objects may be used by one thread at a time; a Pattern is immutable and may be shared.
#pragma once

#include <array>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/words.h"
#include "netcut/base.h"

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

// Makes lines of a node's output, and finds what is watched for in them. The same bytes give the same matches
// however they are cut into pieces, by these rules:
// - A line ends at \n. A \r that no \n follows redraws the line.
// - Escape sequences (ECMA-48) are not part of a line. Each byte that is no UTF-8 is U+FFFD in it.
// - A line has no bound, but a match of a regular expression is found only if it is shorter than 32 KiB; of a
//   line that is longer than 64 KiB, a watcher is shown the end.
class LineScanner {
  public:
    static constexpr std::size_t most_kept = 64 * 1024;  // bytes of a line

    // Sees a line as soon as it is certain to match, as far as it has come by then: once, also when it is redrawn.
    struct Watcher {
        Pattern pattern;
        std::function<void(std::string_view line)> matched;
        bool as_it_grows = false;  // also each further piece of the line, and each time that it is redrawn
    };
    void watch(Watcher watcher);
    // Sees a line that matches at its end, and when it is redrawn, with the first group of a regular expression.
    struct WholeWatcher {
        Pattern pattern;
        std::function<void(std::string_view line, const std::optional<std::string>& group)> matched;
    };
    void watch_whole(WholeWatcher watcher);
    // Called for each line at its end, and when it is redrawn; empty lines are left out.
    void on_line(std::function<void(std::string_view line)> each) { line_ended_.push_back(std::move(each)); }

    void feed(std::string_view bytes);
    void finish();  // the stream has ended, and with it the last line

  private:
    enum class When { once, as_it_grows, whole };
    struct Watched {
        PatternInLine in_line;
        When when;
        std::function<void(std::string_view, const std::optional<std::string>&)> matched;
        bool seen = false;  // it has matched the line at hand
    };
    class Sieve;
    enum class Escape { none, begun, csi, string, string_end, intermediate };

    void add(Watched watched);
    void build_sieve();
    std::size_t pass_by(std::string_view bytes);
    void take_text(std::string_view bytes);
    void append(std::string_view text);
    void forget_half();
    void look(bool ended);
    bool is_told_now(Watched& watched, bool ended) const;
    void end_line(bool redrawn);
    void begin_line(bool redrawn);
    std::size_t skip_escape(std::string_view bytes);

    std::vector<Watched> watched_;
    bool dirty_ = false;                  // some of them have a line's state
    std::shared_ptr<const Sieve> sieve_;  // of all patterns; none: some have none
    bool sieve_is_built_ = true;
    std::vector<std::function<void(std::string_view)>> line_ended_;
    std::string line_;           // what is kept of it
    std::size_t looked_at_ = 0;  // bytes of that
    bool is_headless_ = false;   // more of it was there
    std::string begun_;          // the bytes of a character that is not whole yet
    Escape escape_ = Escape::none;
};

// Which of a pattern's matches fire: from the n-th on, at most `times`, and not while the fault is active.
class MatchCounter {
  public:
    MatchCounter(unsigned nth, std::optional<unsigned> times) : nth_(nth), times_(times) {}

    enum class Verdict { too_early, fire, busy, spent };
    Verdict match(bool fault_is_active);
    unsigned matches() const { return matches_; }
    unsigned fired() const { return fired_; }
    bool spent() const { return times_ && fired_ >= *times_; }

  private:
    unsigned nth_;
    std::optional<unsigned> times_;
    unsigned matches_ = 0;
    unsigned fired_ = 0;
};
inline constexpr std::array<EnumWord<MatchCounter::Verdict>, 3> match_words = {{
    {MatchCounter::Verdict::too_early, "counted"},
    {MatchCounter::Verdict::fire, "fires"},
    {MatchCounter::Verdict::busy, "ignored: the fault is active"},
}};
constexpr const auto& words_of(MatchCounter::Verdict) {
    return match_words;
}

}  // namespace netcut
