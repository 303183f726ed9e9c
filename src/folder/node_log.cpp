// SPDX-License-Identifier: Apache-2.0
#include "folder/node_log.h"

#include <unistd.h>

#include <algorithm>
#include <charconv>

#include "base/io.h"
#include "folder/run_files.h"
#include "record/json_access.h"
#include "trigger/line_scanner.h"

namespace netcut {
namespace {

constexpr std::size_t most_pieces = 2'000'000;
constexpr std::size_t most_row = 400;                     // bytes of times.csv
constexpr std::size_t most_of_line = 400;                 // bytes
constexpr std::size_t most_log = std::size_t{256} << 20;  // bytes of one file

const char* known_stream(std::string_view name) {
    const auto found = std::find(log_streams.begin(), log_streams.end(), name);
    return found == log_streams.end() ? nullptr : *found;
}

bool take_number(std::string_view text, std::int64_t& number) {
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    return error == std::errc() && end == text.data() + text.size() && number >= 0;
}

// Takes what stands before the next comma.
std::string_view next_field(std::string_view& row) {
    const std::size_t comma = row.find(',');
    const std::string_view field = row.substr(0, comma);
    row.remove_prefix(comma == std::string_view::npos ? row.size() : comma + 1);
    return field;
}

// One file of a node, from its beginning on.
class Output {
  public:
    Output(Fd file, const char* stream, const std::function<void(LogLine)>& each)
        : file_(std::move(file)), stream_(stream) {
        scanner_.on_line([this, &each](std::string_view line) {
            each({0, began_, stream_, clipped(line, most_of_line)});
            began_ = t_;
        });
    }

    void take(Nanoseconds t, std::size_t bytes) {
        t_ = t;
        if (at_line_begin_) began_ = t;
        std::array<char, 64 * 1024> buffer;
        while (bytes > 0 && taken_ < most_log) {
            const ssize_t count = ::read(file_.get(), buffer.data(), std::min(bytes, buffer.size()));
            if (count < 0 && errno == EINTR) continue;
            if (count <= 0) return;
            scanner_.feed({buffer.data(), static_cast<std::size_t>(count)});
            at_line_begin_ = buffer[static_cast<std::size_t>(count) - 1] == '\n';
            bytes -= static_cast<std::size_t>(count);
            taken_ += static_cast<std::size_t>(count);
        }
    }
    void finish() { scanner_.finish(); }

  private:
    Fd file_;
    const char* stream_;
    LineScanner scanner_;
    Nanoseconds t_{-1}, began_{-1};
    bool at_line_begin_ = true;
    std::size_t taken_ = 0;
};

}  // namespace

LogPieces LogPieces::read(const RunFolder& folder) {
    LogPieces pieces;
    std::size_t count = 0;
    // A row that is torn, or by somebody else, leaves its bytes without a time.
    (void)read_lines(folder, "logs/times.csv", most_row, [&](std::string_view row) {
        std::int64_t t = 0, bytes = 0;
        const std::string_view time = next_field(row), node = next_field(row);
        const char* stream = known_stream(next_field(row));
        if (stream == nullptr || !take_number(time, t) || !take_number(row, bytes)) return;
        if (++count > most_pieces) return;
        pieces.by_node_[std::string(node)].push_back(
            {std::chrono::microseconds(t), stream, static_cast<std::size_t>(bytes)});
    });
    return pieces;
}

const std::vector<LogPieces::Piece>& LogPieces::of(const std::string& node) const {
    static const std::vector<Piece> none;
    const auto found = by_node_.find(node);
    return found == by_node_.end() ? none : found->second;
}

std::size_t read_node_log(const RunFolder& folder, const LogPieces& pieces, const std::string& node,
                          const std::function<void(LogLine line)>& each) {
    if (node.find('/') != std::string::npos) return 0;  // a name from a journal that we did not write
    std::size_t count = 0;
    const std::function<void(LogLine)> numbered = [&](LogLine line) {
        line.number = count++;
        each(std::move(line));
    };
    std::map<std::string_view, std::unique_ptr<Output>> outputs;
    for (const char* stream : log_streams)
        if (auto file = folder.open_file("logs/" + node + "." + stream))
            outputs.emplace(stream, std::make_unique<Output>(std::move(*file), stream, numbered));
    for (const LogPieces::Piece& piece : pieces.of(node))
        if (const auto output = outputs.find(piece.stream); output != outputs.end())
            output->second->take(piece.t, piece.bytes);
    for (const char* stream : log_streams)
        if (const auto output = outputs.find(stream); output != outputs.end()) {
            output->second->take(Nanoseconds(-1), most_log);
            output->second->finish();
        }
    return count;
}

}  // namespace netcut
