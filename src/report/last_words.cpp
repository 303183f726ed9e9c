// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>

#include "base/utf8.h"
#include "netcut/report.h"

namespace netcut {
namespace {

constexpr std::size_t most_speakers = 2, most_lines = 6;
constexpr off_t most_bytes = 8192;

std::vector<std::string> last_lines(const RunFolder& folder, const std::string& name) {
    std::vector<std::string> lines;
    const auto file = folder.open_file(name);
    struct stat state {};
    if (!file || ::fstat(file->get(), &state) != 0) return lines;
    std::string text(static_cast<std::size_t>(std::min(state.st_size, most_bytes)), '\0');
    const ssize_t count =
        ::pread(file->get(), text.data(), text.size(), std::max<off_t>(0, state.st_size - most_bytes));
    text.resize(static_cast<std::size_t>(std::max<ssize_t>(0, count)));
    std::string line;
    for (const char c : text + "\n") {
        if (c != '\n' && c != '\r') {
            line += c;
        } else if (!line.empty()) {
            lines.push_back(std::exchange(line, {}));
        }
    }
    if (lines.size() > most_lines) lines.erase(lines.begin(), lines.end() - most_lines);
    return lines;
}

std::string words_of(const RunFolder& folder, const std::string& node) {
    std::string text;
    for (const char* stream : {"out", "err"}) {
        const std::string name = fmt::format("logs/{}.{}", node, stream);
        for (const std::string& line : last_lines(folder, name))
            text += fmt::format("        {}\n", printable(line, 160));
    }
    return fmt::format("{} said last{}\n{}", node, text.empty() ? ": nothing" : ":", text);
}

}  // namespace

std::string last_words(const Json& verdict, const RunFolder& folder) {
    std::vector<std::string> names;
    bool all_started = true;
    for (const Json& node : verdict.at("nodes")) {
        const std::string ended = node.at("ended").get<std::string>();
        all_started = all_started && node.at("started").get<bool>();
        const bool by_itself = ended.starts_with("exit code") || ended.starts_with("signal");
        if (by_itself && !node.at("finished").get<bool>())
            names.push_back(node.at("node").get<std::string>());
    }
    if (verdict.at("exit_status").get<int>() != 1) return {};
    if (names.empty() && !all_started)
        names.push_back(verdict.at("nodes").at(0).at("node").get<std::string>());
    if (names.size() > most_speakers) names.resize(most_speakers);
    std::string text;
    for (const std::string& name : names) text += words_of(folder, name);
    if (!text.empty())
        text += fmt::format(
            "These are the words of what runs in the nodes, not of netcut-fl; all of them are in {}/logs.\n",
            folder.path());
    return text;
}

}  // namespace netcut
