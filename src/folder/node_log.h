// SPDX-License-Identifier: Apache-2.0
//
// What a node printed and logged, all its outputs in the order in which they came.
#pragma once

#include <array>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "base/time.h"
#include "folder/folder.h"

namespace netcut {

// The endings of the files in logs/ that belong to a node.
constexpr std::array<const char*, 6> log_streams = {"out", "err", "log", "log2", "log3", "syslog"};

struct LogLine {
    std::size_t number = 0;  // of the node's lines, from 0
    Nanoseconds t{-1};       // when it began to come; -1: not known
    const char* stream = "out";
    std::string text;  // its beginning, UTF-8
};

// logs/times.csv: by node the pieces of its outputs. Empty for a run of before there was such a file.
class LogPieces {
  public:
    static LogPieces read(const RunFolder& folder);

    struct Piece {
        Nanoseconds t;
        const char* stream;
        std::size_t bytes;
    };
    const std::vector<Piece>& of(const std::string& node) const;

  private:
    std::map<std::string, std::vector<Piece>, std::less<>> by_node_;
};

// Reads at most 256 MiB of each file. What times.csv does not have comes last, without a time. Returns how many
// lines there were.
std::size_t read_node_log(const RunFolder& folder, const LogPieces& pieces, const std::string& node,
                          const std::function<void(LogLine line)>& each);

}  // namespace netcut
