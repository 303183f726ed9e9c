// SPDX-License-Identifier: Apache-2.0
#include <re2/re2.h>

#include <array>

#include "netcut/trigger.h"

namespace netcut {
namespace {

constexpr std::string_view regex_prefix = "re:";
constexpr std::string_view literal_prefix = "lit:";

// What might follow a line's beginning: a letter and a byte that is none, so that $, \b and \B are decided
// only when the text before them is enough.
constexpr std::array<char, 2> possible_followers = {'a', '\x01'};

std::vector<std::string> split_at_asterisks(std::string_view text) {
    std::vector<std::string> pieces;
    for (std::size_t begin = 0; begin <= text.size();) {
        const std::size_t end = std::min(text.find('*', begin), text.size());
        if (end > begin) pieces.emplace_back(text.substr(begin, end - begin));
        begin = end + 1;
    }
    return pieces;
}

}  // namespace

class Pattern::Regex {
  public:
    explicit Regex(const std::string& text) : re_(text, RE2::Quiet) {}
    const RE2& re() const { return re_; }

  private:
    RE2 re_;
};

Result<Pattern> Pattern::parse(const std::string& text) {
    Pattern pattern;
    pattern.text_ = text;
    const std::string_view view(text);
    if (view.starts_with(regex_prefix)) {
        pattern.regex_ = std::make_shared<Regex>(text.substr(regex_prefix.size()));
        if (!pattern.regex_->re().ok())
            return usage_failure("read the pattern '" + text + "'", pattern.regex_->re().error(),
                                 "correct the regular expression (RE2 syntax), or write it without re:");
    } else if (view.starts_with(literal_prefix)) {
        pattern.pieces_ = {std::string(view.substr(literal_prefix.size()))};
    } else {
        pattern.pieces_ = split_at_asterisks(view);
    }
    if (pattern.regex_ ? pattern.regex_->re().pattern().empty()
                       : pattern.pieces_.empty() || pattern.pieces_.front().empty())
        return usage_failure("read the pattern '" + text + "'", "it would match every line",
                             "write some text that the line contains");
    return pattern;
}

bool Pattern::matches(std::string_view line) const {
    if (regex_) return RE2::PartialMatch(re2::StringPiece(line.data(), line.size()), regex_->re());
    std::size_t from = 0;
    for (const std::string& piece : pieces_) {
        const std::size_t at = line.find(piece, from);
        if (at == std::string_view::npos) return false;
        from = at + piece.size();
    }
    return true;
}

bool Pattern::matches_already(std::string_view beginning) const {
    if (!regex_) return matches(beginning);
    if (!matches(beginning)) return false;
    for (const char follower : possible_followers) {
        std::string longer(beginning);
        longer += follower;
        re2::StringPiece found;
        if (!regex_->re().Match(longer, 0, longer.size(), RE2::UNANCHORED, &found, 1)) return false;
        if (found.data() + found.size() > longer.data() + beginning.size()) return false;
    }
    return true;
}

std::optional<std::string> Pattern::sieve() const {
    if (!regex_) {
        std::string text;
        for (const std::string& piece : pieces_) text += (text.empty() ? "" : ".*") + RE2::QuoteMeta(piece);
        return text;
    }
    const std::string& text = regex_->re().pattern();
    // These may mean the edges of a line alone.
    for (const char* edge : {"\\A", "\\z", "\\Q", "(?"})
        if (text.find(edge) != std::string::npos) return {};
    return "(?m:" + text + ")";
}

std::optional<std::string> Pattern::first_group(std::string_view line) const {
    if (!regex_ || regex_->re().NumberOfCapturingGroups() < 1) return {};
    std::string group;
    if (!RE2::PartialMatch(re2::StringPiece(line.data(), line.size()), regex_->re(), &group)) return {};
    return group;
}

}  // namespace netcut
