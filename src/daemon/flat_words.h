// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <charconv>
#include <string>
#include <string_view>
#include <vector>

namespace netcut {

// The words of a message one after the other, in the order in which they were put there.
class FlatWords {
  public:
    explicit FlatWords(const std::vector<std::string>& words) : words_(words) {}

    const std::string& text() {
        static const std::string none;
        complete_ = complete_ && next_ < words_.size();
        return complete_ ? words_[next_++] : none;
    }
    template <typename T>
    T number() {
        return number_of<T>(text());
    }
    template <typename T>
    std::vector<T> numbers() {
        std::vector<T> all;
        std::string_view rest = text();
        while (!rest.empty()) {
            const std::size_t end = std::min(rest.find(','), rest.size());
            all.push_back(number_of<T>(rest.substr(0, end)));
            rest.remove_prefix(std::min(end + 1, rest.size()));
        }
        return all;
    }
    // All that was asked for was there, and was of its form.
    bool complete() const { return complete_; }

  private:
    template <typename T>
    T number_of(std::string_view text) {
        T value = 0;
        const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
        complete_ = complete_ && error == std::errc() && end == text.data() + text.size();
        return value;
    }

    const std::vector<std::string>& words_;
    std::size_t next_ = 0;
    bool complete_ = true;
};

// As numbers() reads them.
template <typename T>
std::string number_list(const std::vector<T>& numbers) {
    std::string text;
    for (const T number : numbers) text += (text.empty() ? "" : ",") + std::to_string(number);
    return text;
}

}  // namespace netcut
