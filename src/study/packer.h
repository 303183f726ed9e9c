// SPDX-License-Identifier: Apache-2.0
//
// How many runs fit on this machine beside each other, so that the load of one is not the fault of another. Pure.
#pragma once

#include <cstddef>
#include <map>
#include <optional>
#include <string>

#include "study/row.h"

namespace netcut {

// What runs may use of a machine.
struct MachineRoom {
    double cpus = 1;
    double memory_bytes = 0;  // 0: not known

    // What this process may use now: its CPUs, and MemAvailable of /proc/meminfo.
    static MachineRoom here();
};

class Packer {
  public:
    // `jobs`: so many at once, whatever they need; none: as many as fit by what runs of their cells have used before.
    Packer(MachineRoom room, std::optional<unsigned> jobs) : room_(room), jobs_(jobs) {}

    // Learns what a run of its cell needs, and from crowded runs that less fits.
    void learn(const StudyRow& row);
    bool fits(const std::string& cell) const;
    void add(const std::string& key, const std::string& cell);
    void remove(const std::string& key);
    std::size_t under_way() const { return under_way_.size(); }

    static constexpr unsigned most_at_once = 64;

  private:
    struct Need {
        double cpus = 0, memory_bytes = 0;
    };
    // Of the cell if it is known, else the largest of the others; none: nothing is known yet.
    std::optional<Need> need_of(const std::string& cell) const;

    MachineRoom room_;
    std::optional<unsigned> jobs_;
    double usable_ = 0.75;  // share of the CPUs
    std::map<std::string, Need> needs_;
    std::map<std::string, std::string> under_way_;  // key and cell
};

}  // namespace netcut
