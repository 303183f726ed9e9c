// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "record/journal.h"

namespace netcut {

// What may happen with every packet, in two lines of the journal at most: one for the first time, as it happens,
// and one at the end with the sum, if there was more.
template <typename What>
class SummedNote {
  public:
    // `sum`: where in the event the sum is.
    SummedNote(std::uint64_t What::*sum, std::string fault) : member_(sum), fault_(std::move(fault)) {}

    // `what`: what else is to be said; the end's are those of the last time.
    void add(Journal& journal, std::uint64_t amount, What what = {}) {
        sum_ += amount;
        what_ = std::move(what);
        if (++times_ == 1) write(journal);
    }
    void finish(Journal& journal) {
        if (std::exchange(times_, 0) > 1) write(journal);
    }

  private:
    void write(Journal& journal) {
        what_.*member_ = sum_;
        journal.add(what_, {.fault = fault_});
    }

    std::uint64_t What::*member_;
    std::string fault_;
    What what_;
    std::uint64_t sum_ = 0, times_ = 0;
};

}  // namespace netcut
