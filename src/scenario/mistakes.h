// SPDX-License-Identifier: Apache-2.0
//
// All that is wrong with a scenario, as far as that can be said without running it.
#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "base/error.h"
#include "scenario/scenario.h"

namespace netcut {

// What reading a text has come to.
struct Reading {
    std::vector<Error> errors;
    // What of the scenario is not as the text says: keys, and entries of lists from 0, "fabric", "faults/2"; "*" is all of it.
    std::set<std::string> misread;
    std::map<std::string, Place> places;  // of keys, "fabric.mtu"; the whole is ""

    bool is_misread(const std::string& part) const { return misread.contains("*") || misread.contains(part); }
    // The key's, or that of the nearest mapping around it which is there.
    Place place_of(std::string key) const;
};

// As read_yaml, but reads on after an error.
Reading read_all(Scenario& scenario, const std::string& text, const std::string& file);

// Collects errors until there are enough.
class Mistakes {
  public:
    static constexpr std::size_t enough = 100;
    explicit Mistakes(std::size_t most = enough) : most_(most) {}

    bool full() const { return found_.size() >= most_; }
    // An error that does not say where it is gets this place. Whether there was none.
    bool add(const Result<void>& tried, const Place& place = {});
    const std::vector<Error>& found() const { return found_; }

  private:
    std::size_t most_;
    std::vector<Error> found_;
};

// As check(), but looks on after an error, at whatever was read well.
void find_mistakes(Scenario& scenario, const Reading& reading, Mistakes& mistakes);

}  // namespace netcut
