// SPDX-License-Identifier: Apache-2.0
#include "trigger/pattern.h"

#include <fmt/format.h>
#include <re2/re2.h>

#include <array>

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

    // A match is within [begin, end) of `text`; what is around it decides about ^, $ and \b.
    bool occurs(std::string_view text, std::size_t begin, std::size_t end) const {
        return re_.Match({text.data(), text.size()}, begin, end, RE2::UNANCHORED, nullptr, 0);
    }
    struct Found {
        std::size_t begin;
        std::optional<std::string> group;
    };
    std::optional<Found> first(std::string_view text, std::size_t begin, std::size_t end) const {
        std::array<re2::StringPiece, 2> parts;
        const bool has_group = re_.NumberOfCapturingGroups() > 0;
        if (!re_.Match({text.data(), text.size()}, begin, end, RE2::UNANCHORED, parts.data(),
                       has_group ? 2 : 1))
            return {};
        Found found{static_cast<std::size_t>(parts[0].data() - text.data()), {}};
        if (has_group) found.group = std::string(parts[1].data(), parts[1].size());
        return found;
    }

  private:
    RE2 re_;
};

Result<Pattern> Pattern::parse(const std::string& text) {
    const auto wrong = [&text](const std::string& why, const std::string& hint) {
        return usage_failure("read the pattern '" + text.substr(0, 200) + "'", why, hint);
    };
    Pattern pattern;
    pattern.text_ = text;
    const std::string_view view(text);
    if (text.size() > most_bytes)
        return wrong(fmt::format("it is longer than {} bytes", most_bytes), "shorten it");
    if (view.starts_with(regex_prefix)) {
        pattern.regex_ = std::make_shared<Regex>(text.substr(regex_prefix.size()));
        if (!pattern.regex_->re().ok())
            return wrong(pattern.regex_->re().error(),
                         "correct the regular expression (RE2 syntax), or write it without re:");
    } else if (view.starts_with(literal_prefix)) {
        pattern.pieces_ = {std::string(view.substr(literal_prefix.size()))};
    } else {
        pattern.pieces_ = split_at_asterisks(view);
    }
    if (pattern.regex_ ? pattern.regex_->re().pattern().empty()
                       : pattern.pieces_.empty() || pattern.pieces_.front().empty())
        return wrong("it would match every line", "write some text that the line contains");
    return pattern;
}

std::optional<std::string> Pattern::sieve() const {
    if (!regex_) {
        std::string text;
        for (const std::string& piece : pieces_) text += (text.empty() ? "" : ".*") + RE2::QuoteMeta(piece);
        return text;
    }
    // Groups with names are groups.
    std::string text = regex_->re().pattern();
    RE2::GlobalReplace(&text, R"(\(\?P<[A-Za-z0-9_]+>)", "(");
    // These may mean the edges of a line alone.
    for (const char* edge : {"\\A", "\\z", "\\Q", "(?"})
        if (text.find(edge) != std::string::npos) return {};
    return "(?m:" + text + ")";
}

std::size_t Pattern::groups() const {
    return regex_ ? static_cast<std::size_t>(std::max(0, regex_->re().NumberOfCapturingGroups())) : 0;
}

std::vector<std::string> Pattern::group_names() const {
    std::vector<std::string> names;
    if (regex_)
        for (const auto& [name, number] : regex_->re().NamedCapturingGroups()) names.push_back(name);
    return names;
}

std::map<std::string, std::string> Pattern::named_in(std::string_view line) const {
    std::map<std::string, std::string> found;
    if (!regex_) return found;
    std::vector<re2::StringPiece> parts(groups() + 1);
    if (!regex_->re().Match({line.data(), line.size()}, 0, line.size(), RE2::UNANCHORED, parts.data(),
                            static_cast<int>(parts.size())))
        return found;
    for (const auto& [name, number] : regex_->re().NamedCapturingGroups())
        if (const auto& part = parts[static_cast<std::size_t>(number)]; part.data() != nullptr)
            found[name] = std::string(part.data(), part.size());
    return found;
}

std::size_t PatternInLine::search_begin(std::string_view kept) const {
    return line_.is_headless ? std::min<std::size_t>(1, kept.size()) : 0;
}

bool PatternInLine::find_pieces(std::string_view kept) {
    for (; line_.pieces_found < pattern_.pieces_.size(); ++line_.pieces_found) {
        const std::string& piece = pattern_.pieces_[line_.pieces_found];
        const std::size_t at = kept.find(piece, line_.from);
        if (at == std::string_view::npos) return false;
        line_.from = at + piece.size();
    }
    return true;
}

bool PatternInLine::holds(std::string_view kept) {
    if (!pattern_.regex_) return find_pieces(kept);
    return line_.found_before || pattern_.regex_->occurs(kept, search_begin(kept), kept.size());
}

bool PatternInLine::is_certain(std::string_view kept) {
    if (!holds(kept)) return false;
    if (!pattern_.regex_ || line_.found_before) return true;
    std::string longer = std::string(kept) + ' ';
    return std::all_of(possible_followers.begin(), possible_followers.end(), [&](char follower) {
        longer.back() = follower;
        return pattern_.regex_->occurs(longer, search_begin(kept), kept.size());
    });
}

std::optional<std::string> PatternInLine::first_group(std::string_view kept) const {
    if (!pattern_.regex_ || line_.found_before) return line_.group;
    const auto found = pattern_.regex_->first(kept, search_begin(kept), kept.size());
    return found ? found->group : std::nullopt;
}

void PatternInLine::forget(std::string_view kept, std::size_t bytes) {
    if (!pattern_.regex_) {
        find_pieces(kept);
        line_.from -= std::min(line_.from, bytes);
    } else if (!line_.found_before && is_certain(kept)) {
        const std::string longer = std::string(kept) + possible_followers.back();
        const auto found = pattern_.regex_->first(longer, search_begin(kept), kept.size());
        // The first byte that is kept will only tell what precedes.
        line_.found_before = found && found->begin <= bytes;
        if (line_.found_before) line_.group = found->group;
    }
    line_.is_headless = true;
}

}  // namespace netcut
