// SPDX-License-Identifier: Apache-2.0
#include "report/log_excerpts.h"

#include <deque>

#include "netcut/trigger.h"
#include "report/json_access.h"
#include "report/run_files.h"

namespace netcut {
namespace {

constexpr std::size_t lines_around = 6;
constexpr std::size_t most_line = 400;                    // bytes
constexpr std::size_t most_log = std::size_t{256} << 20;  // bytes of one file that are looked through

// The match may have been seen before the line ended, so the line in the log may be longer.
struct Excerpt {
    explicit Excerpt(const Match& of)
        : match(&of), wanted(of.occurrence == 0 ? std::string_view() : of.line) {}

    const Match* match;
    std::string_view wanted;
    std::size_t seen = 0;  // lines that begin so
    const char* stream = nullptr;
    std::string line;
    Json before = Json::array();
    Json after = Json::array();

    bool found() const { return stream != nullptr; }
};

Json to_json(const Excerpt& excerpt, const JournalDigest& digest) {
    Json json = {{"us", excerpt.match->t.count() / 1000},
                 {"node", digest.node_name(excerpt.match->node)},
                 {"fault", excerpt.match->fault},
                 {"line", excerpt.found() ? excerpt.line : clipped(excerpt.match->line, most_line)}};
    if (!excerpt.found()) return json;
    json["stream"] = excerpt.stream;
    json["before"] = excerpt.before;
    json["after"] = excerpt.after;
    return json;
}

void look_through(const RunFolder& folder, const std::string& node, const char* stream,
                  std::vector<Excerpt>& excerpts) {
    if (node.find('/') != std::string::npos) return;  // a name from a journal that we did not write
    for (Excerpt& excerpt : excerpts) excerpt.seen = 0;
    std::deque<std::string> last;
    LineScanner scanner;
    scanner.on_line([&](std::string_view line) {
        std::string shown = clipped(line, most_line);
        for (Excerpt& excerpt : excerpts) {
            if (excerpt.found()) {
                if (excerpt.stream == stream && excerpt.after.size() < lines_around)
                    excerpt.after.push_back(shown);
                continue;
            }
            if (excerpt.wanted.empty() || !line.starts_with(excerpt.wanted)) continue;
            if (++excerpt.seen < excerpt.match->occurrence) continue;
            excerpt.stream = stream;
            excerpt.line = shown;
            for (const std::string& earlier : last) excerpt.before.push_back(earlier);
        }
        last.push_back(std::move(shown));
        if (last.size() > lines_around) last.pop_front();
    });
    std::size_t bytes = 0;
    // A log that is not there, or torn, leaves the line that the journal has.
    (void)read_pieces(folder, "logs/" + node + "." + stream, [&](std::string_view piece) {
        scanner.feed(piece);
        bytes += piece.size();
        return bytes < most_log;
    });
    scanner.finish();
}

}  // namespace

Json log_excerpts(const RunFolder& folder, const JournalDigest& digest) {
    std::map<std::size_t, std::vector<Excerpt>> by_node;
    for (const Match& match : digest.firing_matches()) by_node[match.node].emplace_back(match);
    std::map<const Match*, Json> written;
    for (auto& [node, excerpts] : by_node) {
        for (const char* stream : {"out", "err", "log", "log2", "log3", "syslog"})
            look_through(folder, digest.node_name(node), stream, excerpts);
        for (const Excerpt& excerpt : excerpts) written[excerpt.match] = to_json(excerpt, digest);
    }
    Json all = Json::array();
    for (const Match& match : digest.firing_matches()) all.push_back(std::move(written[&match]));
    return all;
}

}  // namespace netcut
