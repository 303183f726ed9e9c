// SPDX-License-Identifier: Apache-2.0
#include "trigger/line_scanner.h"

#include <re2/re2.h>

#include <algorithm>

#include "base/utf8.h"

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
// ECMA-48, 8.3: OSC, DCS, SOS, PM and APC, each of which a string follows.
bool begins_string(char c) {
    return c == ']' || c == 'P' || c == 'X' || c == '^' || c == '_';
}
// ECMA-35, 6.3.2: what comes between ESC and its last byte.
bool is_intermediate(char c) {
    return c >= ' ' && c <= '/';
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
    add({PatternInLine(std::move(watcher.pattern)), watcher.as_it_grows ? When::as_it_grows : When::once,
         [matched = std::move(watcher.matched)](std::string_view line, const auto&) { matched(line); }});
}

void LineScanner::watch_whole(WholeWatcher watcher) {
    add({PatternInLine(std::move(watcher.pattern)), When::whole, std::move(watcher.matched)});
}

void LineScanner::add(Watched watched) {
    watched_.push_back(std::move(watched));
    sieve_is_built_ = false;
}

// Once for all: there may be thousands.
void LineScanner::build_sieve() {
    sieve_is_built_ = true;
    sieve_ = nullptr;
    std::string all;
    for (const Watched& one : watched_) {
        const auto expression = one.in_line.pattern().sieve();
        if (!expression) return;
        all += (all.empty() ? "" : "|") + *expression;
    }
    if (!all.empty()) sieve_ = std::make_shared<const Sieve>(all);
}

// At the beginning of a line. Returns how many bytes are whole lines, of a plain kind, that match nothing.
std::size_t LineScanner::pass_by(std::string_view bytes) {
    const std::size_t end = bytes.rfind('\n') + 1;  // 0 if there is none
    const std::string_view lines = bytes.substr(0, end);
    const bool plain = lines.find('\r') == std::string_view::npos &&
                       lines.find(escape_byte) == std::string_view::npos && is_utf8(lines);
    if (lines.empty() || !plain || !sieve_ || sieve_->holds_back(lines)) return 0;
    for (std::size_t begin = 0; !line_ended_.empty() && begin < end;) {
        const std::size_t next = lines.find('\n', begin);
        for (const auto& each : line_ended_)
            if (next > begin) each(lines.substr(begin, next - begin));
        begin = next + 1;
    }
    begin_line(false);
    return end;
}

void LineScanner::feed(std::string_view bytes) {
    if (!sieve_is_built_) build_sieve();
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
            end_line(*special == '\r');
        bytes.remove_prefix(static_cast<std::size_t>(special - bytes.begin()) + 1);
        if (escape_ == Escape::none && !passed_by) {
            bytes.remove_prefix(pass_by(bytes));
            passed_by = true;
        }
    }
    look(false);
}

void LineScanner::finish() {
    end_line(false);
}

void LineScanner::take_text(std::string_view bytes) {
    if (begun_.empty() && is_utf8(bytes))
        append(bytes);
    else
        append(as_utf8(bytes, begun_));
}

// What is forgotten does not depend on the pieces in which the text comes.
void LineScanner::append(std::string_view text) {
    while (line_.size() + text.size() > most_kept) {
        const std::size_t room = most_kept - line_.size();
        line_.append(text.substr(0, room));
        text.remove_prefix(room);
        forget_half();
    }
    line_.append(text);
}

void LineScanner::forget_half() {
    look(false);
    for (Watched& one : watched_) one.in_line.forget(line_, most_kept / 2);
    line_.erase(0, most_kept / 2);
    looked_at_ = line_.size();
    is_headless_ = dirty_ = true;
}

// Skips what belongs to an escape sequence; returns how many bytes did.
std::size_t LineScanner::skip_escape(std::string_view bytes) {
    const char c = bytes.front();
    switch (escape_) {
        case Escape::begun:
            escape_ = c == '['             ? Escape::csi
                      : begins_string(c)   ? Escape::string
                      : is_intermediate(c) ? Escape::intermediate
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
        case Escape::string:
            if (c == bell || c == '\n') escape_ = Escape::none;
            if (c == escape_byte) escape_ = Escape::string_end;
            return c == '\n' ? 0 : 1;
        case Escape::string_end:
            escape_ = c == '\\' ? Escape::none : c == escape_byte ? Escape::string_end : Escape::string;
            return c == '\n' ? 0 : 1;
        case Escape::intermediate:
            if (!is_intermediate(c)) escape_ = Escape::none;
            return is_special(c) ? 0 : 1;
        case Escape::none:
            return 0;
    }
    return 1;
}

void LineScanner::look(bool ended) {
    if (line_.empty() || (!ended && line_.size() == looked_at_)) return;
    looked_at_ = line_.size();
    if (!is_headless_ && sieve_ && !sieve_->holds_back(line_)) return;
    dirty_ = true;
    for (Watched& one : watched_) {
        if (!is_told_now(one, ended)) continue;
        one.seen = true;
        one.matched(line_, one.when == When::whole ? one.in_line.first_group(line_) : std::nullopt);
    }
}

bool LineScanner::is_told_now(Watched& watched, bool ended) const {
    if (watched.when == When::whole) return ended && watched.in_line.holds(line_);
    if (watched.seen) return watched.when == When::as_it_grows;
    return ended ? watched.in_line.holds(line_) : watched.in_line.is_certain(line_);
}

void LineScanner::end_line(bool redrawn) {
    append(as_utf8(std::exchange(begun_, {})));
    look(true);
    if (!line_.empty())
        for (const auto& each : line_ended_) each(line_);
    begin_line(redrawn);
}

void LineScanner::begin_line(bool redrawn) {
    line_.clear();
    looked_at_ = 0;
    is_headless_ = false;
    if (!dirty_) return;
    for (Watched& one : watched_) {
        one.in_line.begin_line();
        if (!redrawn || one.when != When::once) one.seen = false;
    }
    dirty_ = redrawn;
}

}  // namespace netcut
