// SPDX-License-Identifier: Apache-2.0
//
// What was measured: the product's times beside those of its floor.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "netcut/base.h"

namespace netcut::bench {

class Samples {
  public:
    void add(Nanoseconds value) { values_.push_back(value); }
    std::size_t size() const { return values_.size(); }
    // The nearest rank: a value that was measured, never one in between.
    Nanoseconds quantile(double part) const;

  private:
    std::vector<Nanoseconds> values_;
};

enum class Unit { milliseconds, microseconds };

struct Figure {
    std::string name;
    Unit unit;
    Samples product, floor;

    double ratio(double part) const;
};

struct RunInfo {
    std::string revision;  // of the source; may be empty
    bool shortened = false;
};

std::string table_text(const std::vector<Figure>& figures);
nlohmann::ordered_json report_json(const std::vector<Figure>& figures, const RunInfo& info);

}  // namespace netcut::bench
