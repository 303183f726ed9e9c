// SPDX-License-Identifier: Apache-2.0
#include "page/log_view.h"

#include <algorithm>
#include <deque>

#include "base/time.h"
#include "record/json_access.h"

namespace netcut {
namespace {

constexpr std::size_t most_lines = 20'000;  // of all nodes
constexpr std::size_t most_of_one = 4'000, least_of_one = 16;
constexpr std::size_t most_around = 40;  // lines before a moment, and after it

// Chooses among the lines of one node as they come.
class ChosenLines {
  public:
    ChosenLines(std::size_t most, std::vector<Nanoseconds> moments)
        : first_(most / 8),
          last_(most / 2),
          around_(std::min(most_around, most / 16)),
          moments_(std::move(moments)) {
        const std::size_t room = most - first_ - last_;
        if (around_ > 0) moments_.resize(std::min(moments_.size(), room / (2 * around_)));
    }

    void take(LogLine line) {
        while (moment_ < moments_.size() && line.t >= moments_[moment_]) {
            ++moment_;
            keep_around();
        }
        if (line.number < first_ || after_ > 0) keep(line);
        if (after_ > 0) --after_;
        ring_.push_back(std::move(line));
        if (ring_.size() > std::max(last_, around_)) ring_.pop_front();
    }

    Json lines() {
        for (const LogLine& line : ring_) keep(line);
        Json json = Json::array();
        for (const auto& [number, line] : kept_)
            json.push_back({number, line.t.count() < 0 ? Json(nullptr) : Json(line.t.count() / 1000),
                            line.stream, line.text});
        return json;
    }

  private:
    void keep_around() {
        const std::size_t before = std::min(around_, ring_.size());
        for (auto line = ring_.end() - static_cast<std::ptrdiff_t>(before); line != ring_.end(); ++line)
            keep(*line);
        after_ = around_;
    }
    void keep(const LogLine& line) { kept_.emplace(line.number, line); }

    std::size_t first_, last_, around_;
    std::vector<Nanoseconds> moments_;
    std::size_t moment_ = 0, after_ = 0;
    std::deque<LogLine> ring_;
    std::map<std::size_t, LogLine> kept_;
};

std::vector<Nanoseconds> moments_of(const Json& bands) {
    std::vector<Nanoseconds> moments;
    for (const Json& band : bands)
        for (const char* end : {"from_us", "to_us"})
            if (const auto us = count_of(member(band, end)))
                moments.emplace_back(std::chrono::microseconds(*us));
    std::sort(moments.begin(), moments.end());
    return moments;
}

}  // namespace

Json log_view(const RunFolder& folder, const LogPieces& pieces, const Json& nodes, const Json& bands) {
    const std::vector<Nanoseconds> moments = moments_of(bands);
    const std::size_t share =
        std::clamp(most_lines / std::max<std::size_t>(nodes.size(), 1), least_of_one, most_of_one);
    Json views = Json::array();
    for (const Json& node : nodes) {
        ChosenLines chosen(share, moments);
        const std::size_t total = read_node_log(folder, pieces, text_of(node["name"]),
                                                [&](LogLine line) { chosen.take(std::move(line)); });
        views.push_back({{"total", total}, {"lines", chosen.lines()}});
    }
    return views;
}

}  // namespace netcut
