// SPDX-License-Identifier: Apache-2.0
#include "folder/run_files.h"

#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <vector>

#include "base/io.h"

namespace netcut {

Result<void> read_pieces(const RunFolder& folder, const std::string& name, const TakeBytes& each) {
    NETCUT_ASSIGN(const Fd fd, folder.open_file(name));
    std::vector<char> buffer(256 * 1024);
    for (;;) {
        const ssize_t count = ::read(fd.get(), buffer.data(), buffer.size());
        if (count < 0 && errno == EINTR) continue;
        if (count < 0) return system_failure("read " + folder.path() + "/" + name);
        if (count == 0 || !each({buffer.data(), static_cast<std::size_t>(count)})) return {};
    }
}

Result<std::string> read_whole(const RunFolder& folder, const std::string& name, std::size_t most) {
    std::string text;
    bool fits = true;
    NETCUT_TRY(read_pieces(folder, name, [&](std::string_view bytes) {
        fits = text.size() + bytes.size() <= most;
        if (fits) text += bytes;
        return fits;
    }));
    if (fits) return text;
    return usage_failure("read " + folder.path() + "/" + name,
                         fmt::format("it has more than {} MiB", most >> 20));
}

Result<void> read_lines(const RunFolder& folder, const std::string& name, std::size_t most,
                        const std::function<void(std::string_view line)>& each) {
    std::string begun;  // a line whose end is in a later piece
    bool too_long = false;
    return read_pieces(folder, name, [&](std::string_view bytes) {
        while (!bytes.empty()) {
            const std::size_t end = bytes.find('\n');
            const std::string_view part = bytes.substr(0, end);
            too_long = too_long || begun.size() + part.size() > most;
            if (end == std::string_view::npos) {
                if (!too_long) begun += part;
                return true;
            }
            bytes.remove_prefix(end + 1);
            if (too_long)
                each({});
            else if (begun.empty())
                each(part);
            else
                each(begun += part);
            begun.clear();
            too_long = false;
        }
        return true;
    });
}

Result<std::string> read_beginning(const RunFolder& folder, const std::string& name, std::size_t most) {
    std::string text;
    NETCUT_TRY(read_pieces(folder, name, [&](std::string_view bytes) {
        text += bytes.substr(0, most - text.size());
        return text.size() < most;
    }));
    return text;
}

}  // namespace netcut
