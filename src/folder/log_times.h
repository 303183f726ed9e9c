// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

#include "base/error.h"
#include "base/io.h"
#include "base/time.h"

namespace netcut {

// Notes in logs/times.csv when what the nodes print came, so that a reader can put the outputs of a node into one
// order and beside the events of the run. A row is a piece of one output: "t_us,node,stream,bytes", where t_us is
// the time in the run when the piece's first byte was read. Pieces of one output that follow each other within a
// millisecond are one row. Not thread-safe.
class LogTimes {
  public:
    explicit LogTimes(Fd file);
    // Writes what there is once a second, or when it is much. An error is told once; nothing is written after it.
    Result<void> take(Nanoseconds t, const std::string& node, std::string_view stream, std::size_t bytes);
    Result<void> flush();

  private:
    void end_row();

    Fd file_;
    std::string rows_;
    Nanoseconds written_{0};
    struct Row {
        Nanoseconds t{0};
        std::string node, stream;
        std::size_t bytes = 0;
    } row_;
};

}  // namespace netcut
