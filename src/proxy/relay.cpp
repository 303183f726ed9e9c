// SPDX-License-Identifier: Apache-2.0
#include "proxy/relay.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

namespace netcut {
namespace {

constexpr std::string_view accepted_word = "accepted ", opened_word = "opened ", ended_word = "ended ",
                           refused_word = "refused ";
constexpr std::size_t longest_line = 512, most_relays = 1 << 16, worth_sweeping = most_relays / 16;

std::string_view next_word(std::string_view& text) {
    const std::string_view word = text.substr(0, text.find(' '));
    text.remove_prefix(std::min(text.size(), word.size() + 1));
    return word;
}

template <typename Number>
bool read_number(std::string_view& text, Number& number) {
    const std::string_view word = next_word(text);
    const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), number);
    return error == std::errc() && end == word.data() + word.size();
}

bool read_end(std::string_view& text, RelayEnd& end) {
    boost::system::error_code error;
    end.address = boost::asio::ip::make_address(std::string(next_word(text)), error);
    return !error && read_number(text, end.port);
}

bool read_count(std::string_view& text, RelayCount& count) {
    return read_number(text, count.carried) && read_number(text, count.arrived) &&
           count.arrived <= count.carried;
}

std::string end_text(const RelayEnd& end) {
    return fmt::format("{} {}", end.address.to_string(), end.port);
}

}  // namespace

std::string accepted_line(const RelayEnd& node) {
    return fmt::format("{}{}\n", accepted_word, end_text(node));
}

std::string opened_line(const Relay& relay) {
    return fmt::format("{}{} {} {} {} {} {} {}\n", opened_word, relay.id, end_text(relay.node),
                       end_text(relay.inner), end_text(relay.outer), end_text(relay.target), relay.head,
                       relay.reply);
}

std::string ended_line(const Relay& relay) {
    return fmt::format("{}{} {} {} {} {}\n", ended_word, relay.id, relay.up.carried, relay.up.arrived,
                       relay.down.carried, relay.down.arrived);
}

std::string refused_line(unsigned status) {
    return fmt::format("{}{}\n", refused_word, status);
}

void RelayBook::take(std::string_view bytes) {
    for (const char c : bytes) {
        if (c != '\n') {
            is_too_long_ = is_too_long_ || line_.size() >= longest_line;
            if (!is_too_long_) line_ += c;
            continue;
        }
        if (std::exchange(is_too_long_, false) || !take_line(line_)) ++unread_;
        line_.clear();
    }
}

bool RelayBook::take_line(std::string_view line) {
    if (line == proxy_listens) return listens_ = true;
    if (line.starts_with(accepted_word)) return take_accepted(line.substr(accepted_word.size()));
    if (line.starts_with(opened_word)) return take_opened(line.substr(opened_word.size()));
    if (line.starts_with(ended_word)) return take_ended(line.substr(ended_word.size()));
    if (!line.starts_with(refused_word)) return false;
    ++refused_;
    return true;
}

bool RelayBook::is_own(const IpAddress& address) const {
    return std::find(own_.begin(), own_.end(), address) != own_.end();
}

// Nobody knows yet where it goes; the one before it is no more.
bool RelayBook::take_accepted(std::string_view words) {
    RelayEnd node;
    if (!read_end(words, node) || !words.empty()) return false;
    forget(node);
    return true;
}

bool RelayBook::take_opened(std::string_view words) {
    Relay relay;
    const bool is_read = read_number(words, relay.id) && read_end(words, relay.node) &&
                         read_end(words, relay.inner) && read_end(words, relay.outer) &&
                         read_end(words, relay.target) && read_number(words, relay.head) &&
                         read_number(words, relay.reply) && words.empty();
    if (!is_read || relay.inner.port != proxy_port || !is_own(relay.inner.address) ||
        !is_own(relay.outer.address))
        return false;
    ++opened_;
    add(relay);
    return by_node_.contains(relay.node);
}

// All that have ended are forgotten at once, when they are many.
void RelayBook::sweep() {
    std::erase_if(by_node_, [](const auto& one) { return one.second.has_ended; });
    std::erase_if(by_outer_, [&](const auto& one) { return !by_node_.contains(one.second); });
    ended_ = 0;
}

void RelayBook::forget(const RelayEnd& node) {
    const auto known = by_node_.find(node);
    if (known == by_node_.end()) return;
    if (of_outer(known->second.outer) == &known->second) by_outer_.erase(known->second.outer);
    under_way_.erase(known->second.id);
    if (known->second.has_ended) --ended_;
    by_node_.erase(known);
}

void RelayBook::add(const Relay& relay) {
    forget(relay.node);
    if (by_node_.size() >= most_relays && ended_ >= worth_sweeping) sweep();
    if (by_node_.size() >= most_relays) return;
    by_node_[relay.node] = relay;
    by_outer_[relay.outer] = relay.node;
    under_way_[relay.id] = relay.node;
}

bool RelayBook::take_ended(std::string_view words) {
    std::uint64_t id = 0;
    RelayCount up, down;
    const bool is_read = read_number(words, id) && read_count(words, up) && read_count(words, down);
    if (!is_read || !words.empty()) return false;
    const auto found = under_way_.find(id);
    if (found == under_way_.end()) return true;  // it is remembered no more
    const RelayEnd node = found->second;
    under_way_.erase(found);
    const auto relay = by_node_.find(node);
    if (relay == by_node_.end()) return true;
    relay->second.has_ended = true;
    ++ended_;
    note(node, up, down);
    return true;
}

const Relay* RelayBook::of_node(const RelayEnd& node) const {
    const auto found = by_node_.find(node);
    return found == by_node_.end() ? nullptr : &found->second;
}

const Relay* RelayBook::of_outer(const RelayEnd& outer) const {
    const auto found = by_outer_.find(outer);
    return found == by_outer_.end() ? nullptr : of_node(found->second);
}

void RelayBook::note(const RelayEnd& node, const RelayCount& up, const RelayCount& down) {
    const auto found = by_node_.find(node);
    if (found == by_node_.end()) return;
    for (const auto& [known, seen] :
         {std::pair(&found->second.up, &up), std::pair(&found->second.down, &down)}) {
        known->carried = std::max(known->carried, seen->carried);
        known->arrived = std::max(known->arrived, seen->arrived);
    }
}

}  // namespace netcut
