// SPDX-License-Identifier: Apache-2.0
#include "daemon/message.h"

#include <cstring>
#include <utility>

namespace netcut {
namespace {

constexpr std::size_t max_words = 16;

// Both ends are on one machine.
template <typename T>
void append(std::string& bytes, T number) {
    bytes.append(reinterpret_cast<const char*>(&number), sizeof(number));
}

template <typename T>
std::optional<T> take(std::string_view& bytes) {
    T number = 0;
    if (bytes.size() < sizeof(number)) return {};
    std::memcpy(&number, bytes.data(), sizeof(number));
    bytes.remove_prefix(sizeof(number));
    return number;
}

std::optional<Message> decoded(std::string_view bytes) {
    const auto kind = take<std::uint8_t>(bytes);
    const auto id = take<std::uint64_t>(bytes);
    if (!kind || *kind > static_cast<std::uint8_t>(Message::Kind::file) || !id) return {};
    Message message{static_cast<Message::Kind>(*kind), *id, {}};
    while (!bytes.empty()) {
        const auto size = take<std::uint32_t>(bytes);
        if (!size || *size > bytes.size() || message.words.size() == max_words) return {};
        message.words.emplace_back(bytes.substr(0, *size));
        bytes.remove_prefix(*size);
    }
    return message;
}

}  // namespace

std::string encoded(const Message& message) {
    std::size_t size = sizeof(std::uint8_t) + sizeof(std::uint64_t);
    for (const std::string& word : message.words) size += sizeof(std::uint32_t) + word.size();
    std::string bytes;
    bytes.reserve(sizeof(std::uint32_t) + size);
    append(bytes, static_cast<std::uint32_t>(size));
    append(bytes, static_cast<std::uint8_t>(message.kind));
    append(bytes, message.id);
    for (const std::string& word : message.words) {
        append(bytes, static_cast<std::uint32_t>(word.size()));
        bytes += word;
    }
    return bytes;
}

std::optional<Message> MessageReader::next() {
    std::string_view rest = std::string_view(bytes_).substr(begin_);
    const auto size = take<std::uint32_t>(rest);
    broken_ = broken_ || (size && *size > max_size_);
    if (broken_ || !size || rest.size() < *size) {
        bytes_.erase(0, std::exchange(begin_, 0));
        return {};
    }
    begin_ += sizeof(*size) + *size;
    auto message = decoded(rest.substr(0, *size));
    broken_ = !message;
    return message;
}

}  // namespace netcut
