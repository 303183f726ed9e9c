// SPDX-License-Identifier: Apache-2.0
//
// trigger: decides when. Pure: no system call, no clock; bytes go in, matches come out.
// Threads: objects may be used by one thread at a time; a Pattern is immutable and may be shared.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

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
    bool matches(std::string_view line) const;
    // Whether the line matches whatever else may follow: for a line that has not ended yet.
    bool matches_already(std::string_view beginning) const;
    // The first group of a regular expression that matches, else nothing.
    std::optional<std::string> first_group(std::string_view line) const;
    // An RE2 expression that matches every text in which some line matches this pattern; none if it is not
    // known.
    std::optional<std::string> sieve() const;

  private:
    class Regex;
    std::string text_;
    std::vector<std::string> pieces_;  // to occur one after the other
    std::shared_ptr<const Regex> regex_;
};

// Makes lines of a node's output, by these rules: a line ends at \n or \r, ANSI escape sequences
// are not part of it, a line longer than the bound is cut there, and each watcher sees a line as soon as it
// matches, without waiting for its end, and once.
class LineScanner {
  public:
    static constexpr std::size_t max_line = 64 * 1024;  // bytes

    struct Watcher {
        Pattern pattern;
        std::function<void(std::string_view line)> matched;
    };
    void watch(Watcher watcher);
    // Called for each line at its end; empty lines are left out.
    void on_line(std::function<void(std::string_view line)> each) { line_ended_.push_back(std::move(each)); }

    void feed(std::string_view bytes);
    void finish();  // the stream has ended, and with it the last line

  private:
    void end_line();
    std::size_t pass_by(std::string_view bytes);
    void look(bool ended);
    void take_text(std::string_view text);
    std::size_t skip_escape(std::string_view bytes);

    class Sieve;
    enum class Escape { none, begun, csi, osc, osc_end, charset };
    std::vector<Watcher> watchers_;
    std::vector<bool> seen_;              // by which watchers, of the line at hand
    std::shared_ptr<const Sieve> sieve_;  // of all patterns; none: some have none
    std::vector<std::function<void(std::string_view)>> line_ended_;
    std::string line_;
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

}  // namespace netcut
