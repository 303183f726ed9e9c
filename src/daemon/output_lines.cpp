// SPDX-License-Identifier: Apache-2.0
#include "daemon/output_lines.h"

#include <openssl/evp.h>

namespace netcut {
namespace {

constexpr std::size_t piece = 8 << 10;  // bytes of one line

std::string base64(std::string_view bytes) {
    std::string text((bytes.size() + 2) / 3 * 4 + 1, '\0');  // and the end that OpenSSL writes
    const int size =
        EVP_EncodeBlock(reinterpret_cast<unsigned char*>(text.data()),
                        reinterpret_cast<const unsigned char*>(bytes.data()), static_cast<int>(bytes.size()));
    text.resize(static_cast<std::size_t>(size));
    return text;
}

std::string from_base64(const std::string& text) {
    std::string bytes(text.size() / 4 * 3, '\0');
    const int size =
        EVP_DecodeBlock(reinterpret_cast<unsigned char*>(bytes.data()),
                        reinterpret_cast<const unsigned char*>(text.data()), static_cast<int>(text.size()));
    const auto padding = static_cast<std::size_t>(text.ends_with("==") ? 2 : text.ends_with('=') ? 1 : 0);
    bytes.resize(size < 0 ? 0 : static_cast<std::size_t>(size) - padding);
    return bytes;
}

// How many bytes at the end are the begin of a character that goes on.
std::size_t unfinished(std::string_view bytes) {
    for (std::size_t back = 1; back <= std::min<std::size_t>(3, bytes.size()); ++back) {
        const auto byte = static_cast<unsigned char>(bytes[bytes.size() - back]);
        if ((byte & 0xc0) == 0x80) continue;
        const std::size_t size = byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : byte >= 0xc0 ? 2 : 1;
        return size > back ? back : 0;
    }
    return 0;
}

std::string line_of(Stream stream, std::string_view bytes) {
    Json line = {{"output", bytes}, {"stream", stream_name(stream)}};
    try {
        return line.dump() + "\n";
    } catch (const Json::type_error&) {  // it is no UTF-8
        line.erase("output");
        line["base64"] = base64(bytes);
        return line.dump() + "\n";
    }
}

}  // namespace

std::string OutputLines::add(Stream stream, std::string_view bytes) {
    std::string& waiting = waiting_.at(static_cast<std::size_t>(stream));
    std::string lines;
    while (!bytes.empty()) {
        std::string now = std::exchange(waiting, {});
        now += bytes.substr(0, piece);
        bytes.remove_prefix(std::min(piece, bytes.size()));
        const std::size_t end = now.size() - unfinished(now);
        waiting = now.substr(end);
        if (end > 0) lines += line_of(stream, std::string_view(now).substr(0, end));
    }
    return lines;
}

std::string OutputLines::rest() {
    std::string lines;
    for (const Stream stream : {Stream::out, Stream::err})
        if (std::string& waiting = waiting_.at(static_cast<std::size_t>(stream)); !waiting.empty())
            lines += line_of(stream, std::exchange(waiting, {}));
    return lines;
}

std::optional<Output> output_of(const Json& line) {
    const auto stream = line.value("stream", "") == stream_name(Stream::err) ? Stream::err : Stream::out;
    if (line.contains("output")) return Output{stream, line.value("output", "")};
    if (line.contains("base64")) return Output{stream, from_base64(line.value("base64", ""))};
    return {};
}

}  // namespace netcut
