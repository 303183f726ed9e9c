// SPDX-License-Identifier: Apache-2.0
//
// What was measured: the product's times beside those of its floor.
#pragma once

#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "base/time.h"

namespace netcut::bench {

// Times in nanoseconds, sizes in bytes, rates in bytes per second: Figure's unit says how they are shown.
class Samples {
  public:
    void add(Nanoseconds value) { values_.push_back(static_cast<double>(value.count())); }
    void add(double value) { values_.push_back(value); }
    std::size_t size() const { return values_.size(); }
    bool empty() const { return values_.empty(); }
    // The nearest rank: a value that was measured, never one in between.
    double quantile(double part) const;

  private:
    std::vector<double> values_;
};

enum class Unit { milliseconds, microseconds, kibibytes, mebibytes, gigabytes_per_second, percent };

struct Figure {
    std::string name;
    Unit unit;
    Samples product, floor;
    // What people would use instead, by name; only those that are installed.
    std::map<std::string, Samples> peers = {};
    // Figures of one series show how it grows with their size.
    std::string series = {};
    double size = 0;

    double ratio(double part) const;
};

struct RunInfo {
    std::string revision;  // of the source; may be empty
    bool shortened = false;
};

// For a plot of each series: blocks of lines `size product floor peers...`, medians, with a headline.
std::string series_text(const std::vector<Figure>& figures);
std::string table_text(const std::vector<Figure>& figures);
nlohmann::ordered_json report_json(const std::vector<Figure>& figures, const RunInfo& info);

}  // namespace netcut::bench
