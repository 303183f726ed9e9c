// SPDX-License-Identifier: Apache-2.0
#include "study/packer.h"

#include <sched.h>

#include <algorithm>
#include <fstream>
#include <sstream>

namespace netcut {
namespace {

constexpr double least_usable = 0.2, most_usable = 0.75;  // shares of the CPUs
constexpr double usable_memory = 0.8;                     // share of what is free
constexpr double shrink = 0.8, grow = 0.01;               // after a crowded run, and after a good one

}  // namespace

MachineRoom MachineRoom::here() {
    MachineRoom room;
    cpu_set_t cpus;
    CPU_ZERO(&cpus);
    if (::sched_getaffinity(0, sizeof(cpus), &cpus) == 0) room.cpus = CPU_COUNT(&cpus);
    std::ifstream memory("/proc/meminfo");
    for (std::string line; std::getline(memory, line);) {
        std::istringstream words(line);
        std::string name;
        double kibibytes = 0;
        if (words >> name >> kibibytes && name == "MemAvailable:") room.memory_bytes = kibibytes * 1024;
    }
    return room;
}

void Packer::learn(const StudyRow& row) {
    usable_ = row.machine == MachineWord::crowded ? std::max(least_usable, usable_ * shrink)
                                                  : std::min(most_usable, usable_ + grow);
    if (!row.cpu_s || !row.duration_s || *row.duration_s <= 0) return;
    Need& need = needs_[row.cell];
    need.cpus = std::max(need.cpus, *row.cpu_s / *row.duration_s);
    need.memory_bytes = std::max(need.memory_bytes, row.memory_bytes.value_or(0));
}

std::optional<Packer::Need> Packer::need_of(const std::string& cell) const {
    if (const auto known = needs_.find(cell); known != needs_.end()) return known->second;
    if (needs_.empty()) return {};
    Need most;
    for (const auto& [other, need] : needs_)
        most = {std::max(most.cpus, need.cpus), std::max(most.memory_bytes, need.memory_bytes)};
    return most;
}

bool Packer::fits(const std::string& cell) const {
    if (jobs_) return under_way_.size() < *jobs_;
    if (under_way_.empty()) return true;
    const auto own = need_of(cell);
    if (!own || under_way_.size() >= most_at_once) return false;  // the first run shows what one needs
    Need sum = *own;
    for (const auto& [key, other] : under_way_) {
        const Need need = need_of(other).value_or(*own);
        sum.cpus += need.cpus;
        sum.memory_bytes += need.memory_bytes;
    }
    return sum.cpus <= room_.cpus * usable_ &&
           (room_.memory_bytes <= 0 || sum.memory_bytes <= room_.memory_bytes * usable_memory);
}

void Packer::add(const std::string& key, const std::string& cell) {
    under_way_[key] = cell;
}

void Packer::remove(const std::string& key) {
    under_way_.erase(key);
}

}  // namespace netcut
