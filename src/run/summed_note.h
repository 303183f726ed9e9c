// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "netcut/run.h"

namespace netcut {

// What may happen with every packet, in two lines of the journal at most: one for the first time, as it happens,
// and one at the end with the sum, if there was more. `count`: the name of the sum in `details`.
class SummedNote {
  public:
    SummedNote(std::string event, std::string fault, std::string count)
        : event_(std::move(event)), fault_(std::move(fault)), count_(std::move(count)) {}

    // `details`: what else is to be said; the end's are those of the last time.
    void add(Journal& journal, std::uint64_t amount, Json details = Json::object());
    void finish(Journal& journal);

  private:
    void write(Journal& journal);

    std::string event_, fault_, count_;
    Json details_;
    std::uint64_t sum_ = 0, times_ = 0;
};

}  // namespace netcut
