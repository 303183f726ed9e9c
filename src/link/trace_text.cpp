// SPDX-License-Identifier: Apache-2.0
#include "link/trace_text.h"

#include <fmt/format.h>

#include <array>
#include <charconv>
#include <cmath>
#include <string_view>

#include "link/pacer.h"

namespace netcut {
namespace {

using std::chrono::milliseconds;

constexpr std::uint64_t longest_ms = 7ULL * 24 * 3600 * 1000;  // a week
constexpr double longest_s = longest_ms / 1e3;
constexpr double most_mbit = 16'000;  // as rates have it elsewhere
constexpr double longest_delay_ms = 60'000;
constexpr double bits_of_packet = 8.0 * (mahimahi_packet + ethernet_header);
constexpr std::string_view column_names = "t,mbit,delay_ms,loss";

// A line of the text at a time, without its end and comments.
class Lines {
  public:
    Lines(std::string_view text, const std::string& name) : text_(text), name_(name) {}

    bool next() {
        while (begin_ < text_.size()) {
            const std::size_t end = std::min(text_.find('\n', begin_), text_.size());
            line_ = text_.substr(begin_, end - begin_);
            begin_ = end + 1;
            ++number_;
            if (line_.ends_with('\r')) line_.remove_suffix(1);
            if (!line_.empty() && line_.find_first_not_of(" \t") != std::string_view::npos &&
                line_.front() != '#')
                return true;
        }
        return false;
    }
    std::string_view line() const { return line_; }
    Failure wrong(std::size_t column, std::string why, std::string hint = {}) const {
        Error error{Error::Kind::usage, "read the trace", 0, std::move(why), std::move(hint)};
        error.place = {name_, number_, static_cast<int>(column) + 1};
        return Failure(std::move(error));
    }

  private:
    std::string_view text_;
    const std::string& name_;
    std::size_t begin_ = 0;
    std::string_view line_;
    int number_ = 0;
};

std::string_view trimmed(std::string_view text) {
    const std::size_t begin = text.find_first_not_of(" \t");
    if (begin == std::string_view::npos) return {};
    return text.substr(begin, text.find_last_not_of(" \t") - begin + 1);
}

template <typename Number>
bool reads_as(std::string_view text, Number& number) {
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    return error == std::errc() && end == text.data() + text.size();
}

// --- Mahimahi's ---

class Opportunities {
  public:
    Result<void> add(std::uint64_t time, const Lines& lines) {
        if (time > longest_ms) return lines.wrong(0, "the trace is longer than a week", "shorten it");
        if (time < last_)
            return lines.wrong(0, fmt::format("{} comes after {}", time, last_), "sort it: sort -n");
        // What may pass at a time passes in the millisecond that ends then.
        const std::uint64_t bin = time == 0 ? 0 : time - 1;
        if (bin != bin_) close(bin);
        ++count_;
        last_ = time;
        if (static_cast<double>(count_) * bits_of_packet > most_mbit * 1e3)
            return lines.wrong(0, "that is more than 16 Gbit/s");
        return {};
    }
    Result<LinkTrace> take(const Lines& lines) {
        if (last_ == 0)
            return lines.wrong(0, "the trace has no length", "its last line is the time at which it ends");
        close(last_);
        return LinkTrace(std::move(steps_), milliseconds(last_));
    }

  private:
    void close(std::uint64_t next) {
        push(bin_, count_);
        if (next > bin_ + 1) push(bin_ + 1, 0);
        bin_ = next;
        count_ = 0;
    }
    void push(std::uint64_t at, std::uint64_t count) {
        const double rate = static_cast<double>(count) * bits_of_packet * 1e3;
        if (steps_.empty() || steps_.back().bits_per_second != rate)
            steps_.push_back({.at = milliseconds(at), .bits_per_second = rate});
    }

    std::vector<TraceStep> steps_;
    std::uint64_t bin_ = 0, count_ = 0, last_ = 0;
};

Result<LinkTrace> read_mahimahi(Lines& lines) {
    Opportunities all;
    do {
        const std::string_view text = trimmed(lines.line());
        std::uint64_t time = 0;
        if (!reads_as(text, time))
            return lines.wrong(0, "it is no whole number of milliseconds",
                               "each line of a trace of Mahimahi is one; one of CSV has commas");
        NETCUT_TRY(all.add(time, lines));
    } while (lines.next());
    return all.take(lines);
}

// --- CSV ---

struct Column {
    const char* what;
    double most;
};
constexpr std::array<Column, 4> columns = {{{"the time in seconds", longest_s},
                                            {"the rate in Mbit/s", most_mbit},
                                            {"the delay in milliseconds", longest_delay_ms},
                                            {"the share of packets that is lost", 1}}};

Result<TraceStep> read_row(const Lines& lines) {
    std::array<double, columns.size()> values{};
    std::size_t count = 0;
    for (std::size_t begin = 0; begin <= lines.line().size(); ++count) {
        const std::size_t end = std::min(lines.line().find(',', begin), lines.line().size());
        if (count == columns.size())
            return lines.wrong(begin, "it has more than four columns",
                               "they are " + std::string(column_names));
        double& value = values[count];
        const Column& column = columns[count];
        if (!reads_as(trimmed(lines.line().substr(begin, end - begin)), value) || !std::isfinite(value))
            return lines.wrong(begin, fmt::format("{} is no number", column.what));
        if (value < 0 || value > column.most)
            return lines.wrong(begin, fmt::format("{} is not from 0 to {}", column.what, column.most));
        begin = end + 1;
    }
    if (count < 2)
        return lines.wrong(0, "there is no rate", "write the time in seconds, a comma, and Mbit/s");
    return TraceStep{Nanoseconds(std::llround(values[0] * 1e9)), values[1] * 1e6,
                     Nanoseconds(std::llround(values[2] * 1e6)), values[3]};
}

// A first line of names may leave out the last ones.
bool names_columns(std::string_view line) {
    std::string names;
    for (const char c : line)
        if (c != ' ' && c != '\t') names += c;
    return names.size() >= std::string_view("t,mbit").size() &&
           (column_names == names || column_names.starts_with(names + ","));
}

Result<LinkTrace> read_csv(Lines& lines) {
    std::vector<TraceStep> steps;
    bool more = !names_columns(lines.line()) || lines.next();
    for (; more; more = lines.next()) {
        NETCUT_ASSIGN(const TraceStep step, read_row(lines));
        if (steps.empty() && step.at != Nanoseconds(0)) return lines.wrong(0, "the first time is not 0");
        if (!steps.empty() && step.at <= steps.back().at)
            return lines.wrong(0, "its time is not after that of the line before it");
        steps.push_back(step);
    }
    if (steps.empty()) return lines.wrong(0, "the trace has no line but its names");
    if (steps.size() == 1) return LinkTrace(std::move(steps), {});
    const Nanoseconds last = steps.back().at;
    const Nanoseconds length = last + (last - steps[steps.size() - 2].at);
    return LinkTrace(std::move(steps), length);
}

}  // namespace

Result<LinkTrace> parse_trace(const std::string& text, const std::string& name) {
    Lines lines(text, name);
    if (!lines.next())
        return lines.wrong(0, "the trace is empty",
                           "a trace has a line for each packet that may pass, or is CSV");
    return lines.line().find(',') == std::string_view::npos ? read_mahimahi(lines) : read_csv(lines);
}

std::string mahimahi_text(const LinkTrace& trace) {
    std::string text;
    const Nanoseconds length = trace.is_constant() ? Nanoseconds(std::chrono::seconds(1)) : trace.length();
    TraceCursor cursor({std::make_shared<LinkTrace>(trace)});
    const std::int64_t last = std::max<std::int64_t>(1, length / milliseconds(1));
    double packets = 0;
    bool is_closed = false;
    for (std::int64_t ms = 1; ms <= last; ++ms) {
        packets += cursor.advance(milliseconds(ms)) / bits_of_packet;
        const double whole = std::floor(packets + 1e-9);
        for (double i = 0; i < whole; ++i) text += fmt::format("{}\n", ms);
        packets -= whole;
        is_closed = ms == last && whole > 0;
    }
    if (!is_closed) text += fmt::format("{}\n", last);  // the last line is the length
    return text;
}

std::string csv_text(const LinkTrace& trace) {
    const bool more = trace.has_delay() || trace.has_loss();
    std::string text = more ? "t,mbit,delay_ms,loss\n" : "t,mbit\n";
    for (const TraceStep& step : trace.steps()) {
        text += fmt::format("{:g},{:.6g}", netcut::seconds(step.at), step.bits_per_second / 1e6);
        if (more)
            text += fmt::format(",{:g},{:g}", std::chrono::duration<double, std::milli>(step.delay).count(),
                                step.loss);
        text += '\n';
    }
    return text;
}

}  // namespace netcut
