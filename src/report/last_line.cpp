// SPDX-License-Identifier: Apache-2.0
#include "report/last_line.h"

#include <sys/stat.h>
#include <unistd.h>

#include <ctime>

namespace netcut {
namespace {

constexpr std::size_t looked_at = 2048;  // bytes, from the end

struct Tail {
    timespec written{};
    std::string line;
};

bool is_later(const timespec& a, const timespec& b) {
    return a.tv_sec != b.tv_sec ? a.tv_sec > b.tv_sec : a.tv_nsec > b.tv_nsec;
}

// What stands last in a text and is not blank; a carriage return ends a line, too.
std::string last_line_in(const std::string& text) {
    const std::size_t end = text.find_last_not_of("\r\n \t");
    if (end == std::string::npos) return {};
    const std::size_t before = text.find_last_of("\r\n", end);
    const std::size_t begin = before == std::string::npos ? 0 : before + 1;
    return text.substr(begin, end + 1 - begin);
}

Tail tail_of(const RunFolder& folder, const std::string& file) {
    Tail tail;
    struct stat info {};
    const auto fd = folder.open_file(file);
    if (!fd || ::fstat(fd->get(), &info) != 0) return tail;
    const auto size = static_cast<std::size_t>(info.st_size);
    std::string text(std::min(size, looked_at), '\0');
    const ssize_t count =
        ::pread(fd->get(), text.data(), text.size(), static_cast<off_t>(size - text.size()));
    text.resize(count > 0 ? static_cast<std::size_t>(count) : 0);
    return {info.st_mtim, last_line_in(text)};
}

}  // namespace

std::string last_line_of(const RunFolder& folder, const std::string& node) {
    Tail last;
    for (const char* stream : {"out", "err"})
        if (Tail tail = tail_of(folder, "logs/" + node + "." + stream);
            !tail.line.empty() && (last.line.empty() || is_later(tail.written, last.written)))
            last = std::move(tail);
    return last.line;
}

}  // namespace netcut
