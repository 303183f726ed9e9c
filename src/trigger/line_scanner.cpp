// SPDX-License-Identifier: Apache-2.0
#include <re2/re2.h>

#include <algorithm>

#include "netcut/trigger.h"

namespace netcut {
namespace {

constexpr char escape_byte = '\x1b';
constexpr char bell = '\x07';

bool is_special(char c) {
    return c == '\n' || c == '\r' || c == escape_byte;
}
// ECMA-48, 5.4: a control sequence ends with a byte from @ to ~.
bool ends_csi(char c) {
    return c >= '@' && c <= '~';
}

}  // namespace

// One look at many lines: most of what nodes print matches nothing.
class LineScanner::Sieve {
  public:
    explicit Sieve(const std::string& expression) : re_(expression, RE2::Quiet) {}
    bool holds_back(std::string_view text) const {
        return !re_.ok() || RE2::PartialMatch(re2::StringPiece(text.data(), text.size()), re_);
    }

  private:
    RE2 re_;
};

void LineScanner::watch(Watcher watcher) {
    watchers_.push_back(std::move(watcher));
    seen_.push_back(false);
    sieve_ = nullptr;
    std::string all;
    for (const Watcher& one : watchers_) {
        const auto expression = one.pattern.sieve();
        if (!expression) return;
        all += (all.empty() ? "" : "|") + *expression;
    }
    sieve_ = std::make_shared<const Sieve>(all);
}

// At the beginning of a line. Returns how many bytes are whole lines, of a plain kind, that match nothing.
std::size_t LineScanner::pass_by(std::string_view bytes) {
    const std::size_t end = bytes.rfind('\n') + 1;  // 0 if there is none
    const std::string_view lines = bytes.substr(0, end);
    const bool plain = lines.find('\r') == std::string_view::npos &&
                       lines.find(escape_byte) == std::string_view::npos && lines.size() <= max_line;
    if (lines.empty() || !plain || !sieve_ || sieve_->holds_back(lines)) return 0;
    for (std::size_t begin = 0; !line_ended_.empty() && begin < end;) {
        const std::size_t next = lines.find('\n', begin);
        for (const auto& each : line_ended_)
            if (next > begin) each(lines.substr(begin, next - begin));
        begin = next + 1;
    }
    return end;
}

void LineScanner::feed(std::string_view bytes) {
    bool passed_by = false;
    while (!bytes.empty()) {
        if (escape_ != Escape::none) {
            bytes.remove_prefix(skip_escape(bytes));
            continue;
        }
        const auto* special = std::find_if(bytes.begin(), bytes.end(), is_special);
        take_text(bytes.substr(0, static_cast<std::size_t>(special - bytes.begin())));
        if (special == bytes.end()) break;
        if (*special == escape_byte)
            escape_ = Escape::begun;
        else
            end_line();
        bytes.remove_prefix(static_cast<std::size_t>(special - bytes.begin()) + 1);
        if (escape_ == Escape::none && !passed_by) {
            bytes.remove_prefix(pass_by(bytes));
            passed_by = true;
        }
    }
    look(false);
}

void LineScanner::finish() {
    end_line();
}

void LineScanner::take_text(std::string_view text) {
    while (line_.size() + text.size() > max_line) {
        const std::size_t room = max_line - line_.size();
        line_.append(text.substr(0, room));
        text.remove_prefix(room);
        end_line();
    }
    line_.append(text);
}

// Skips what belongs to an escape sequence; returns how many bytes did.
std::size_t LineScanner::skip_escape(std::string_view bytes) {
    const char c = bytes.front();
    switch (escape_) {
        case Escape::begun:
            escape_ = c == '['   ? Escape::csi
                      : c == ']' ? Escape::osc
                      : c == '(' ? Escape::charset
                                 : Escape::none;
            // Not a sequence after all when a line ends here: the byte is looked at again.
            return is_special(c) ? 0 : 1;
        case Escape::csi:
            if (is_special(c)) {
                escape_ = Escape::none;
                return 0;
            }
            if (ends_csi(c)) escape_ = Escape::none;
            return 1;
        case Escape::osc:
            if (c == bell || c == '\n') escape_ = Escape::none;
            if (c == escape_byte) escape_ = Escape::osc_end;
            return c == '\n' ? 0 : 1;
        case Escape::osc_end:
            escape_ = c == '\\' ? Escape::none : Escape::osc;
            return 1;
        case Escape::charset:
        case Escape::none:
            escape_ = Escape::none;
            return is_special(c) ? 0 : 1;
    }
    return 1;
}

void LineScanner::look(bool ended) {
    if (line_.empty()) return;
    for (std::size_t i = 0; i < watchers_.size(); ++i) {
        if (seen_[i]) continue;
        const Pattern& pattern = watchers_[i].pattern;
        if (!(ended ? pattern.matches(line_) : pattern.matches_already(line_))) continue;
        seen_[i] = true;
        watchers_[i].matched(line_);
    }
}

void LineScanner::end_line() {
    if (line_.empty()) return;
    look(true);
    for (const auto& each : line_ended_) each(line_);
    line_.clear();
    std::fill(seen_.begin(), seen_.end(), false);
}

MatchCounter::Verdict MatchCounter::match(bool fault_is_active) {
    ++matches_;
    if (spent()) return Verdict::spent;
    if (matches_ < nth_) return Verdict::too_early;
    if (fault_is_active) return Verdict::busy;
    ++fired_;
    return Verdict::fire;
}

}  // namespace netcut
