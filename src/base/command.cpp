// SPDX-License-Identifier: Apache-2.0
#include "base/command.h"

#include <set>

namespace netcut {
namespace {

// A word outside of quotes that only a shell gives a meaning to; nobody else would.
bool means_something_to_a_shell(const std::string& word) {
    static const std::set<std::string_view> operators = {"|", "||", "&",  "&&",  ";", "<",
                                                         ">", ">>", "2>", "2>>", "&>"};
    if (operators.contains(word) || word.ends_with(';') || word == "~" || word.starts_with("~/")) return true;
    for (const std::string_view redirection : {"2>", "&>", "1>", ">"})
        if (word.starts_with(redirection)) return true;
    const std::size_t dollar = word.find('$');
    if (dollar == std::string::npos || dollar + 1 == word.size()) return false;
    const char next = word[dollar + 1];
    return next == '{' || next == '(' || next == '_' || (next >= 'A' && next <= 'Z') ||
           (next >= 'a' && next <= 'z');
}

// The words of a command, and whether some of each was in quotes or behind a backslash.
class CommandWords {
  public:
    // The quote that is not closed, or 0.
    char split(const std::string& text) {
        char quote = 0;
        for (std::size_t i = 0; i < text.size(); ++i) {
            const char c = text[i];
            const bool escapes = c == '\\' && quote != '\'' && i + 1 < text.size();
            if (escapes && (quote == 0 || text[i + 1] == '"' || text[i + 1] == '\\'))
                add(text[++i], true);
            else if (quote != 0 && c == quote)
                quote = 0;
            else if (quote != 0)
                add(c, true);
            else if (c == '\'' || c == '"')
                quote = begin_quote(c);
            else if (c == ' ' || c == '\t' || c == '\n')
                end();
            else
                add(c, false);
        }
        end();
        return quote;
    }

    struct Word {
        std::string text;
        bool quoted = false;
    };
    const std::vector<Word>& words() const { return words_; }

  private:
    char begin_quote(char quote) {
        in_word_ = true;
        word_.quoted = true;
        return quote;
    }
    void add(char c, bool quoted) {
        word_.text += c;
        word_.quoted |= quoted;
        in_word_ = true;
    }
    void end() {
        if (in_word_) words_.push_back(std::exchange(word_, {}));
        in_word_ = false;
    }

    std::vector<Word> words_;
    Word word_;
    bool in_word_ = false;
};

}  // namespace

Result<std::vector<std::string>> split_command(const std::string& text) {
    CommandWords command;
    if (const char quote = command.split(text); quote != 0)
        return usage_failure("read the command '" + text + "'",
                             std::string("a quote (") + quote + ") is not closed",
                             "close it, or put a backslash before it");
    std::vector<std::string> words;
    for (const CommandWords::Word& word : command.words()) {
        if (!word.quoted && means_something_to_a_shell(word.text))
            return usage_failure("read the command '" + text + "'",
                                 "no shell is involved, so '" + word.text + "' has no meaning",
                                 "write sh -c '...', or put it in quotes if the program wants it as it is");
        words.push_back(word.text);
    }
    if (words.empty() || words.front().empty())
        return usage_failure("read the command '" + text + "'", "it names no program");
    return words;
}

}  // namespace netcut
