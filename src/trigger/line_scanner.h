// SPDX-License-Identifier: Apache-2.0
//
// Lines from bytes, and matches from lines. Pure: no system call, no clock. Threads: one at a time.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "trigger/pattern.h"

namespace netcut {

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

}  // namespace netcut
